/**
 * Evaluation with a cache: outcomes are stored in JavaScript, and the evaluator is asked for their ids, which are integers
 * (docs/adr/0011).
 */

import { CachedOutcome, StableValues } from './cached-outcome.js';
import type { Clock } from './clock.js';
import {
  ANY_TYPE,
  type Evaluator,
  type ExpectedType,
  type FlagDescriptor,
  type Issue,
  type Outcome,
  type SnapshotUpdate,
  type TransferProgress,
  TYPE_IDS,
} from './evaluator.js';
import { CONTEXT_BYTES, SharedMemory } from './pack.js';
import { isPrepared, isSurelyValid, isValid, readAny, StoredContexts, textOf } from './prepared.js';

/** The id of the context in shared memory; stored contexts have other ids. */
const SHARED = 0;

/** The id of an outcome that has none. */
const NO_ID = -1;

/** Where the ids of all outcomes begin in shared memory, in 32-bit integers. */
const IDS_START = 2;

/** Unknown flags whose outcomes are stored; a caller may ask for any number of them. */
const MAX_UNKNOWN_FLAGS = 1_000;

const EMPTY_CONTEXT = Object.freeze({});

/** A flag of the snapshot, and its outcomes so far. */
interface KnownFlag {
  readonly key: string;
  readonly descriptor: FlagDescriptor;
  /** By the id of the type, then by the id of the outcome. */
  readonly outcomes: Map<number, CachedOutcome>[];
  /** The outcome for all contexts if there is only one, by the id of the type. */
  readonly constants: (CachedOutcome | undefined)[];
}

/** The outcomes of a flag in evaluations of all flags, by the id of the outcome. */
interface FlagOutcomes {
  readonly key: string;
  readonly outcomes: Map<number, CachedOutcome>;
}

/** The state of one revision, which later updates do not change. */
export interface Revision {
  /** Evaluates with this revision. */
  readonly evaluator: CachingEvaluator;
}

/** An evaluator with a cache. Updates of the snapshot go through it, so that the cache is never stale. */
export class CachingEvaluator {
  readonly #evaluator: Evaluator;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #contexts: StoredContexts;
  #memory: SharedMemory;
  /** Whether a context is being written to shared memory, which may run getters of the caller. */
  #isPacking = false;
  readonly #flags = new Map<string, KnownFlag>();
  /** Outcomes of unknown flags. */
  readonly #unknownFlags = new Map<string, CachedOutcome>();
  /** All flags, by position; created at the first evaluation of all flags. */
  #all: FlagOutcomes[] | undefined;
  readonly #values = new StableValues();
  /** The current revision, if a caller holds it. */
  #held: HeldRevision | undefined;

  constructor(evaluator: Evaluator, clock: Pick<Clock, 'now'>) {
    this.#evaluator = evaluator;
    this.#clock = clock;
    this.#contexts = new StoredContexts(evaluator);
    this.#memory = new SharedMemory(evaluator.sharedMemory(CONTEXT_BYTES));
  }

