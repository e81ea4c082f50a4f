/** What a getter answers, beyond the value. */

import type { ErrorCode, JsonObject, Outcome, Reason } from './evaluator.js';

/** OpenFeature's evaluation details, and what Flagstaff knows beyond them. They are frozen: callers that get the same ones share them. */
export interface Details<T> {
  readonly flagKey: string;
  readonly value: T;
  /** The variant served; absent where the caller's default was. */
  readonly variant?: string;
  readonly reason: Reason;
  /** Present exactly where `value` is the caller's default. */
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
  readonly flagMetadata: Readonly<JsonObject>;
  /** Whether a variant other than the off variant was served. */
  readonly enabled: boolean;
  /** Whether the split of an experiment decided. */
  readonly inExperiment: boolean;
  /** Which part of the flag decided, such as `{"step": "rule", "index": 0}`. */
  readonly detail: Readonly<JsonObject>;
  /** For an object, where each leaf comes from, by JSON pointer. */
  readonly sources: Readonly<JsonObject>;
}

const NOTHING: Readonly<JsonObject> = Object.freeze({});

const MESSAGES: Record<ErrorCode, string> = {
  PROVIDER_NOT_READY: 'no snapshot has arrived yet',
  FLAG_NOT_FOUND: 'there is no such flag',
  PARSE_ERROR: 'the flag is broken; the issues of the client say where',
  TYPE_MISMATCH: "the flag's value is of another type",
  INVALID_CONTEXT: 'the context is no object, or its `targetingKey` is no string',
  GENERAL: 'the evaluation failed',
};

/** The details of an outcome; where it carries an error the value is the caller's default. */
export function toDetails<T>(flagKey: string, outcome: Outcome, fallback: T): Details<T> {
  const { variant, reason, errorCode, metadata, enabled, inExperiment, detail, sources } = outcome;
  const common = { flagKey, reason, flagMetadata: metadata, enabled, inExperiment, detail, sources };
  if (errorCode !== null) {
    return Object.freeze({ ...common, value: fallback, errorCode, errorMessage: MESSAGES[errorCode] });
  }
  // The core has compared the value's type with the one that the getter named.
  const value = outcome.value as T;
  return Object.freeze(variant === null ? { ...common, value } : { ...common, value, variant });
}

/** The details of an evaluation that did not take place. */
export function toFailure<T>(
  flagKey: string,
  errorCode: ErrorCode,
  errorMessage: string | undefined,
  fallback: T,
): Details<T> {
  return Object.freeze({
    flagKey,
    value: fallback,
    reason: 'ERROR',
    errorCode,
    errorMessage: errorMessage ?? MESSAGES[errorCode],
    flagMetadata: NOTHING,
    enabled: false,
    inExperiment: false,
    detail: NOTHING,
    sources: NOTHING,
  });
}
