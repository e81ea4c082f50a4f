/** The value that a caller gets: the flag's, or the fallback if the flag has none of the expected type. */

import type { JsonValue } from '../../../sdk-js/src/evaluator.js';
import type { FlagDetails, FlagSnapshot, Source } from './types.js';

/** The value, or the fallback if there is none or one of another type. A fallback of `undefined` accepts every type. */
export function valueOr(value: JsonValue | undefined, fallback: unknown): unknown {
  return isUsable(value, fallback) ? value : fallback;
}

/** The value with its reason, frozen. `source` is where the values are from. */
export function toDetails(
  flagKey: string,
  flag: FlagSnapshot | undefined,
  fallback: unknown,
  source: Source,
): FlagDetails<unknown> {
  const hasValue = isUsable(flag?.value, fallback);
  // A flag without a value and without an error serves nothing: the value is left to the caller.
  if (flag && (hasValue || (flag.value === undefined && flag.errorCode === undefined))) {
    const { key: _, ...rest } = flag;
    return Object.freeze({ flagKey, ...rest, value: hasValue ? flag.value : fallback, source });
  }
  const [errorCode, errorMessage] = flag
    ? [flag.errorCode ?? 'TYPE_MISMATCH', flag.errorMessage]
    : source === 'fallback'
      ? (['PROVIDER_NOT_READY', 'no values yet'] as const)
      : (['FLAG_NOT_FOUND', 'no such clientSide flag'] as const);
  return Object.freeze({
    flagKey,
    value: fallback,
    reason: 'ERROR',
    errorCode,
    errorMessage,
    flagMetadata: flag?.flagMetadata ?? {},
    source: 'fallback',
  });
}

function isUsable(value: JsonValue | undefined, fallback: unknown): boolean {
  return value !== undefined && (fallback === undefined || typeof value === typeof fallback);
}