  /** Replaces the snapshot by a whole document and drops the cursor; throws if the document is refused as a whole. */
  load(document: string): SnapshotUpdate {
    const before = this.#held?.copy();
    const update = JSON.parse(this.#evaluator.load(document)) as SnapshotUpdate;
    this.#replaced(before);
    return update;
  }

  /** A new connection begins: an unfinished transfer is dropped. */
  beginConnection(): void {
    this.#evaluator.beginConnection();
  }

  /** Applies an event of the stream; throws if the client must reconnect (the cursor is dropped then). */
  applyEvent(name: string, data: string, id?: string): TransferProgress {
    const before = name === COMMIT ? this.#held?.copy() : undefined;
    const progress = JSON.parse(this.#evaluator.applyEvent(name, data, id)) as TransferProgress;
    if (progress.step === 'committed') {
      this.#replaced(before);
    }
    return progress;
  }

  /** The cursor of the stream, to be sent as `Last-Event-ID`. */
  cursor(): string | undefined {
    return this.#evaluator.cursor() ?? undefined;
  }

  /** Why flags are broken. */
  issues(): Issue[] {
    return JSON.parse(this.#evaluator.issues()) as Issue[];
  }

  /** The first instant after `since`, both in milliseconds since 1970, at which an outcome may change by time alone. */
  nextBoundary(since: number): number | undefined {
    return this.#evaluator.nextBoundary(since) ?? undefined;
  }

  /** The keys of the flags whose outcome time alone may have changed after `since`, until `until`. */
  changedBetween(since: number, until: number): string[] {
    return JSON.parse(this.#evaluator.changedBetween(since, until)) as string[];
  }

  /** A message if a context has no `targetingKey`, but an attribute with a name that other systems use for the user's key. */
  userKeyHint(context: unknown): string | undefined {
    try {
      return this.#isPacking ? undefined : (this.#evaluator.userKeyHint(readAny(context).text) ?? undefined);
    } catch {
      // A getter of the context throws; the evaluation reports it.
      return undefined;
    }
  }

  /** The keys of all flags, in order. */
  keys(): string[] {
    return JSON.parse(this.#evaluator.keys()) as string[];
  }

  /** The keys of the flags marked `clientSide`, in order. */
  clientSideKeys(): string[] {
    return JSON.parse(this.#evaluator.clientSideKeys()) as string[];
  }

  /** Evaluates a flag now; `type` is the expected type, `null` takes any. */
  evaluate(key: string, type: ExpectedType | null, context: unknown): CachedOutcome {
    if (this.#isPacking) {
      // A getter of the context that is being written evaluates a flag: the shared memory is in use.
      return this.#evaluateText(key, type, readAny(context).text, this.#clock.now());
    }
    const flag = this.#flags.get(key) ?? this.#describe(key);
    if (flag === undefined) {
      return this.#evaluateUnknown(key, type, context);
    }
    const typeId = type === null ? ANY_TYPE : TYPE_IDS[type];
    const constant = flag.constants[typeId];
    if (constant !== undefined && isSurelyValid(context)) {
      return constant;
    }
    // The clock is read only if time matters, since that costs as much as the rest.
    const now = flag.descriptor.isTimed ? this.#clock.now() : 0;
    if (isPrepared(context)) {
      const contextId = isValid(context) ? this.#contexts.idOf(context) : SHARED;
      return this.#evaluateStored(flag, type, contextId, textOf(context), now);
    }
    const id = this.#outcomeIdOf(flag.descriptor, typeId, context, now);
    return flag.outcomes[typeId]?.get(id) ?? this.#addOutcome(flag, type, readAny(context).text, now);
  }

  /** Evaluates all flags now, in the order of keys. */
  evaluateAll(context: unknown): CachedOutcome[] {
    const now = this.#clock.now();
    const { text, isValid } = readAny(context);
    if (this.#isPacking || !isValid) {
      return this.#evaluateAllText(this.keys(), text, now);
    }
    if (isPrepared(context)) {
      return this.#evaluateAllStored(this.#contexts.idOf(context), text, now);
    }
    const contextId = this.#evaluator.storeContext(text);
    try {
      return this.#evaluateAllStored(contextId, text, now);
    } finally {
      this.#evaluator.releaseContext(contextId);
    }
  }

  /** The current revision, which can be evaluated for as long as the result is held. */
  hold(): Revision {
    this.#held ??= new HeldRevision(this, this.#evaluator, this.#clock);
    return this.#held;
  }

  /** The snapshot was replaced; `before` is an evaluator of the previous one if that is held. */
  #replaced(before: Evaluator | undefined): void {
    this.#held?.detach(before);
    this.#held = undefined;
    this.#flags.clear();
    this.#unknownFlags.clear();
    this.#all = undefined;
    this.#values.update();
  }

  /** Reads the descriptor of a flag that is evaluated for the first time since the last update. */
  #describe(key: string): KnownFlag | undefined {
    const text = this.#unknownFlags.has(key) ? undefined : (this.#evaluator.describeFlag(key) ?? undefined);
    if (text === undefined) {
      return undefined;
    }
    const flag = { key, descriptor: JSON.parse(text) as FlagDescriptor, outcomes: [], constants: [] };
    this.#flags.set(key, flag);
    return flag;
  }

  #evaluateUnknown(key: string, type: ExpectedType | null, context: unknown): CachedOutcome {
    const known = this.#unknownFlags.get(key);
    if (known !== undefined && isSurelyValid(context)) {
      return known;
    }
    const { text, isValid } = readAny(context);
    const outcome = this.#evaluateText(key, type, text, this.#clock.now());
    if (isValid) {
      if (this.#unknownFlags.size >= MAX_UNKNOWN_FLAGS) {
        this.#unknownFlags.clear();
      }
      this.#unknownFlags.set(key, outcome);
    }
    return outcome;
  }

  /** Shared memory of at least `bytes` bytes; a new view if the core has moved it. */
  #sharedMemory(bytes: number): SharedMemory {
    if (this.#memory.bytes.length < bytes) {
      this.#memory = new SharedMemory(this.#evaluator.sharedMemory(bytes));
    }
    return this.#memory;
  }

  /** The id of the outcome for a context that is written to shared memory; none if it must be passed as text. */
  #outcomeIdOf({ position, isTimed, paths }: FlagDescriptor, typeId: number, context: unknown, now: number): number {
    if (paths === null) {
      return NO_ID;
    }
    const memory = this.#sharedMemory(CONTEXT_BYTES);
    this.#isPacking = true;
    try {
      if (!memory.pack(context === undefined ? EMPTY_CONTEXT : context, paths)) {
        return NO_ID;
      }
    } catch {
      // A getter of the context threw, which the encoder handles.
      return NO_ID;
    } finally {
      this.#isPacking = false;
    }
    if (isTimed) {
      memory.numbers[0] = now;
    }
    return this.#evaluator.outcomeId(position, typeId, SHARED);
  }

  /**
   * Evaluates a flag and adds the outcome to the cache. It evaluates text, and does not read the caller's object a second time: getters that
   * return another value each time must not make the cache wrong.
   */
  #addOutcome(flag: KnownFlag, type: ExpectedType | null, text: string, now: number): CachedOutcome {
    const contextId = this.#evaluator.storeContext(text);
    try {
      return this.#evaluateStored(flag, type, contextId, text, now);
    } finally {
      this.#evaluator.releaseContext(contextId);
    }
  }

