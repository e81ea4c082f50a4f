/**
 * Evaluation as JavaScript does it: what was answered once is kept here, and what must be evaluated is asked for in numbers
 * (docs/adr/0011).
 */

import { Answer } from './answer.js';
import type { Clock } from './clock.js';
import { isPlainObject, isTargetingKey, isTooLarge, ownMember, readContext } from './encode.js';
import {
  ANY_TYPE,
  type Commit,
  type Description,
  type Evaluator,
  type Issue,
  type Outcome,
  type Step,
  TYPE_NUMBERS,
  type ValueType,
} from './evaluator.js';
import { CONTEXT_BYTES, SharedMemory } from './pack.js';
import { foreignText, isPrepared, isValid, KeptContexts, textOf } from './prepared.js';

/** The name of the context in shared memory, and of no context that is kept. */
const SHARED = 0;

/** What stands for no outcome. */
const NO_NUMBER = -1;

/** Where the numbers of all flags begin, in 32-bit integers. */
const NUMBERS = 2;

/** So many flags that do not exist are remembered; a caller may make up any number of them. */
const STRANGERS = 1_000;

const NOBODY = Object.freeze({});

/** A flag of the snapshot, and what it has answered so far. */
interface KnownFlag {
  readonly key: string;
  readonly description: Description;
  /** By the number of the type, then by the number of the outcome. */
  readonly answers: Map<number, Answer>[];
  /** What it answers everybody, by the number of the type. */
  readonly constants: (Answer | undefined)[];
}

/** What a flag has answered those who asked for all, by the number of the outcome. */
interface Asked {
  readonly key: string;
  readonly answers: Map<number, Answer>;
}

/** An evaluator and what JavaScript knows of its snapshot. Commits go through it, so that it never knows what is no longer true. */
export class Engine {
  readonly #evaluator: Evaluator;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #kept: KeptContexts;
  #memory: SharedMemory;
  /** Whether a context is being read into shared memory, and so code of the caller's may be running. */
  #isPacking = false;
  readonly #flags = new Map<string, KnownFlag>();
  /** What flags answer that do not exist. */
  readonly #strangers = new Map<string, Answer>();
  /** Every flag, by position; made when it is needed. */
  #all: Asked[] | undefined;

  constructor(evaluator: Evaluator, clock: Pick<Clock, 'now'>) {
    this.#evaluator = evaluator;
    this.#clock = clock;
    this.#kept = new KeptContexts(evaluator);
    this.#memory = new SharedMemory(evaluator.share(CONTEXT_BYTES));
  }

  /** Replaces the snapshot by a whole document and forgets the cursor; throws where the document is refused whole. */
  load(document: string): Commit {
    const commit = JSON.parse(this.#evaluator.load(document)) as Commit;
    this.#forget();
    return commit;
  }

  /** A new connection begins: what was received of an unfinished transfer is dropped. */
  connected(): void {
    this.#evaluator.connected();
  }

  /** Takes one event of the stream; throws where the client must reconnect (the cursor is forgotten by then). */
  event(name: string, data: string, id?: string): Step {
    const step = JSON.parse(this.#evaluator.event(name, data, id)) as Step;
    if (step.step === 'committed') {
      this.#forget();
    }
    return step;
  }

  /** The position in the stream, to be sent as `Last-Event-ID`. */
  cursor(): string | undefined {
    return this.#evaluator.cursor() ?? undefined;
  }

  /** What is wrong with the snapshot's flags. */
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

  /** The keys of all flags, in order. */
  keys(): string[] {
    return JSON.parse(this.#evaluator.keys()) as string[];
  }

  /** What a flag answers somebody who asks for a type, or for any, now. */
  answer(key: string, type: ValueType | null, context: unknown): Answer {
    if (this.#isPacking) {
      // A getter of the context that is being read asks: the memory is not free.
      return this.#tell(key, type, readAny(context).text, this.#clock.now());
    }
    const flag = this.#flags.get(key) ?? this.#meet(key);
    if (flag === undefined) {
      return this.#tellNothing(key, type, context);
    }
    const kind = type === null ? ANY_TYPE : TYPE_NUMBERS[type];
    const constant = flag.constants[kind];
    if (constant !== undefined && isSurelyValid(context)) {
      return constant;
    }
    // Where time has no say, any instant will do, and reading the clock costs as much as the rest.
    const now = flag.description.isTimed ? this.#clock.now() : 0;
    if (isPrepared(context)) {
      const name = isValid(context) ? this.#kept.nameOf(context) : SHARED;
      return this.#answer(flag, type, name, textOf(context), now);
    }
    const number = this.#packed(flag.description, kind, context, now);
    return flag.answers[kind]?.get(number) ?? this.#learn(flag, type, readAny(context).text, now);
  }

  /** What every flag answers somebody now, in the order of keys. */
  answers(context: unknown): Answer[] {
    const now = this.#clock.now();
    const { text, isValid } = readAny(context);
    if (this.#isPacking || !isValid) {
      return this.#tellAll(this.keys(), text, now);
    }
    if (isPrepared(context)) {
      return this.#answers(this.#kept.nameOf(context), text, now);
    }
    const name = this.#evaluator.keep(text);
    try {
      return this.#answers(name, text, now);
    } finally {
      this.#evaluator.forget(name);
    }
  }

  #forget(): void {
    this.#flags.clear();
    this.#strangers.clear();
    this.#all = undefined;
  }

  /** A flag that is asked for the first time since the last commit. */
  #meet(key: string): KnownFlag | undefined {
    const text = this.#strangers.has(key) ? undefined : (this.#evaluator.describe(key) ?? undefined);
    if (text === undefined) {
      return undefined;
    }
    const flag = { key, description: JSON.parse(text) as Description, answers: [], constants: [] };
    this.#flags.set(key, flag);
    return flag;
  }

  /** What a flag answers that does not exist. */
  #tellNothing(key: string, type: ValueType | null, context: unknown): Answer {
    const known = this.#strangers.get(key);
    if (known !== undefined && isSurelyValid(context)) {
      return known;
    }
    const { text, isValid } = readAny(context);
    const answer = this.#tell(key, type, text, this.#clock.now());
    if (isValid) {
      if (this.#strangers.size >= STRANGERS) {
        this.#strangers.clear();
      }
      this.#strangers.set(key, answer);
    }
    return answer;
  }

