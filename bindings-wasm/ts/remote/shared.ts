/**
 * One stream for all tabs of a browser. An HTTP/1.1 server gets at most six connections from all of them together, and a stream takes one
 * for as long as it lasts. So the tabs agree by a lock on the one that has the stream, and it passes the announcements on. A tab that is
 * closed or hidden releases the lock, and the next one opens the stream at once.
 */

import type { ServerConnection } from '../../../sdk-js/src/transport.js';
import { followNotices, type Notice } from './notices.js';

export class SharedStream {
  readonly #name: string;
  readonly #server: ServerConnection;
  readonly #hear: (notice: Notice) => void;
  #running: AbortController | undefined;
  /** The state that was announced last, to this tab or to another one. */
  #cursor: string | undefined;

  /** `name` is that of the lock and of the channel: the same for all clients of one server and key. */
  constructor(name: string, server: ServerConnection, hear: (notice: Notice) => void) {
    this.#name = name;
    this.#server = server;
    this.#hear = (notice) => {
      this.#cursor = typeof notice === 'string' ? notice : this.#cursor;
      hear(notice);
    };
  }

  /** Takes part, until {@link stop}. */
  start(): void {
    this.stop();
    this.#running = new AbortController();
    const { signal } = this.#running;
    const follow = (tell: (notice: Notice) => void) =>
      followNotices(
        this.#server,
        (notice) => {
          this.#hear(notice);
          tell(notice);
        },
        signal,
        this.#cursor,
      );
    try {
      const channel = new BroadcastChannel(this.#name);
      channel.onmessage = ({ data }: MessageEvent<Notice>) => this.#hear(data);
      signal.addEventListener('abort', () => channel.close());
      navigator.locks
        .request(this.#name, { signal }, () => follow((notice) => channel.postMessage(notice)))
        // Aborted, or forbidden to this page.
        .catch(() => (signal.aborted ? undefined : follow(() => {})));
    } catch {
      // Insecure origins have no locks: there every tab has its own stream.
      void follow(() => {});
    }
  }

  /** Leaves: another tab opens the stream if this one has it. */
  stop(): void {
    this.#running?.abort();
  }
}
