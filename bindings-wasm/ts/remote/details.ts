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
  if (flag && isUsable(flag.value, fallback)) {
    const { key: _, ...rest } = flag;
    return Object.freeze({ flagKey, ...rest, source });
  }
  if (flag && flag.value === undefined && flag.errorCode === undefined) {
    // The flag serves nothing: the value is left to the caller.
    const { key: _, ...rest } = flag;
    return Object.freeze({ flagKey, ...rest, value: fallback, source });
  }
  const [errorCode, errorMessage] = flag
    ? [flag.errorCode ?? 'TYPE_MISMATCH', flag.errorMessage]
    : source === 'fallback'
      ? (['PROVIDER_NOT_READY', 'no values yet'] as const)
      : (['FLAG_NOT_FOUND', 'no such flag, or not marked clientSide'] as const);
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
