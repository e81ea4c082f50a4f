/** Outcomes of one flag, stored to be returned again. */

import { type Details, hasValue, toDetails, toFailure } from './details.js';
import type { ErrorCode, JsonValue, Outcome } from './evaluator.js';

/** The outcome of an evaluation, or of one that failed before it reached the core. */
export interface Evaluated {
  readonly flag: string;
  readonly errorCode: ErrorCode | null;
  /** Whether there is a value; if not, after an error or where the flag serves nothing, the caller gets the default. */
  readonly hasValue: boolean;
  /** The value; meaningless if there is none. All callers get the same one, frozen. */
  readonly value: JsonValue;
  /** The details for a caller with this default. If there is a value, all callers get the same object. */
  details<T>(defaultValue: T): Details<T>;
}

/** An outcome that is returned to several callers; it is frozen, so that none of them can change it. */
export class CachedOutcome implements Evaluated {
  readonly flag: string;
  readonly errorCode: ErrorCode | null;
  readonly variant: string | null;
  readonly hasValue: boolean;
  readonly value: JsonValue;
  /** How often it was evaluated since usage was last counted. */
  evaluations = 0;
  readonly #outcome: Outcome;
  #details: Details<JsonValue | undefined> | undefined;

  constructor(flag: string, outcome: Outcome) {
    freeze(outcome);
    this.errorCode = outcome.errorCode;
    this.variant = outcome.variant;
    this.hasValue = hasValue(outcome);
    this.value = outcome.value;
    this.flag = flag;
    this.#outcome = outcome;
  }

  details<T>(defaultValue: T): Details<T> {
    if (!this.hasValue) {
      return toDetails(this.flag, this.#outcome, defaultValue);
    }
    this.#details ??= toDetails(this.flag, this.#outcome, undefined);
    return this.#details as Details<T>;
  }
}

/** An evaluation that failed before it reached the core. */
export class FailedEvaluation implements Evaluated {
  readonly flag: string;
  readonly errorCode: ErrorCode;
  readonly hasValue = false;
  readonly value = null;
  readonly #message: string | undefined;

  constructor(flag: string, errorCode: ErrorCode, message?: string) {
    this.flag = flag;
    this.errorCode = errorCode;
    this.#message = message;
  }

  details<T>(defaultValue: T): Details<T> {
    return toFailure(this.flag, this.errorCode, this.#message, defaultValue);
  }
}

/** Freezes a JSON value with everything in it. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

/** Objects and arrays that are stored between two updates. */
const MAX_VALUES = 1_000;

/**
 * Makes equal values of a flag the same object, also after an update that does not change them. So code that compares by identity, such as
 * React, sees no change.
 */
export class StableValues {
  #values = new Map<string, JsonValue>();
  #before = new Map<string, JsonValue>();

  /** The stored object that is equal to this value, or else this value, which is stored. */
  intern(flag: string, value: JsonValue): JsonValue {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    const name = `${flag}\n${JSON.stringify(value)}`;
    const stable = this.#values.get(name) ?? this.#before.get(name) ?? value;
    if (this.#values.size < MAX_VALUES) {
      this.#values.set(name, stable);
    }
    return stable;
  }

  /** The snapshot was updated: values that nobody reads until the next update are dropped then. */
  update(): void {
    this.#before = this.#values;
    this.#values = new Map();
  }
}
