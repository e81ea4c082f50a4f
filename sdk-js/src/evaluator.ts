/**
 * The boundary between JavaScript and the evaluation core: the one interface that the native addon and the WebAssembly
 * module both have. Structured data crosses it as JSON text, and evaluations cross it as integers (docs/adr/0011). It was designed
 * by measurements and may change in any version, so nothing outside this package should depend on it.
 */

/** The receiving half of the protocol. */
export interface Replica {
  /** Replaces the snapshot by a whole document and drops the cursor. Returns a {@link SnapshotUpdate} as JSON; throws if the document is refused as a whole. */
  load(document: string): string;
  /** A new connection begins: an unfinished transfer is dropped. */
  beginConnection(): void;
  /** Applies an event of the stream. Returns {@link TransferProgress} as JSON; throws if the client must reconnect (the cursor is dropped then). */
  applyEvent(name: string, data: string, id?: string): string;
  /** The cursor of the stream, to be sent as `Last-Event-ID`. */
  cursor(): string | null | undefined;
}

/** Pure functions of one snapshot: no I/O, no clock, and no reference to an argument is stored. */
export interface Evaluator extends Replica {
  /**
   * Evaluates one flag. `type` is the expected type, `null` takes any; `defaultValue` and `context` are JSON text, `now` is
   * in milliseconds since 1970. Returns an {@link Outcome} as canonical JSON and never throws for a flag or a context.
   */
  evaluate(flag: string, type: ExpectedType | null, defaultValue: string, context: string, now: number): string;
  /** Evaluates one flag as {@link evaluate} does, with the steps of the evaluation. Returns `{"outcome": Outcome, "trace": […]}` as canonical JSON. */
  explain(flag: string, type: ExpectedType | null, defaultValue: string, context: string, now: number): string;
  /** Evaluates every flag. Returns `{"flags": {KEY: Outcome}}` as canonical JSON. */
  evaluateAll(context: string, now: number): string;
  /** Why flags are broken: a list of {@link Issue} as JSON. */
  issues(): string;
  /** The next instant, in milliseconds since 1970, at which an outcome may change by time alone. */
  nextBoundary(now: number): number | null | undefined;
  /** The keys of the flags whose outcome time alone may have changed after `since`, until `until`: a list as JSON. */
  changedBetween(since: number, until: number): string;
  /** The slot of `unit` under `salt`, from 0 to `total` - 1. */
  bucket(salt: string, unit: string, total: number): number;

  /** A message if a context, which is JSON text, has no `targetingKey`, but an attribute with a name that other systems use for the user's key. */
  userKeyHint(context: string): string | null | undefined;

  /** An evaluator of the current snapshot, which updates of this one do not change; it shares the flags, so that it costs little. */
  copy(): Evaluator;

  /** The keys of all flags, by position: a list as JSON. */
  keys(): string;
  /** The keys of the flags marked `clientSide`, in order: a list as JSON. */
  clientSideKeys(): string;
  /** How to evaluate a flag by integers: a {@link FlagDescriptor} as JSON; nothing if there is no such flag. */
  describeFlag(flag: string): string | null | undefined;
  /** Stores a context, which is JSON text, and returns its id; 0 if it is not a valid context. */
  storeContext(context: string): number;
  /** Releases a stored context; its id may be used for another one. */
  releaseContext(id: number): void;
  /**
   * Memory of at least `bytes` bytes that the core reads and writes too; the same as before if that is large enough. `bindings-js/src/packed.rs`
   * describes its layout. Only the view that was returned last may be used, and it is detached, of length 0, when the core's
   * memory grows: then call this again.
   */
  sharedMemory(bytes: number): Uint8Array;
  /**
   * The id of an outcome. Until the next update, outcomes of one flag and one type with the same id are equal; if the id is negative there
   * is none, and {@link evaluate} must be called. `flag` is a position, `type` one of {@link TYPE_IDS}, and `context` the id of a stored
   * context, or 0 for the one in shared memory.
   */
  outcomeId(flag: number, type: number, context: number): number;
  /** Called when the evaluator cannot be used any more: its module has trapped. Only an evaluator that can be lost has it. */
  trapped?: (error: unknown) => void;
  /** Writes the ids of all flags' outcomes, by position, to the shared memory from byte 8 on, as 32-bit integers; `false` if it is too small or there is no such context. */
  outcomeIds(context: number): boolean;
}

/** How to evaluate a flag by integers. */
export interface FlagDescriptor {
  position: number;
  /** Whether the outcome is the same for all contexts, until the next update. */
  isConstant: boolean;
  /** Whether the outcome depends on time. */
  isTimed: boolean;
  /** The attributes that its evaluation may read, each as a list of member names; `null` if there are too many. */
  paths: string[][] | null;
}

/** The type that a getter expects. */
export type ExpectedType = 'boolean' | 'string' | 'number' | 'integer' | 'object';

/** The ids of the types: the core's order, from 1; 0 is any type. */
export const TYPE_IDS = { boolean: 1, string: 2, number: 3, integer: 4, object: 5 } as const satisfies Record<
  ExpectedType,
  number
>;

/** The id of any type. */
export const ANY_TYPE = 0;

/** A JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

export interface JsonObject {
  [member: string]: JsonValue;
}

/** The snapshot was replaced. */
export interface SnapshotUpdate {
  environment: string;
  revision: number;
  /** The keys of the flags whose outcome may have changed. */
  changed: string[];
}

/** The effect of one event of the stream. */
export type TransferProgress =
  | { step: 'pending' }
  | { step: 'ignored' }
  | { step: 'current' }
  | ({ step: 'committed' } & SnapshotUpdate)
  | { step: 'discarded'; reason: string }
  | { step: 'goodbye'; reason: string; retryAfterMs: number | null };

/** A fault in a document. The flag that it names is broken (`PARSE_ERROR`); the other flags work. */
export interface Issue {
  /** `null` if the fault is not in a flag. */
  flag: string | null;
  /** JSON pointer into the document. */
  pointer: string;
  message: string;
}

/** The reason for an outcome, in OpenFeature's terms. */
export type Reason = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'ERROR';

/** Why the caller's default was returned, in OpenFeature's terms. */
export type ErrorCode =
  | 'PROVIDER_NOT_READY'
  | 'FLAG_NOT_FOUND'
  | 'PARSE_ERROR'
  | 'TYPE_MISMATCH'
  | 'INVALID_CONTEXT'
  | 'GENERAL';

/** An outcome of the core. `value` is the default if there is an error code. */
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
