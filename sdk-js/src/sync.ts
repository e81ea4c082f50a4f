/** Keeps an engine's snapshot fresh (protocol.md, PR-15): the stream, for ever, and polling while the stream fails. */

import { Acknowledger } from './acknowledge.js';
import {
  deniedDelay,
  FAILURES_BEFORE_POLLING,
  FIRST_DELAY_MS,
  HEALTHY_AFTER_MS,
  reconnectDelay,
  requestedDelay,
} from './backoff.js';
import { type Clock, sleep } from './clock.js';
import type { Engine } from './engine.js';
import type { Commit } from './evaluator.js';
import { Poller } from './poll.js';
import { type Ending, followStream } from './stream.js';
import type { Remote } from './transport.js';

export interface SyncListener {
  /** The snapshot is what the server has, by this commit where there is one. */
  current(commit: Commit | undefined): void;
  /** The snapshot may be out of date, and why; `denied` where only a person can mend it. */
  outdated(reason: string, denied: boolean): void;
}

export class Sync {
  readonly #remote: Remote;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #listener: SyncListener;
  readonly #poller: Poller;
  readonly #acknowledger: Acknowledger;
  readonly #stopped = new AbortController();
  #failures = 0;
  #firstDelay = FIRST_DELAY_MS;
  /** When the stream last became current in this connection; `undefined` while it is not. */
  #liveSince: number | undefined;
  /** Whether a poll has confirmed the snapshot since the stream was lost. */
  #isPolled = false;

  constructor(remote: Remote, engine: Engine, clock: Clock, listener: SyncListener) {
    this.#remote = remote;
    this.#engine = engine;
    this.#clock = clock;
    this.#listener = listener;
    this.#acknowledger = new Acknowledger(remote, clock);
    this.#poller = new Poller(remote, engine, clock, {
      current: (commit) => {
        this.#isPolled = true;
        listener.current(commit);
      },
      failed: (reason, denied) => {
        this.#isPolled = false;
        listener.outdated(reason, denied);
      },
    });
  }

  /** Starts, once. */
  start(): void {
    void this.#run();
  }

  /** Ends every connection and timer; nothing is reported after it. */
  stop(): void {
    this.#stopped.abort();
    this.#poller.stop();
    this.#acknowledger.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const ending = await followStream(
        this.#remote,
        this.#engine,
        this.#clock,
        {
          opened: () => this.#poller.stop(),
          retry: (delay) => {
            this.#firstDelay = delay;
          },
          current: (commit) => this.#streamed(commit),
        },
        signal,
      );
      if (!signal.aborted) {
        await sleep(this.#clock, this.#ended(ending), signal);
      }
    }
  }

  #streamed(commit: Commit | undefined): void {
    this.#liveSince ??= this.#clock.now();
    this.#isPolled = false;
    this.#poller.forget();
    this.#acknowledger.inUse(this.#engine.cursor());
    this.#listener.current(commit);
  }

  /** Takes note of an ending; returns the delay before the next connection. */
  #ended({ kind, reason, requested }: Ending): number {
    if (this.#liveSince !== undefined && this.#clock.now() - this.#liveSince >= HEALTHY_AFTER_MS) {
      this.#failures = 0;
    }
    const wasLive = this.#liveSince !== undefined;
    this.#liveSince = undefined;
    const random = this.#clock.random();
    if (kind === 'goodbye' && wasLive) {
      // The server goes in good order and names its hour: the snapshot is as fresh as it was a moment ago.
      return requested === undefined ? reconnectDelay(1, random, this.#firstDelay) : requestedDelay(requested, random);
    }
    this.#failures += 1;
    if (!this.#isPolled) {
      this.#listener.outdated(reason, kind === 'denied');
    }
    if (this.#failures >= FAILURES_BEFORE_POLLING) {
      this.#poller.start();
    }
    const delay = kind === 'denied' ? deniedDelay(random) : reconnectDelay(this.#failures, random, this.#firstDelay);
    return requested === undefined ? delay : Math.max(delay, requestedDelay(requested, random));
  }
}
