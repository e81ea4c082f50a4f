/** The types that every client has in common. */

/**
 * An evaluation context: a plain object, a `Map` or an instance of a class, whose own fields are read. `targetingKey` is the user's key; every
 * other field is an attribute, and an attribute that is an object with a `key` is a context of another kind. A `Date` is converted to its RFC 3339 text,
 * and a value that JSON cannot represent is missing.
 */
export interface Context {
  targetingKey?: string | number | bigint | undefined;
  [attribute: string]: unknown;
}

/**
 * `NOT_READY`: nothing has been received yet. `READY`: the flags are up to date. `STALE`: the flags are the last known ones, since the server
 * is unreachable or refuses the client. `FAILED`: nothing has been received, and the server refuses the SDK key or the URL, or the evaluator
 * cannot be loaded. In all of them the client keeps trying.
 */
export type Status = 'NOT_READY' | 'READY' | 'STALE' | 'FAILED';

/** How waiting for flags ended. */
export type Readiness = 'READY' | 'STALE' | 'TIMED_OUT' | 'FAILED';

/** How long to wait for flags. */
export interface ReadyOptions {
  /** 5 seconds by default. */
  timeoutMs?: number | undefined;
  /** Ends the waiting as the timeout does. */
  signal?: AbortSignal | undefined;
}

/** How long to wait until everything is sent. */
export interface FlushOptions {
  /** 2 seconds by default. */
  timeoutMs?: number | undefined;
  /** Called with the promise of the result, for a platform function that keeps the program running after its response. */
  waitUntil?: ((sent: Promise<boolean>) => void) | undefined;
}

export interface ClientEvents {
  /** Flags whose outcome may have changed, because of a new revision or because of time alone. */
  change: { flags: readonly string[] };
  status: { status: Status };
}

/** Receives warnings; `console` is one. A problem is logged when it begins, not repeatedly. */
export interface Logger {
  warn(message: string): void;
}

/** A value that a flag can have. */
export type FlagValue = boolean | string | number | object | null;

/** The type of a flag for a default of type `T`: `boolean` for `false`. */
export type Widened<T> = T extends boolean ? boolean : T extends string ? string : T extends number ? number : T;
