/**
 * One stream for all tabs of a browser, for the client that evaluates in the page. The tab that holds a lock follows the stream, as every client
 * does; it tells the others when something has changed, and they request the snapshot, which ends at once. See remote/shared.ts.
 */

import type { CachingEvaluator } from '../../sdk-js/src/caching-evaluator.js';
import type { Clock } from '../../sdk-js/src/clock.js';
import { Poller } from '../../sdk-js/src/poll.js';
import { type Follower, Sync, type SyncListener } from '../../sdk-js/src/sync.js';
import type { ServerConnection } from '../../sdk-js/src/transport.js';
import { watchPage } from './remote/page.js';

export class TabFollower implements Follower {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #poller: Poller;
  readonly #startSync: (tell: () => void) => Sync;
  #stopWatching = () => {};
  #running: AbortController | undefined;
  /** Ends the requests of the snapshot: this tab leaves, or has the stream. */
  #polling: AbortController | undefined;
  /** The requests, one after the other, so that an old response never replaces a newer one. */
  #polls: Promise<unknown> = Promise.resolve();
  /** Whether a request waits for the one before it. */
  #isWaiting = false;

  /** `name` is that of the lock and of the channel: the same for all clients of one server and key. */
  constructor(
    name: string,
    server: ServerConnection,
    evaluator: CachingEvaluator,
    clock: Clock,
    listener: SyncListener,
  ) {
    this.#name = name;
    this.#clock = clock;
    this.#poller = new Poller(server, evaluator, clock, {
      current: (update) => listener.current(update),
      failed: (reason, isRefused) => listener.unreachable(reason, isRefused),
    });
    this.#startSync = (tell) => {
      const sync = new Sync(server, evaluator, clock, {
        current: (update) => {
          listener.current(update);
          tell();
        },
        unreachable: (reason, isRefused) => {
          listener.unreachable(reason, isRefused);
          tell();
        },
      });
      sync.start();
      return sync;
    };
  }

  start(): void {
    this.#stopWatching = watchPage({
      suspended: () => this.#leave(),
      resumed: () => this.#join(),
      focused: () => {},
      offline: () => {},
    });
    this.#join();
  }

  stop(): void {
    this.#stopWatching();
    this.#leave();
  }

  #join(): void {
    this.#leave();
    this.#running = new AbortController();
    this.#polling = new AbortController();
    const { signal } = this.#running;
    const lead = (tell: () => void) => {
      this.#polling?.abort();
      const sync = this.#startSync(tell);
      return new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          sync.stop();
          resolve();
        });
      });
    };
    void this.#takeTurns(signal, lead);
  }

  #leave(): void {
    this.#running?.abort();
    this.#polling?.abort();
  }

  async #takeTurns(signal: AbortSignal, lead: (tell: () => void) => Promise<void>): Promise<void> {
    try {
      const channel = new BroadcastChannel(this.#name);
      signal.addEventListener('abort', () => channel.close());
      channel.onmessage = () => this.#poll();
      const tell = () => signal.aborted || channel.postMessage(null);
      const follow = () => lead(tell);
      // The first tab needs no snapshot beside the stream.
      await navigator.locks.request(this.#name, { ifAvailable: true }, (lock) => lock && follow());
      if (!signal.aborted) {
        this.#poll();
        await navigator.locks.request(this.#name, { signal }, follow);
      }
    } catch {
      // Without locks, as on an insecure origin, every tab has its own stream.
      if (!signal.aborted) {
        await lead(() => {});
      }
    }
  }

  /** Requests the snapshot, once more than what is under way; again later if that fails. */
  #poll(): void {
    const signal = this.#polling?.signal;
    if (signal === undefined || signal.aborted || this.#isWaiting) {
      return;
    }
    this.#isWaiting = true;
    this.#polls = this.#polls.then(async () => {
      this.#isWaiting = false;
      const { isCurrent, delay } = await this.#poller.poll(signal);
      if (!isCurrent) {
        const cancel = this.#clock.after(delay, () => this.#poll());
        signal.addEventListener('abort', cancel);
      }
    });
  }
}
