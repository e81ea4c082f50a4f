/**
 * Evaluation as JavaScript does it: what was answered once is kept here, and what must be evaluated is asked for in numbers
 * (docs/adr/0011).
 */

import { Answer } from './answer.js';
import type { Clock } from './clock.js';
import { encodeContext, isPlainObject, isTargetingKey, ownMember } from './encode.js';
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
import { isPrepared, type Keeper, nameOf, type PreparedContext, textOf } from './prepared.js';

/** The name of the context in shared memory, and of no context that is kept. */
const SHARED = 0;

/** What stands for no outcome. */
const NO_NUMBER = -1;

/** Where the numbers of all flags begin, in 32-bit integers. */
const NUMBERS = 2;

/** So many outcomes that are not known yet are asked for one by one; more of them all at once. */
const FEW = 8;

const NOBODY = Object.freeze({});

/** A flag of the snapshot, and what it has answered so far. */
interface KnownFlag {
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

/** An outcome that is not known yet. */
interface Unknown {
  readonly position: number;
  readonly number: number;
  readonly flag: Asked;
}

/** An evaluator and what JavaScript knows of its snapshot. Commits go through it, so that it never knows what is no longer true. */
export class Engine implements Keeper {
  readonly #evaluator: Evaluator;
  readonly #clock: Pick<Clock, 'now'>;
  #memory: SharedMemory;
  readonly #flags = new Map<string, KnownFlag>();
  /** Every flag, by position; made when it is needed. */
  #all: Asked[] | undefined;
  /** What contexts are called in the evaluator. */
  readonly #names = new WeakMap<PreparedContext, number>();
  readonly #dropped: FinalizationRegistry<number>;

  constructor(evaluator: Evaluator, clock: Pick<Clock, 'now'>) {
    this.#evaluator = evaluator;
    this.#clock = clock;
    this.#memory = new SharedMemory(evaluator.share(CONTEXT_BYTES));
    this.#dropped = new FinalizationRegistry((name) => evaluator.forget(name));
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

  /** The next instant, in milliseconds since 1970, at which an outcome may change by time alone. */
  nextBoundary(): number | undefined {
    return this.#evaluator.nextBoundary(this.#clock.now()) ?? undefined;
  }

  /** The keys of all flags, in order. */
  keys(): string[] {
    return JSON.parse(this.#evaluator.keys()) as string[];
  }

  /** What a flag answers somebody who asks for a type, or for any, now. */
  answer(key: string, type: ValueType | null, context: unknown): Answer {
    const flag = this.#flags.get(key) ?? this.#meet(key);
    if (flag === undefined) {
      return this.#tell(key, type, toText(context), this.#clock.now());
    }
    const kind = type === null ? ANY_TYPE : TYPE_NUMBERS[type];
    const constant = flag.constants[kind];
    if (constant !== undefined && this.#isValid(context)) {
      return constant;
    }
    // Where time has no say, any instant will do, and reading the clock costs as much as the rest.
    const now = flag.description.isTimed ? this.#clock.now() : 0;
    const number = this.#number(flag.description, kind, context, now);
    return flag.answers[kind]?.get(number) ?? this.#learn(key, flag, type, toText(context), now);
  }

  /** What every flag answers somebody now, in the order of keys. */
  answers(context: unknown): Answer[] {
    const now = this.#clock.now();
    const text = toText(context);
    if (isPrepared(context)) {
      return this.#answers(nameOf(context, this), text, now);
    }
    const name = this.#evaluator.keep(text);
    try {
      return this.#answers(name, text, now);
    } finally {
      this.#evaluator.forget(name);
    }
  }

  keep(context: PreparedContext, text: string): number {
    const held = this.#names.get(context);
    if (held !== undefined) {
      return held;
    }
    const name = this.#evaluator.keep(text);
    this.#names.set(context, name);
    this.#dropped.register(context, name);
    return name;
  }

  #forget(): void {
    this.#flags.clear();
    this.#all = undefined;
  }

  /** A flag that is asked for the first time since the last commit. */
  #meet(key: string): KnownFlag | undefined {
    const text = this.#evaluator.describe(key) ?? undefined;
    if (text === undefined) {
      return undefined;
    }
    const flag = { description: JSON.parse(text) as Description, answers: [], constants: [] };
    this.#flags.set(key, flag);
    return flag;
  }

