/** Requests values: when asked to, when a change was announced, and again after a failure. */

import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';
import { type Failure, toFailure } from './http.js';
import { after, retryDelay } from './timing.js';
import type { ValuesListener } from './values.js';

/** The values; nothing if those that the client has are current. */
export type LoadResult = { flags: readonly EvaluatedFlag[] | undefined; etag?: string | undefined } | Failure;

export interface Loader {
  /** Requests values from now on, until {@link stop}. */
  start(): void;
  stop(): void;
  /** Drops the request under way. */
  drop(): void;
  /** Requests the values, unless that is under way; never rejects. */
  load(): Promise<void>;
  /** Like {@link load}, after failures too, and with short delays if that fails. */
  reload(): Promise<void>;
  /** The server has announced a change: requests the values, and once more if that is under way. */
  announce(): void;
  /** Whether the last request has failed. */
  hasFailed(): boolean;
}

/** `send` has this many milliseconds for a request; what it throws is a failure. */
export function createLoader(
  send: (signal: AbortSignal) => Promise<LoadResult>,
  listener: Pick<ValuesListener, 'current' | 'failed'>,
  timeout: number,
): Loader {
  /** The request under way. The response to one that was dropped is ignored. */
  let request: AbortController | undefined;
  /** A change was announced while a request was under way, which may have been answered before it. */
  let isOutdated = false;
  let isRunning = false;
  /** In a row. */
  let failures = 0;
  let cancelRetry = () => {};

  const drop = () => {
    request?.abort();
    request = undefined;
  };
  const load = async (): Promise<void> => {
    if (!isRunning || request) {
      return;
    }
    cancelRetry();
    isOutdated = false;
    const own = new AbortController();
    const { signal } = own;
    request = own;
    const cancel = after(timeout, () => own.abort());
    const result = await send(signal).catch((error) =>
      toFailure(signal.aborted ? 'the server did not respond in time' : String(error)),
    );
    cancel();
    if (request !== own) {
      return;
    }
    request = undefined;
    if ('reason' in result) {
      failures += 1;
      cancelRetry = after(retryDelay(failures, result.isRefused, result.requested), load);
      listener.failed(result);
      return;
    }
    failures = 0;
    listener.current(result.flags, result.etag);
    if (isOutdated) {
      await load();
    }
  };
  const reload = () => {
    failures = 0;
    return load();
  };
  return {
    start() {
      isRunning = true;
      void reload();
    },
    stop() {
      isRunning = false;
      cancelRetry();
      drop();
    },
    drop,
    load,
    reload,
    announce() {
      isOutdated = true;
      void load();
    },
    hasFailed: () => failures > 0,
  };
}
