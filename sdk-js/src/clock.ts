/** Time and randomness, as an argument so that tests control both. */

/** Cancels the timer; calling it again does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** A number in [0, 1). */
  random(): number;
  /** Runs `action` once, `delay` milliseconds from now. A timer does not keep a process running unless `holds` is set. */
  after(delay: number, action: () => void, holds?: boolean): Cancel;
}

/** The longest delay that `setTimeout` supports; a longer one fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(delay, action, holds = false) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (rest: number) => {
      const part = Math.min(Math.max(rest, 0), MAX_TIMEOUT_MS);
      timer = setTimeout(() => (rest > part ? arm(rest - part) : action()), part);
      if (!holds) {
        unref(timer);
      }
    };
    arm(Number.isNaN(delay) ? 0 : delay);
    return () => clearTimeout(timer);
  },
};

/** Lets a process end while the timer runs; in a browser a timer is a number, and nothing has to be done. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref();
  }
}

/** Resolves after `delay` milliseconds, or as soon as `signal` is aborted. */
export function sleep(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const cancel = clock.after(delay, done);
    signal.addEventListener('abort', done);
    function done(): void {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
