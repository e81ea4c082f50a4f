/** Evaluation details: a value and the reason for it. */

import type { ErrorCode, JsonObject, Outcome, Reason } from './evaluator.js';

/** OpenFeature's evaluation details, and more. They are frozen, since callers may share them. */
export interface Details<T> {
  readonly flagKey: string;
  readonly value: T;
  /** The variant served; absent if `value` is the caller's default. */
  readonly variant?: string;
  readonly reason: Reason;
  /** Why `value` is the caller's default; absent if it is not, and if the flag serves nothing. */
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
  readonly flagMetadata: Readonly<JsonObject>;
  /** Whether a variant other than the off variant was served. */
  readonly enabled: boolean;
  /** Whether the split of an experiment decided. */
  readonly inExperiment: boolean;
  /** Which part of the flag decided, as `{"step": "rule", "index": 0}`. */
  readonly detail: Readonly<JsonObject>;
  /** For an object, the source of each leaf, by JSON pointer. */
  readonly sources: Readonly<JsonObject>;
}

const EMPTY: Readonly<JsonObject> = Object.freeze({});

const MESSAGES: Record<ErrorCode, string> = {
  PROVIDER_NOT_READY: 'no flags have been received yet',
  FLAG_NOT_FOUND: 'there is no such flag',
  PARSE_ERROR: 'the flag is broken; the issues of the client say where',
  TYPE_MISMATCH: "the flag's value is of another type",
  INVALID_CONTEXT: 'the context is not an object, its `targetingKey` is not a string, or it has too many attributes',
  GENERAL: 'the evaluation failed',
};

/** What an error code means, for people. */
export function messageOf(errorCode: ErrorCode): string {
  return MESSAGES[errorCode];
}

/** Whether an outcome has a value: there is no error, and it has a variant or is one that the program set. */
export function hasValue({ errorCode, variant, reason }: Outcome): boolean {
  return errorCode === null && (variant !== null || reason === 'STATIC');
}

/** The details of an outcome; if it has no value, that is the caller's default. */
export function toDetails<T>(flagKey: string, outcome: Outcome, defaultValue: T): Details<T> {
  const { variant, reason, errorCode, metadata, enabled, inExperiment, detail, sources } = outcome;
  const common = { flagKey, reason, flagMetadata: metadata, enabled, inExperiment, detail, sources };
  if (errorCode !== null) {
    return Object.freeze({ ...common, value: defaultValue, errorCode, errorMessage: MESSAGES[errorCode] });
  }
  if (!hasValue(outcome)) {
    return Object.freeze({ ...common, value: defaultValue });
  }
  // The core has compared the value's type with the one that the getter named.
  const value = outcome.value as T;
  return Object.freeze(variant === null ? { ...common, value } : { ...common, value, variant });
}

/** The details of an evaluation that failed before it reached the core. */
export function toFailure<T>(
  flagKey: string,
  errorCode: ErrorCode,
  errorMessage: string | undefined,
  defaultValue: T,
): Details<T> {
  return Object.freeze({
    flagKey,
    value: defaultValue,
    reason: 'ERROR',
    errorCode,
    errorMessage: errorMessage ?? MESSAGES[errorCode],
    flagMetadata: EMPTY,
    enabled: false,
    inExperiment: false,
    detail: EMPTY,
    sources: EMPTY,
  });
}
