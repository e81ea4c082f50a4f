/** Counts evaluations by flag and variant, so that the server knows which flags are in use (protocol.md §4). */

import type { CachedOutcome } from './cached-outcome.js';

/** Maximum number of outcomes with counts of their own, before these are added to the counts by flag and variant. */
const MAX_COUNTED_OUTCOMES = 1_000;

/** Unknown flags that are counted between two reports. */
const MAX_UNKNOWN_FLAGS = 100;

/** Flags and variants that are stored while the server is unreachable. */
const MAX_COUNTS = 50_000;

/** The longest flag key, in characters. */
const MAX_KEY_LENGTH = 100;

export interface Count {
  flag: string;
  variant: string | null;
  count: number;
}

/** The counts of a client. An evaluation only increments a number of its outcome. */
export class Usage {
  readonly #counted: CachedOutcome[] = [];
  readonly #counts = new Map<string, Count>();
  #unknownFlags = 0;
  #dropped = 0;

  count(outcome: CachedOutcome): void {
    if (outcome.evaluations === 0) {
      if (this.#counted.length >= MAX_COUNTED_OUTCOMES) {
        this.#addUp();
      }
      this.#counted.push(outcome);
    }
    outcome.evaluations += 1;
  }

  /** Takes at most `limit` counts, and the number of dropped evaluations; `undefined` if there is nothing to report. */
  take(limit: number): { counts: Count[]; dropped: number } | undefined {
    this.#addUp();
    const counts: Count[] = [];
    for (const [name, count] of this.#counts) {
      if (counts.length >= limit) {
        break;
      }
      counts.push(count);
      this.#counts.delete(name);
    }
    if (this.#counts.size === 0) {
      this.#unknownFlags = 0;
    }
    const dropped = this.#dropped;
    this.#dropped = 0;
    return counts.length === 0 && dropped === 0 ? undefined : { counts, dropped };
  }

  /** Counts evaluations that will not be reported by flag. */
  addDropped(count: number): void {
    this.#dropped += count;
  }

  #addUp(): void {
    for (const outcome of this.#counted) {
      this.#add(outcome);
      outcome.evaluations = 0;
    }
    this.#counted.length = 0;
  }

  #add({ flag, variant, errorCode, evaluations }: CachedOutcome): void {
    // An invalid context evaluates no flag.
    const isNotCounted = errorCode === 'INVALID_CONTEXT' || flag === '' || [...flag].length > MAX_KEY_LENGTH;
    if (isNotCounted) {
      return;
    }
    const name = JSON.stringify([flag, variant]);
    const known = this.#counts.get(name);
    if (known !== undefined) {
      known.count += evaluations;
      return;
    }
    const isUnknown = errorCode === 'FLAG_NOT_FOUND';
    if (this.#counts.size >= MAX_COUNTS || (isUnknown && this.#unknownFlags >= MAX_UNKNOWN_FLAGS)) {
      this.#dropped += evaluations;
      return;
    }
    this.#unknownFlags += isUnknown ? 1 : 0;
    this.#counts.set(name, { flag, variant, count: evaluations });
  }
}
