/**
 * One stream for all tabs of a browser. An HTTP/1.1 server gets at most six connections from all of them together, and a stream takes one
 * for as long as it lasts. So the tabs agree by a lock on the one that has the stream, and it tells the others. A tab that is
 * closed or hidden releases the lock, and the next one opens the stream at once.
 */

/** What the tab with the stream tells the others: the cursor of a state that was announced, or whether the stream could be opened. */
export type Notice = string | boolean;

/**
 * Takes part, until the function that is returned is called. `name` is that of the lock and of the channel. `lead` has the stream until its signal is
 * aborted, and tells the other tabs until then; it never rejects. `hear` is called with what another tab tells.
 */
export function share(
  name: string,
  lead: (tell: (notice: Notice) => void, signal: AbortSignal) => Promise<void>,
  hear: (notice: Notice) => void,
): () => void {
  const running = new AbortController();
  const { signal } = running;
  const leadAlone = () => lead(() => {}, signal);
  try {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }: MessageEvent<Notice>) => hear(data);
    signal.addEventListener('abort', () => channel.close());
    navigator.locks
      .request(name, { signal }, () => lead((notice) => channel.postMessage(notice), signal))
      // Aborted, or forbidden to this page.
      .catch((): unknown => signal.aborted || leadAlone());
  } catch {
    // Insecure origins have no locks: there every tab has its own stream.
    void leadAlone();
  }
  return () => running.abort();
}
