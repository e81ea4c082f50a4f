/** What is kept of an outcome, to be answered over and over. */

import { type Details, toDetails } from './details.js';
import type { ErrorCode, JsonValue, Outcome } from './evaluator.js';

/** An outcome of one flag. It is frozen: who is handed a part of it cannot change what others are. */
export class Answer {
  /** Of which flag. */
  readonly flag: string;
  readonly errorCode: ErrorCode | null;
  readonly variant: string | null;
  /** How often it was asked for since that was last looked at. */
  asked = 0;
  /** The value where it is a scalar. */
  readonly #scalar: JsonValue;
  /** The value as JSON where it is none, so that each caller gets one of its own. */
  readonly #text: string | undefined;
  readonly #outcome: Outcome;
  #details: Details<JsonValue | undefined> | undefined;

  constructor(flag: string, outcome: Outcome) {
    freeze(outcome);
    const isScalar = typeof outcome.value !== 'object';
    this.errorCode = outcome.errorCode;
    this.variant = outcome.variant;
    this.#scalar = isScalar ? outcome.value : null;
    this.#text = isScalar ? undefined : JSON.stringify(outcome.value);
    this.flag = flag;
    this.#outcome = outcome;
  }

  /** The value; meaningless where there is an error code. */
  value(): JsonValue {
    return this.#text === undefined ? this.#scalar : (JSON.parse(this.#text) as JsonValue);
  }

  /** The details for a caller with this default. Where the value is a scalar all callers get the same ones. */
  details<T>(fallback: T): Details<T> {
    if (this.errorCode === null && this.#text === undefined) {
      this.#details ??= toDetails(this.flag, this.#outcome, undefined);
      return this.#details as Details<T>;
    }
    return toDetails(this.flag, { ...this.#outcome, value: this.value() }, fallback);
  }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
