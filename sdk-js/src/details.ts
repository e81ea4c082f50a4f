/** What a getter answers, beyond the value. */

import type { ErrorCode, JsonObject, Outcome, Reason } from './evaluator.js';

/** OpenFeature's evaluation details, and what Flagstaff knows beyond them. */
export interface Details<T> {
  flagKey: string;
  value: T;
  /** The variant served; absent where the caller's default was. */
  variant?: string;
  reason: Reason;
  /** Present exactly where `value` is the caller's default. */
  errorCode?: ErrorCode;
  errorMessage?: string;
  flagMetadata: JsonObject;
  /** Whether a variant other than the off variant was served. */
  enabled: boolean;
  /** Whether the split of an experiment decided. */
  inExperiment: boolean;
  /** Which part of the flag decided, such as `{"step": "rule", "index": 0}`. */
  detail: JsonObject;
  /** For an object, where each leaf comes from, by JSON pointer. */
  sources: JsonObject;
}

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
    return { ...common, value: fallback, errorCode, errorMessage: MESSAGES[errorCode] };
  }
  // The core has compared the value's type with the one that the getter named.
  const value = outcome.value as T;
  return variant === null ? { ...common, value } : { ...common, value, variant };
}

/** The details of an evaluation that did not take place. */
export function toFailure<T>(
  flagKey: string,
  errorCode: ErrorCode,
  errorMessage: string | undefined,
  fallback: T,
): Details<T> {
  return {
    flagKey,
    value: fallback,
    reason: 'ERROR',
    errorCode,
    errorMessage: errorMessage ?? MESSAGES[errorCode],
    flagMetadata: {},
    enabled: false,
    inExperiment: false,
    detail: {},
    sources: {},
  };
}
