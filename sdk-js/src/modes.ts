/** Keeping the snapshot up to date without a stream. */

import { reconnectDelay } from './backoff.js';
import type { CachingEvaluator } from './caching-evaluator.js';
import { type Clock, sleep } from './clock.js';
import { Poller } from './poll.js';
import type { Follower, SyncListener } from './sync.js';
import { TIMING } from './timing.js';
import type { ServerConnection } from './transport.js';

/** Polls the snapshot regularly; after a failure it polls again earlier, with the delays of a stream's reconnection. */
export class PollSync implements Follower {
  readonly #clock: Clock;
  readonly #poller: Poller;
  readonly #stopped = new AbortController();

  constructor(
    interval: number = TIMING.pollInterval,
    server: ServerConnection,
    evaluator: CachingEvaluator,
    clock: Clock,
    listener: SyncListener,
  ) {
    this.#clock = clock;
    this.#poller = new Poller(server, evaluator, clock, toPollListener(listener), interval);
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    let failures = 0;
    while (!signal.aborted) {
      const { isCurrent, isRefused, delay } = await this.#poller.poll(signal);
      failures = isCurrent ? 0 : failures + 1;
      const isEarly = failures > 0 && !isRefused;
      await sleep(
        this.#clock,
        isEarly ? Math.min(delay, reconnectDelay(failures, this.#clock.random())) : delay,
        signal,
      );
    }
  }
}

/** After a failed poll, the mode {@link OnDemand} polls again no earlier than this. */
const RETRY_MS = TIMING.reconnectBase;

/**
 * Polls when a flag is read and the flags are older than the interval: for a function that is stopped between its calls, where timers do not run and
 * a stream does not survive. The read itself returns the old flags.
 */
export class OnDemand implements Follower {
  readonly #interval: number;
  readonly #clock: Clock;
  readonly #poller: Poller;
  #nextAt = Number.NEGATIVE_INFINITY;
  #polling: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  constructor(
    interval: number = TIMING.pollInterval,
    server: ServerConnection,
    evaluator: CachingEvaluator,
    clock: Clock,
    listener: SyncListener,
  ) {
    this.#interval = interval;
    this.#clock = clock;
    this.#poller = new Poller(server, evaluator, clock, toPollListener(listener), interval);
  }

  start(): void {
    this.read();
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** A flag is read: polls if the flags are old and no poll is under way. */
  read(): void {
    if (this.#polling === undefined && !this.#stopped.signal.aborted && this.#clock.now() >= this.#nextAt) {
      this.#polling = this.#poll();
    }
  }

  async settle(): Promise<void> {
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { isCurrent, isRefused, delay } = await this.#poller.poll(this.#stopped.signal);
    const pause = isCurrent ? this.#interval : isRefused ? delay : RETRY_MS;
    this.#nextAt = this.#clock.now() + pause;
    this.#polling = undefined;
  }
}

function toPollListener(listener: SyncListener) {
  return {
    current: listener.current,
    failed: listener.unreachable,
  };
}

/** If a poll has not ended after this time, the platform has ended the request that it belonged to. */
const ABANDONED_MS = TIMING.connectTimeout;

/**
 * Like {@link OnDemand}, for platforms on which a request must not use an object of another request: each request without flags polls by
 * itself, and a poll that does not end is ignored.
 */
export class OnRequest implements Follower {
  readonly #ttl: number;
  readonly #clock: Clock;
  readonly #poller: Poller;
  #nextAt = Number.NEGATIVE_INFINITY;
  #hasFlags = false;
  #isStopped = false;
  /** The polls in progress, and when the last one began. */
  readonly #polls = new Set<Promise<void>>();
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(
    ttl: number,
    server: ServerConnection,
    evaluator: CachingEvaluator,
    clock: Clock,
    listener: SyncListener,
  ) {
    this.#ttl = ttl;
    this.#clock = clock;
    this.#poller = new Poller(server, evaluator, clock, {
      current: (update) => {
        this.#hasFlags = true;
        listener.current(update);
      },
      failed: listener.unreachable,
    });
  }

  /** The first request polls by {@link read}. */
  start(): void {}

  stop(): void {
    this.#isStopped = true;
  }

  /** A flag is read: polls if the flags are old. */
  read(): void {
    const now = this.#clock.now();
    const isUnderWay = this.#polls.size > 0 && now < this.#begunAt + ABANDONED_MS;
    if (!this.#isStopped && now >= this.#nextAt && !isUnderWay) {
      void this.#begin(now);
    }
  }

  /**
   * A request begins. If there are no flags it polls, even if another request is polling, and resolves when the poll has ended. Soon after a failure it
   * does not poll.
   */
  async begin(): Promise<void> {
    const now = this.#clock.now();
    if (this.#hasFlags) {
      this.read();
    } else if (!this.#isStopped && now >= this.#nextAt) {
      await this.#begin(now);
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#polls);
  }

  #begin(now: number): Promise<void> {
    if (now >= this.#begunAt + ABANDONED_MS) {
      this.#polls.clear();
    }
    this.#begunAt = now;
    const poll = this.#poll().finally(() => this.#polls.delete(poll));
    this.#polls.add(poll);
    return poll;
  }

  async #poll(): Promise<void> {
    const { isCurrent, isRefused, delay } = await this.#poller.poll(new AbortController().signal);
    const pause = isCurrent ? this.#ttl : isRefused ? delay : RETRY_MS;
    this.#nextAt = this.#clock.now() + pause;
  }
}