  /** Memory of at least `bytes` bytes; another one where the core has moved it. */
  #share(bytes: number): SharedMemory {
    if (this.#memory.bytes.length < bytes) {
      this.#memory = new SharedMemory(this.#evaluator.share(bytes));
    }
    return this.#memory;
  }

  #isValid(context: unknown): boolean {
    if (context === undefined) {
      return true;
    }
    if (isPrepared(context)) {
      return nameOf(context, this) !== SHARED;
    }
    try {
      return isPlainObject(context) && isTargetingKey(ownMember(context, 'targetingKey'));
    } catch {
      // A revoked proxy.
      return false;
    }
  }

  /** The number of an outcome, or none where the context crosses as text. */
  #number({ position, isTimed, paths }: Description, kind: number, context: unknown, now: number): number {
    const memory = this.#share(CONTEXT_BYTES);
    if (isTimed) {
      memory.numbers[0] = now;
    }
    if (isPrepared(context)) {
      const name = nameOf(context, this);
      return name === SHARED ? NO_NUMBER : this.#evaluator.number(position, kind, name);
    }
    try {
      const isPacked = paths !== null && memory.pack(context === undefined ? NOBODY : context, paths);
      return isPacked ? this.#evaluator.number(position, kind, SHARED) : NO_NUMBER;
    } catch {
      // A getter that throws; the encoder knows what to make of it.
      return NO_NUMBER;
    }
  }

  /**
   * Evaluates by text, and keeps the answer. Its number is that of the text: an object whose getters say something else each time they are
   * read may not spoil the answers to others.
   */
  #learn(key: string, flag: KnownFlag, type: ValueType | null, text: string, now: number): Answer {
    const answer = this.#tell(key, type, text, now);
    const kind = type === null ? ANY_TYPE : TYPE_NUMBERS[type];
    const name = this.#evaluator.keep(text);
    if (name !== SHARED) {
      this.#share(CONTEXT_BYTES).numbers[0] = now;
      const number = this.#evaluator.number(flag.description.position, kind, name);
      this.#evaluator.forget(name);
      if (number !== NO_NUMBER) {
        flag.answers[kind] ??= new Map();
        flag.answers[kind].set(number, answer);
        flag.constants[kind] = flag.description.isConstant ? answer : undefined;
      }
    }
    return answer;
  }

  #answers(name: number, text: string, now: number): Answer[] {
    this.#all ??= this.keys().map((key) => ({ key, answers: new Map() }));
    const bytes = Math.max(CONTEXT_BYTES, 4 * (NUMBERS + this.#all.length));
    this.#share(bytes).numbers[0] = now;
    const hasNumbers = this.#evaluator.numbers(name);
    // The core may have moved its memory, and what was written went with it.
    const { integers } = this.#share(bytes);
    const answers: Answer[] = [];
    const unknown: Unknown[] = [];
    for (let position = 0; position < this.#all.length; position += 1) {
      const flag = this.#all[position] as Asked;
      const number = hasNumbers ? (integers[NUMBERS + position] as number) : NO_NUMBER;
      const answer = flag.answers.get(number);
      if (answer === undefined) {
        unknown.push({ position, number, flag });
      }
      answers.push(answer as Answer);
    }
    const outcomes = unknown.length > FEW ? this.#tellAll(text, now) : {};
    for (const { position, number, flag } of unknown) {
      const outcome = outcomes[flag.key];
      const answer = outcome === undefined ? this.#tell(flag.key, null, text, now) : new Answer(flag.key, outcome);
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

  #tellAll(text: string, now: number): Record<string, Outcome> {
    return (JSON.parse(this.#evaluator.evaluateAll(text, now)) as { flags: Record<string, Outcome> }).flags;
  }
}

function toText(context: unknown): string {
  return isPrepared(context) ? textOf(context) : encodeContext(context);
}
