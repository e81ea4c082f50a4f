/** Polling the snapshot (protocol.md §3) while the stream fails. */

import { deniedDelay, parseRetryAfter, pollDelay, requestedDelay } from './backoff.js';
import { type Clock, sleep } from './clock.js';
import type { Engine } from './engine.js';
import type { Commit } from './evaluator.js';
import { describe, HEAD_MS, withAbort } from './stream.js';
import { isDenial, type Remote, request } from './transport.js';

export interface PollListener {
  /** The snapshot is up to date, by this commit where there is one. */
  current(commit: Commit | undefined): void;
  /** A poll failed; `denied` where only a person can mend it. */
  failed(reason: string, denied: boolean): void;
}

/** A body may be long; its head and its text each have this long. */
const BODY_MS = 6 * HEAD_MS;

export class Poller {
  readonly #remote: Remote;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #listener: PollListener;
  #running: AbortController | undefined;
  #etag: string | undefined;

  constructor(remote: Remote, engine: Engine, clock: Clock, listener: PollListener) {
    this.#remote = remote;
    this.#engine = engine;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Polls now and then regularly, until {@link stop}. Does nothing if it runs already. */
  start(): void {
    if (this.#running === undefined) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    }
  }

  /** Stops; an answer still under way is not applied. */
  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** What the stream brings makes the tag of the last poll stale. */
  forget(): void {
    this.#etag = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delay = await this.#poll(signal);
      await sleep(this.#clock, delay, signal);
    }
  }

  /** One poll; returns the delay before the next. Never rejects. */
  async #poll(signal: AbortSignal): Promise<number> {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal.addEventListener('abort', abort);
    const disarm = this.#clock.after(BODY_MS, abort);
    try {
      const cursor = this.#engine.cursor();
      const etag = cursor ? `"${cursor}"` : this.#etag;
      const headers = { accept: 'application/json', ...(etag ? { 'if-none-match': etag } : {}) };
      const response = await withAbort(request(this.#remote, 'snapshot', headers, attempt.signal), attempt.signal);
      if (response.status === 304) {
        this.#listener.current(undefined);
      } else if (response.status === 200) {
        const commit = this.#engine.load(await withAbort(response.text(), attempt.signal));
        this.#etag = response.headers.get('etag') ?? undefined;
        this.#listener.current(commit);
      } else {
        const denied = isDenial(response.status);
        this.#listener.failed(`the server answered ${response.status}`, denied);
        const requested = parseRetryAfter(response.headers.get('retry-after'), this.#clock.now());
        const random = this.#clock.random();
        return denied ? deniedDelay(random) : Math.max(pollDelay(random), requestedDelay(requested ?? 0, random));
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#listener.failed(attempt.signal.aborted ? 'no answer' : describe(error), false);
      }
    } finally {
      disarm();
      signal.removeEventListener('abort', abort);
      abort();
    }
    return pollDelay(this.#clock.random());
  }
}
