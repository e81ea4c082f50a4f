/** The types of the remote client's values. */

import type { ErrorCode, JsonValue, Reason } from '../../../sdk-js/src/evaluator.js';

/**
 * The flags of an application with the types of their values, for the compiler. Empty unless it is extended:
 *
 * ```ts
 * declare module '@flagstaff/web' {
 *   interface FlagTypes { 'new-checkout': boolean; 'button-text': 'Buy' | 'Order' }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications extend it
export interface FlagTypes {}

/** The keys that a getter accepts: those of {@link FlagTypes}, or any if it is empty. */
export type FlagKey = keyof FlagTypes extends never ? string : keyof FlagTypes & string;

/** The type of a flag's value: one of {@link FlagTypes}, or the type of the fallback. */
export type FlagValue<Key extends string, Fallback> = Key extends keyof FlagTypes
  ? FlagTypes[Key] | Fallback
  : Widen<Fallback>;

/** The fallbacks that a getter accepts for a flag: any of the type of its values. */
export type FlagFallback<Key extends string> = Key extends keyof FlagTypes ? Widen<FlagTypes[Key]> : unknown;

/** The type of a literal: `boolean` for `false`. */
export type Widen<T> = T extends boolean ? boolean : T extends string ? string : T extends number ? number : T;

/**
 * Where a value is from: the server's last response, an earlier page's values that were stored in the browser, the values that the page
 * contained, an override of this tab, or the caller's fallback.
 */
export type Source = 'live' | 'cache' | 'bootstrap' | 'override' | 'fallback';

/** The details of a flag from the server. Frozen; the same object until one of them changes. */
export interface FlagSnapshot {
  readonly key: string;
  /** `undefined` if the flag has an error code or serves nothing. */
  readonly value: JsonValue | undefined;
  readonly variant?: string | undefined;
  readonly reason: Reason;
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string | undefined;
  readonly flagMetadata: Readonly<Record<string, JsonValue>>;
}

/** A value and the reason for it. */
export interface FlagDetails<T> {
  readonly flagKey: string;
  readonly value: T;
  /** The variant served; absent if `value` is the fallback. */
  readonly variant?: string | undefined;
  readonly reason: Reason;
  /** Why `value` is the fallback; absent if it is not, and if the flag serves nothing. */
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string | undefined;
  readonly flagMetadata: Readonly<Record<string, JsonValue>>;
  readonly source: Source;
}

/** A flag that has been shown to the user. */
export interface Exposure {
  readonly flagKey: string;
  readonly value: JsonValue | undefined;
  readonly variant?: string | undefined;
  readonly reason: Reason;
}

/** Called with the new details of a flag. */
export type FlagListener = (flag: FlagSnapshot | undefined) => void;