  /** Evaluates a flag for a stored context; `text` is the same context. */
  #evaluateStored(
    flag: KnownFlag,
    type: ExpectedType | null,
    contextId: number,
    text: string,
    now: number,
  ): CachedOutcome {
    const typeId = type === null ? ANY_TYPE : TYPE_IDS[type];
    const id = contextId === SHARED ? NO_ID : this.#outcomeIdOfStored(flag.descriptor, typeId, contextId, now);
    const cached = flag.outcomes[typeId]?.get(id);
    if (cached !== undefined) {
      return cached;
    }
    const outcome = this.#evaluateText(flag.key, type, text, now);
    if (id !== NO_ID) {
      flag.outcomes[typeId] ??= new Map();
      flag.outcomes[typeId].set(id, outcome);
      flag.constants[typeId] = flag.descriptor.isConstant ? outcome : undefined;
    }
    return outcome;
  }

  #outcomeIdOfStored({ position, isTimed }: FlagDescriptor, typeId: number, contextId: number, now: number): number {
    if (isTimed) {
      this.#sharedMemory(CONTEXT_BYTES).numbers[0] = now;
    }
    return this.#evaluator.outcomeId(position, typeId, contextId);
  }

  /** Evaluates all flags for a stored context; `text` is the same context. */
  #evaluateAllStored(contextId: number, text: string, now: number): CachedOutcome[] {
    this.#all ??= this.keys().map((key) => ({ key, outcomes: new Map() }));
    const all = this.#all;
    const bytes = Math.max(CONTEXT_BYTES, 4 * (IDS_START + all.length));
    this.#sharedMemory(bytes).numbers[0] = now;
    if (contextId === SHARED || !this.#evaluator.outcomeIds(contextId)) {
      return this.#evaluateAllText(this.keys(), text, now);
    }
    // The core may have moved its memory, and with it what was written.
    const { integers } = this.#sharedMemory(bytes);
    const outcomes: CachedOutcome[] = [];
    const missing: { position: number; id: number }[] = [];
    for (let position = 0; position < all.length; position += 1) {
      const id = integers[IDS_START + position] as number;
      const outcome = (all[position] as FlagOutcomes).outcomes.get(id);
      if (outcome === undefined) {
        missing.push({ position, id });
      }
      outcomes.push(outcome as CachedOutcome);
    }
    // Evaluated one by one, each flag costs about twice as much.
    const isMost = 2 * missing.length > all.length;
    const evaluated = isMost ? this.#evaluateAllText(this.keys(), text, now) : undefined;
    for (const { position, id } of missing) {
      const flag = all[position] as FlagOutcomes;
      const outcome = evaluated?.[position] ?? this.#evaluateText(flag.key, null, text, now);
      outcomes[position] = outcome;
      if (id !== NO_ID) {
        flag.outcomes.set(id, outcome);
      }
    }
    return outcomes;
  }

  #evaluateText(key: string, type: ExpectedType | null, text: string, now: number): CachedOutcome {
    return this.#outcome(key, JSON.parse(this.#evaluator.evaluate(key, type, 'null', text, now)) as Outcome);
  }

  #evaluateAllText(keys: readonly string[], text: string, now: number): CachedOutcome[] {
    const { flags } = JSON.parse(this.#evaluator.evaluateAll(text, now)) as { flags: Record<string, Outcome> };
    return keys.map((key) => this.#outcome(key, flags[key] as Outcome));
  }

  #outcome(key: string, outcome: Outcome): CachedOutcome {
    outcome.value = this.#values.intern(key, outcome.value);
    return new CachedOutcome(key, outcome);
  }
}

/** The event that replaces the snapshot. */
const COMMIT = 'payload-transferred';

/** A revision that is held: that of `current` until it is replaced, and then a copy, which is made only if it is used. */
class HeldRevision implements Revision {
  #current: CachingEvaluator | undefined;
  #copy: Evaluator;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(current: CachingEvaluator, evaluator: Evaluator, clock: Pick<Clock, 'now'>) {
    this.#current = current;
    this.#copy = evaluator;
    this.#clock = clock;
  }

  get evaluator(): CachingEvaluator {
    this.#current ??= new CachingEvaluator(this.#copy, this.#clock);
    return this.#current;
  }

  /** An evaluator of this revision that is independent of the one that is updated. */
  copy(): Evaluator {
    return this.#copy.copy();
  }

  detach(copy: Evaluator | undefined): void {
    if (copy !== undefined) {
      this.#copy = copy;
      this.#current = undefined;
    }
  }
}
