/**
 * One stream for all tabs of a browser. A browser opens at most six HTTP/1.1 connections to a server, and a stream uses one
 * of them. So one tab holds a lock and has the stream, and it notifies the others. A tab that is closed or hidden releases the lock, and another
 * tab opens the stream at once.
 */

/** A message from the tab with the stream to the others: the cursor of a state that was announced, or whether the stream could be opened. */
export type Notice = string | boolean;

/**
 * Takes part in the shared stream until the returned function is called. `name` is the name of the lock and of the channel. `lead` keeps the stream open
 * until its signal is aborted, and sends messages to the other tabs; it never rejects. `hear` is called with the messages of another tab.
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