  /** Memory of at least `bytes` bytes; another one where the core has moved it. */
  #share(bytes: number): SharedMemory {
    if (this.#memory.bytes.length < bytes) {
      this.#memory = new SharedMemory(this.#evaluator.share(bytes));
    }
    return this.#memory;
  }

  /** The number of an outcome for a context that goes through shared memory, or none where it must cross as text. */
  #packed({ position, isTimed, paths }: Description, kind: number, context: unknown, now: number): number {
    if (paths === null) {
      return NO_NUMBER;
    }
    const memory = this.#share(CONTEXT_BYTES);
    this.#isPacking = true;
    try {
      if (!memory.pack(context === undefined ? NOBODY : context, paths)) {
        return NO_NUMBER;
      }
    } catch {
      // A getter that throws; the encoder knows what to make of it.
      return NO_NUMBER;
    } finally {
      this.#isPacking = false;
    }
    if (isTimed) {
      memory.numbers[0] = now;
    }
    return this.#evaluator.number(position, kind, SHARED);
  }

  /**
   * Evaluates what is not known yet. It is learned from text, never from an object that is read twice: getters that say something else each
   * time may not spoil the answers to others.
   */
  #learn(flag: KnownFlag, type: ValueType | null, text: string, now: number): Answer {
    const name = this.#evaluator.keep(text);
    try {
      return this.#answer(flag, type, name, text, now);
    } finally {
      this.#evaluator.forget(name);
    }
  }

  /** What a flag answers for a context that is kept, `text` being the same. */
  #answer(flag: KnownFlag, type: ValueType | null, name: number, text: string, now: number): Answer {
    const kind = type === null ? ANY_TYPE : TYPE_NUMBERS[type];
    const number = name === SHARED ? NO_NUMBER : this.#number(flag.description, kind, name, now);
    const known = flag.answers[kind]?.get(number);
    if (known !== undefined) {
      return known;
    }
    const answer = this.#tell(flag.key, type, text, now);
    if (number !== NO_NUMBER) {
      flag.answers[kind] ??= new Map();
      flag.answers[kind].set(number, answer);
      flag.constants[kind] = flag.description.isConstant ? answer : undefined;
    }
    return answer;
  }

  #number({ position, isTimed }: Description, kind: number, name: number, now: number): number {
    if (isTimed) {
      this.#share(CONTEXT_BYTES).numbers[0] = now;
    }
    return this.#evaluator.number(position, kind, name);
  }

  /** What all flags answer for a context that is kept, `text` being the same. */
  #answers(name: number, text: string, now: number): Answer[] {
    this.#all ??= this.keys().map((key) => ({ key, answers: new Map() }));
    const all = this.#all;
    const bytes = Math.max(CONTEXT_BYTES, 4 * (NUMBERS + all.length));
    this.#share(bytes).numbers[0] = now;
    if (name === SHARED || !this.#evaluator.numbers(name)) {
      return this.#tellAll(this.keys(), text, now);
    }
    // The core may have moved its memory, and what was written went with it.
    const { integers } = this.#share(bytes);
    const answers: Answer[] = [];
    const unknown: { position: number; number: number }[] = [];
    for (let position = 0; position < all.length; position += 1) {
      const number = integers[NUMBERS + position] as number;
      const answer = (all[position] as Asked).answers.get(number);
      if (answer === undefined) {
        unknown.push({ position, number });
      }
      answers.push(answer as Answer);
    }
    // One by one costs about twice as much for each.
    const isMost = 2 * unknown.length > all.length;
    const told = isMost ? this.#tellAll(this.keys(), text, now) : undefined;
    for (const { position, number } of unknown) {
      const flag = all[position] as Asked;
      const answer = told?.[position] ?? this.#tell(flag.key, null, text, now);
      answers[position] = answer;
      if (number !== NO_NUMBER) {
        flag.answers.set(number, answer);
      }
    }
    return answers;
  }

  #tell(key: string, type: ValueType | null, text: string, now: number): Answer {
    return new Answer(key, JSON.parse(this.#evaluator.evaluate(key, type, 'null', text, now)) as Outcome);
  }

  #tellAll(keys: readonly string[], text: string, now: number): Answer[] {
    const { flags } = JSON.parse(this.#evaluator.evaluateAll(text, now)) as { flags: Record<string, Outcome> };
    return keys.map((key) => new Answer(key, flags[key] as Outcome));
  }
}

/** The text of whatever was given for a context, and whether it is known to be a valid one. */
function readAny(context: unknown): { text: string; isValid: boolean } {
  if (isPrepared(context)) {
    return { text: textOf(context), isValid: isValid(context) };
  }
  const foreign = foreignText(context);
  return foreign === undefined ? readContext(context) : { text: foreign, isValid: false };
}

/** Whether a context is valid, as far as that can be told at a glance. */
function isSurelyValid(context: unknown): boolean {
  if (context === undefined) {
    return true;
  }
  if (isPrepared(context)) {
    return isValid(context);
  }
  try {
    return isPlainObject(context) && isTargetingKey(ownMember(context, 'targetingKey')) && !isTooLarge(context);
  } catch {
    // A revoked proxy.
    return false;
  }
}
