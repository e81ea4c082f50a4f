/** Waiting for a state, or for something to be sent, with a limit. */

import type { Clock } from './clock.js';
import type { Readiness, ReadyOptions } from './types.js';

const READY_TIMEOUT_MS = 5_000;

/** The calls of `ready` that wait. */
export class ReadyCalls {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves with what `settled` returns as soon as it returns something, or after the time with what `late` returns. `settled` is called again at each
   * {@link check}.
   */
  wait(
    { timeoutMs = READY_TIMEOUT_MS, signal }: ReadyOptions,
    settled: () => Readiness | undefined,
    late: () => Readiness,
  ): Promise<Readiness> {
    return new Promise((resolve) => {
      const check = () => {
        const readiness = settled();
        if (readiness !== undefined) {
          finish(readiness);
        }
      };
      const timeOut = () => finish(settled() ?? late());
      // The timer keeps the process running, since the caller awaits the result.
      const cancel = this.#clock.after(timeoutMs, timeOut, true);
      const finish = (readiness: Readiness) => {
        cancel();
        signal?.removeEventListener('abort', timeOut);
        this.#waiting.delete(check);
        resolve(readiness);
      };
      this.#waiting.add(check);
      signal?.addEventListener('abort', timeOut, { once: true });
      if (signal?.aborted) {
        timeOut();
      } else {
        check();
      }
    });
  }

  /** The state has changed. */
  check(): void {
    for (const check of [...this.#waiting]) {
      check();
    }
  }
}

/** The result of `work`, or `false` after `timeoutMs`. The process keeps running meanwhile, since the caller awaits the result. */
export function within(clock: Clock, timeoutMs: number, work: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(timeoutMs, () => resolve(false), true);
    void work.then((result) => {
      cancel();
      resolve(result);
    });
  });
}
