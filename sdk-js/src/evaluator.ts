/**
 * The boundary between JavaScript and the evaluation core: the one interface that the native addon and the WebAssembly
 * module both have. Structured data crosses it as JSON text, and what is asked in every request as numbers (docs/adr/0011). What
 * crosses, and how, is decided by measurement and may change in any version, so that nothing outside this package should lean on it.
 */

/** The receiving half of the protocol. */
export interface Replica {
  /** Replaces the snapshot by a whole document and forgets the cursor. Returns a {@link Commit} as JSON; throws where the document is refused whole. */
  load(document: string): string;
  /** A new connection begins: what was received of an unfinished transfer is dropped. */
  connected(): void;
  /** Takes one event of the stream. Returns a {@link Step} as JSON; throws where the client must reconnect (the cursor is forgotten by then). */
  event(name: string, data: string, id?: string): string;
  /** The position in the stream, to be sent as `Last-Event-ID`. */
  cursor(): string | null | undefined;
}

/** A pure function library around one snapshot. It does no I/O, reads no clock and keeps no reference to what it is given. */
export interface Evaluator extends Replica {
  /**
   * Evaluates one flag. `type` is what the caller asks for, or `null` for any; `fallback` and `context` are JSON text, `now` is
   * in milliseconds since 1970. Returns an {@link Outcome} as canonical JSON and never throws for a flag or a context.
   */
  evaluate(flag: string, type: ValueType | null, fallback: string, context: string, now: number): string;
  /** Evaluates one flag as {@link evaluate} does and tells why. Returns `{"outcome": Outcome, "trace": […]}` as canonical JSON. */
  explain(flag: string, type: ValueType | null, fallback: string, context: string, now: number): string;
  /** Evaluates every flag. Returns `{"flags": {KEY: Outcome}}` as canonical JSON. */
  evaluateAll(context: string, now: number): string;
  /** What is wrong with the snapshot's flags: a list of {@link Issue} as JSON. */
  issues(): string;
  /** The next instant, in milliseconds since 1970, at which an outcome may change by time alone. */
  nextBoundary(now: number): number | null | undefined;
  /** The keys of the flags whose outcome time alone may have changed after `since`, until `until`: a list as JSON. */
  changedBetween(since: number, until: number): string;
  /** The slot of `unit` under `salt`, from 0 to `total` - 1. */
  bucket(salt: string, unit: string, total: number): number;

  /** The keys of all flags, by position: a list as JSON. */
  keys(): string;
  /** What is to be known of a flag to ask for it in numbers: a {@link Description} as JSON; nothing where there is no such flag. */
  describe(flag: string): string | null | undefined;
  /** Keeps a context, which is JSON text, and returns its name; 0 where it is no valid context. */
  keep(context: string): number;
  /** Forgets a context; its name may be given to another one. */
  forget(name: number): void;
  /**
   * Memory of at least `bytes` bytes that the core reads and writes too; the same as before where that is large enough. Its layout
   * is told in `core/src/text/packed.rs`. Only the view that was returned last may be used, and that one is detached, of length 0, when
   * the core's memory grows: then ask again.
   */
  share(bytes: number): Uint8Array;
  /**
   * The number of an outcome. Of one flag and one type, outcomes of the same number are equal until the next commit; a negative one
   * stands for nothing, and {@link evaluate} is to be asked. `flag` is a position, `type` one of {@link TYPE_NUMBERS}, and `context`
   * the name of one that is kept, or 0 for the one in shared memory.
   */
  number(flag: number, type: number, context: number): number;
  /** The numbers of all flags, by position, from byte 8 of the shared memory on as 32-bit integers; `false` where it is too small or there is no such context. */
  numbers(context: number): boolean;
}

/** What JavaScript must know of a flag to ask for it in numbers. */
export interface Description {
  position: number;
  /** Whether it answers everybody alike, until the next commit. */
  isConstant: boolean;
  /** Whether time has a say. */
  isTimed: boolean;
  /** The attributes that its evaluation may read, each as a list of member names; `null` where they are too many. */
  paths: string[][] | null;
}

/** What a getter asks for. */
export type ValueType = 'boolean' | 'string' | 'number' | 'integer' | 'object';

/** The numbers of the types: the core's order, from 1; 0 is any type. */
export const TYPE_NUMBERS = { boolean: 1, string: 2, number: 3, integer: 4, object: 5 } as const satisfies Record<
  ValueType,
  number
>;

/** The number of any type. */
export const ANY_TYPE = 0;

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

export interface JsonObject {
  [member: string]: JsonValue;
}

/** A new snapshot is served. */
export interface Commit {
  environment: string;
  revision: number;
  /** The keys of the flags whose outcome may have changed. */
  changed: string[];
}

/** What one event of the stream came to. */
export type Step =
  | { step: 'pending' }
  | { step: 'ignored' }
  | { step: 'current' }
  | ({ step: 'committed' } & Commit)
  | { step: 'discarded'; reason: string }
  | { step: 'goodbye'; reason: string; retryAfterMs: number | null };

/** One fault in a document. The flag that it names answers `PARSE_ERROR`; the others are served. */
export interface Issue {
  /** `null` where the fault is in no flag. */
  flag: string | null;
  /** JSON pointer into the document. */
  pointer: string;
  message: string;
}

/** Why an outcome is what it is, in OpenFeature's words. */
export type Reason = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'ERROR';

/** Why the caller's default was served, in OpenFeature's words. */
export type ErrorCode =
  | 'PROVIDER_NOT_READY'
  | 'FLAG_NOT_FOUND'
  | 'PARSE_ERROR'
  | 'TYPE_MISMATCH'
  | 'INVALID_CONTEXT'
  | 'GENERAL';

/** The answer of the core, as it crosses the boundary. `value` is the fallback where there is an error code. */
export interface Outcome {
  value: JsonValue;
  variant: string | null;
  enabled: boolean;
  reason: Reason;
  errorCode: ErrorCode | null;
  detail: JsonObject;
  metadata: JsonObject;
  inExperiment: boolean;
  sources: JsonObject;
}
