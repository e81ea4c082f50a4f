/** Keeps the snapshot up to date (protocol.md, PR-15): follows the stream, and polls while the stream fails. */

import { Acknowledger } from './acknowledge.js';
import { reconnectDelay, refusedDelay, requestedDelay } from './backoff.js';
import type { CachingEvaluator } from './caching-evaluator.js';
import { type Clock, sleep } from './clock.js';
import type { SnapshotUpdate } from './evaluator.js';
import { Poller } from './poll.js';
import { followStream, type StreamEnd } from './stream.js';
import { TIMING } from './timing.js';
import type { ServerConnection } from './transport.js';

export interface SyncListener {
  /** The snapshot is up to date; `update` is given if it was replaced. */
  current(update: SnapshotUpdate | undefined): void;
  /** The snapshot may be stale, and why; `isRefused` if the server refuses the client. */
  unreachable(reason: string, isRefused: boolean): void;
}

/** Keeps the snapshot up to date. */
export interface Follower {
  /** Starts, once. */
  start(): void;
  /** Ends all connections and timers; the listener is not called any more. */
  stop(): void;
  /** A flag is read. */
  read?(): void;
  /** Resolves when the requests under way have ended; never rejects. */
  settle?(): Promise<void>;
}

/** Follows the stream, and polls while it fails. */
export class Sync implements Follower {
  readonly #server: ServerConnection;
  readonly #evaluator: CachingEvaluator;
  readonly #clock: Clock;
  readonly #listener: SyncListener;
  readonly #poller: Poller;
  readonly #acknowledger: Acknowledger;
  readonly #stopped = new AbortController();
  /** Consecutive failures of the stream. */
  #failures = 0;
  /** Failures since the stream was last healthy, by which delays grow. */
  #attempts = 0;
  #retryBase: number = TIMING.reconnectBase;
  /** Since when the stream is up; `undefined` while it is not. */
  #upSince: number | undefined;
  /** Whether a poll has succeeded since the stream ended. */
  #isPolled = false;

  constructor(server: ServerConnection, evaluator: CachingEvaluator, clock: Clock, listener: SyncListener) {
    this.#server = server;
    this.#evaluator = evaluator;
    this.#clock = clock;
    this.#listener = listener;
    this.#acknowledger = new Acknowledger(server, clock);
    this.#poller = new Poller(server, evaluator, clock, {
      current: (update) => {
        this.#isPolled = true;
        listener.current(update);
      },
      failed: (reason, isRefused) => {
        this.#isPolled = false;
        listener.unreachable(reason, isRefused);
      },
    });
  }

  static create(
    this: void,
    server: ServerConnection,
    evaluator: CachingEvaluator,
    clock: Clock,
    listener: SyncListener,
  ): Sync {
    return new Sync(server, evaluator, clock, listener);
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
    this.#poller.stop();
    this.#acknowledger.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const end = await followStream(
        this.#server,
        this.#evaluator,
        this.#clock,
        {
          opened: () => this.#poller.stop(),
          retry: (delay) => {
            this.#retryBase = delay;
          },
          current: (update) => this.#markUp(update),
        },
        signal,
      );
      if (!signal.aborted) {
        await sleep(this.#clock, this.#markDown(end), signal);
      }
    }
  }

  #markUp(update: SnapshotUpdate | undefined): void {
    this.#upSince ??= this.#clock.now();
    this.#failures = 0;
    this.#isPolled = false;
    this.#poller.dropEtag();
    this.#acknowledger.acknowledge(this.#evaluator.cursor());
    this.#listener.current(update);
  }

  /** Handles the end of a connection; returns the delay before the next one. */
  #markDown({ kind, reason, requested }: StreamEnd): number {
    if (this.#upSince !== undefined && this.#clock.now() - this.#upSince >= TIMING.healthyAfter) {
      this.#attempts = 0;
    }
    const wasUp = this.#upSince !== undefined;
    this.#upSince = undefined;
    const random = this.#clock.random();
    if (kind === 'goodbye' && wasUp) {
      return requested === undefined ? reconnectDelay(1, random, this.#retryBase) : requestedDelay(requested, random);
    }
    this.#failures += 1;
    this.#attempts += 1;
    // The first reconnection mostly succeeds within a second, so the status stays.
    if (!wasUp && !this.#isPolled) {
      this.#listener.unreachable(reason, kind === 'refused');
    }
    if (this.#failures >= TIMING.pollAfterFailures) {
      this.#poller.start();
    }
    const delay = kind === 'refused' ? refusedDelay(random) : reconnectDelay(this.#attempts, random, this.#retryBase);
    return requested === undefined ? delay : Math.max(delay, requestedDelay(requested, random));
  }
}
