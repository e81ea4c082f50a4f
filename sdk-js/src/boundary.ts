/** Waits for the instants at which flags change by time alone. */

import type { Cancel, Clock } from './clock.js';

/** The part of an evaluator that knows such instants. */
export interface TimedFlags {
  nextBoundary(since: number): number | undefined;
  changedBetween(since: number, until: number): string[];
}

export class BoundaryTimer {
  readonly #clock: Clock;
  readonly #flags: TimedFlags;
  readonly #changed: (flags: string[]) => void;
  #cancel: Cancel = () => {};
  /** The instant up to which changes by time alone have been reported, in milliseconds since 1970. */
  #reportedUntil: number | undefined;

  /** `changed` is called with the flags that an instant may have changed. */
  constructor(clock: Clock, flags: TimedFlags, changed: (flags: string[]) => void) {
    this.#clock = clock;
    this.#flags = flags;
    this.#changed = changed;
  }

  /** Waits for the next instant of the current snapshot. */
  schedule(): void {
    this.#cancel();
    // Not from now: an update does not include the flags that time alone has changed since.
    this.#reportedUntil ??= this.#clock.now();
    const since = this.#reportedUntil;
    const boundary = this.#flags.nextBoundary(since);
    if (typeof boundary !== 'number') {
      return;
    }
    this.#cancel = this.#clock.after(boundary - this.#clock.now(), () => {
      const until = this.#clock.now();
      if (until < boundary) {
        this.schedule();
        return;
      }
      const flags = this.#flags.changedBetween(since, until);
      this.#reportedUntil = until;
      this.schedule();
      if (flags.length > 0) {
        this.#changed(flags);
      }
    });
  }

  stop(): void {
    this.#cancel();
  }
}
