/** Polls the snapshot (protocol.md §3) while the stream fails. */

import { jittered, parseRetryAfter, refusedDelay, requestedDelay } from './backoff.js';
import type { CachingEvaluator } from './caching-evaluator.js';
import { type Clock, sleep } from './clock.js';
import { errorMessage } from './errors.js';
import type { SnapshotUpdate } from './evaluator.js';
import { readRejection } from './rejection.js';
import { request } from './requests.js';
import { withAbort } from './stream.js';
import { TIMING } from './timing.js';
import type { ServerConnection } from './transport.js';

export interface PollListener {
  /** The snapshot is up to date; `update` is given if it was replaced. */
  current(update: SnapshotUpdate | undefined): void;
  /** A poll failed; `isRefused` if the server refuses the client. */
  failed(reason: string, isRefused: boolean): void;
}

/** How a poll ended. */
export interface PollEnd {
  /** Whether the snapshot is up to date. */
  isCurrent: boolean;
  /** Whether the server refuses the client. */
  isRefused: boolean;
  /** The delay before the next poll. */
  delay: number;
}

/** The total timeout of a poll, since a document may be long. */
const POLL_TIMEOUT_MS = 6 * TIMING.connectTimeout;

export class Poller {
  readonly #server: ServerConnection;
  readonly #evaluator: CachingEvaluator;
  readonly #clock: Clock;
  readonly #listener: PollListener;
  #running: AbortController | undefined;
  #etag: string | undefined;
  readonly #interval: number;

  /** `interval` is the mean time between polls. */
  constructor(
    server: ServerConnection,
    evaluator: CachingEvaluator,
    clock: Clock,
    listener: PollListener,
    interval: number = TIMING.pollInterval,
  ) {
    this.#server = server;
    this.#evaluator = evaluator;
    this.#clock = clock;
    this.#listener = listener;
    this.#interval = interval;
  }

  /** Polls once now, and then regularly, until {@link stop}. Does nothing if it is running. */
  start(): void {
    if (this.#running === undefined) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    }
  }

  /** Stops; a response that is still expected is not applied. */
  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Drops the entity tag of the last poll, since the stream has brought a newer state. */
  dropEtag(): void {
    this.#etag = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { delay } = await this.poll(signal);
      await sleep(this.#clock, delay, signal);
    }
  }

  /** One poll. Never rejects. */
  async poll(signal: AbortSignal): Promise<PollEnd> {
    const attempt = new AbortController();
    let isCurrent = false;
    const abort = () => attempt.abort();
    signal.addEventListener('abort', abort);
    const disarm = this.#clock.after(POLL_TIMEOUT_MS, abort);
    try {
      const cursor = this.#evaluator.cursor();
      const etag = cursor ? `"${cursor}"` : this.#etag;
      const headers = { accept: 'application/json', ...(etag ? { 'if-none-match': etag } : {}) };
      const response = await withAbort(request(this.#server, 'snapshot', headers, attempt.signal), attempt.signal);
      if (response.status === 304) {
        isCurrent = true;
        this.#listener.current(undefined);
      } else if (response.status === 200) {
        const update = this.#evaluator.load(await withAbort(response.text(), attempt.signal));
        this.#etag = response.headers.get('etag') ?? undefined;
        isCurrent = true;
        this.#listener.current(update);
      } else {
        const requested = parseRetryAfter(response.headers.get('retry-after'), this.#clock.now());
        const { reason, isRefused } = await withAbort(readRejection(response), attempt.signal);
        this.#listener.failed(reason, isRefused);
        const random = this.#clock.random();
        const delay = Math.max(this.#delay(random), requestedDelay(requested ?? 0, random));
        return { isCurrent: false, isRefused, delay: isRefused ? refusedDelay(random) : delay };
      }
    } catch (error) {
      if (!signal.aborted) {
        const reason = attempt.signal.aborted ? 'the server did not respond in time' : errorMessage(error);
        this.#listener.failed(reason, false);
      }
    } finally {
      disarm();
      signal.removeEventListener('abort', abort);
      abort();
    }
    return { isCurrent, isRefused: false, delay: this.#delay(this.#clock.random()) };
  }

  #delay(random: number): number {
    return jittered(this.#interval, TIMING.pollJitter, random);
  }
}
