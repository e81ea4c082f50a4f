/// <reference lib="esnext.disposable" preserve="true" />

import { Answer } from './answer.js';
import { type Cancel, type Clock, systemClock } from './clock.js';
import { type Details, toFailure } from './details.js';
import { Engine } from './engine.js';
import type { Commit, ErrorCode, Evaluator, Issue, JsonValue, ValueType } from './evaluator.js';
import { Emitter } from './events.js';
import type { PreparedContext } from './prepared.js';
import { Reporter } from './report.js';
import { describe } from './stream.js';
import { Sync } from './sync.js';
import type { Remote } from './transport.js';
import { Usage } from './usage.js';

/**
 * Who is asking: a plain object. `targetingKey` is the user's key; every other member is an attribute, and one that is an object
 * with a `key` is a further kind of context. A value that JSON has no word for reads as missing.
 */
export interface Context {
  targetingKey?: string | undefined;
  [attribute: string]: unknown;
}

/** Who a getter asks for: an object that is read anew with each call, or one that was read before. */
export type Asker = Context | PreparedContext;

/**
 * `NOT_READY`: no snapshot yet. `READY`: the snapshot is what the server has. `STALE`: the last known good snapshot is served, the
 * server has not confirmed it. `ERROR`: no snapshot, and the server refuses the key. In all of them the client keeps trying.
 */
export type Status = 'NOT_READY' | 'READY' | 'STALE' | 'ERROR';

/** How the wait for the first snapshot ended. */
export type Readiness = 'READY' | 'STALE' | 'TIMED_OUT' | 'FAILED';

export interface ClientEvents {
  /** Flags whose outcome may have changed, by a new snapshot or because an instant that a flag names has passed. */
  change: { flags: readonly string[] };
  status: { status: Status };
}

/** Where warnings go; `console` is one. A condition is told when it begins, not over and over. */
export interface Logger {
  warn(message: string): void;
}

/** What an environment gives its client. */
export interface Surroundings {
  /** Opens the evaluator; called once, when the client starts. */
  open(): Evaluator | Promise<Evaluator>;
  /** Where snapshots come from; `undefined` for a client that never connects. */
  remote: Remote | undefined;
  /** Whether what is answered is counted and reported; `true` unless given. */
  usage?: boolean | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
}

const READY_TIMEOUT_MS = 5_000;

/**
 * Flags of one environment, evaluated in this process.
 *
 * Getters are synchronous; they never throw and never wait. Whatever is wrong, they answer the caller's default, and the details
 * say why. The client does not keep a process running.
 */
export class FlagClient {
  readonly #surroundings: Surroundings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #events: Emitter<ClientEvents>;
  #engine: Engine | undefined;
  #sync: Sync | undefined;
  readonly #usage: Usage | undefined;
  #reporter: Reporter | undefined;
  #disarmBoundary: Cancel = () => {};
  /** Until when it has been told of what time alone has changed, in milliseconds since 1970. */
  #timeToldUntil: number | undefined;
  #status: Status = 'NOT_READY';
  #hasSnapshot = false;
  #revision = 0;
  readonly #warned = new Set<string>();
  #phase: 'new' | 'started' | 'broken' | 'closed' = 'new';

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#clock = surroundings.clock ?? systemClock;
    this.#logger = surroundings.logger ?? console;
    const isCounting = surroundings.remote?.identity !== undefined && surroundings.usage !== false;
    this.#usage = isCounting ? new Usage() : undefined;
    this.#events = new Emitter((error) => this.#logger.warn(`flagstaff: a listener threw: ${describe(error)}`));
  }

  /** Begins to follow the server. Does nothing the second time; {@link ready} does it too. */
  start(): void {
    if (this.#phase !== 'new') {
      return;
    }
    this.#phase = 'started';
    try {
      const opened = this.#surroundings.open();
      if (opened instanceof Promise) {
        opened.then(
          (evaluator) => this.#follow(evaluator),
          (error: unknown) => this.#break(error),
        );
      } else {
        this.#follow(opened);
      }
    } catch (error) {
      this.#break(error);
    }
  }

  /**
   * Starts the client and waits for its first snapshot, at most `timeoutMs` (5 s unless given). Never rejects. After `TIMED_OUT` and
   * `FAILED` the client goes on trying; only an evaluator that does not load is final.
   */
  ready({ timeoutMs = READY_TIMEOUT_MS }: { timeoutMs?: number } = {}): Promise<Readiness> {
    this.start();
    return new Promise((resolve) => {
      const settle = () => {
        const readiness = this.#readiness();
        if (readiness !== undefined) {
          finish(readiness);
        }
      };
      // It holds the process: whoever awaits this wants the answer.
      const cancel = this.#clock.after(timeoutMs, () => finish('TIMED_OUT'), true);
      const unsubscribe = this.#events.on('status', settle);
      function finish(readiness: Readiness): void {
        cancel();
        unsubscribe();
        resolve(readiness);
      }
      settle();
    });
  }

  #readiness(): Readiness | undefined {
    if (this.#status === 'READY' || this.#status === 'STALE') {
      return this.#status;
    }
    const isHopeless = this.#status === 'ERROR' || this.#phase === 'broken' || this.#phase === 'closed';
    return isHopeless ? 'FAILED' : undefined;
  }

  get status(): Status {
    return this.#status;
  }

  /** The revision of the snapshot that is served; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** What is wrong with the flags of the snapshot. */
  get issues(): Issue[] {
    return this.#ask((engine) => engine.issues(), []);
  }

  /** Listens; what is returned stops listening. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  off<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): void {
    this.#events.off(name, listener);
  }

  getBooleanValue(flag: string, fallback: boolean, context?: Asker): boolean {
    return this.#value(flag, 'boolean', fallback, context);
  }

  getStringValue(flag: string, fallback: string, context?: Asker): string {
    return this.#value(flag, 'string', fallback, context);
  }

  getNumberValue(flag: string, fallback: number, context?: Asker): number {
    return this.#value(flag, 'number', fallback, context);
  }

  /** The value is the caller's own: changing it changes no other answer. */
  getObjectValue<T extends JsonValue = JsonValue>(flag: string, fallback: T, context?: Asker): T {
    return this.#value(flag, 'object', fallback, context);
  }

  getBooleanDetails(flag: string, fallback: boolean, context?: Asker): Details<boolean> {
    return this.#details(flag, 'boolean', fallback, context);
  }

  getStringDetails(flag: string, fallback: string, context?: Asker): Details<string> {
    return this.#details(flag, 'string', fallback, context);
  }

  getNumberDetails(flag: string, fallback: number, context?: Asker): Details<number> {
    return this.#details(flag, 'number', fallback, context);
  }

  getObjectDetails<T extends JsonValue = JsonValue>(flag: string, fallback: T, context?: Asker): Details<T> {
    return this.#details(flag, 'object', fallback, context);
  }

  /** Every flag of the snapshot for one context; the value is `undefined` where a flag is broken. */
  evaluateAll(context?: Asker): Record<string, Details<JsonValue | undefined>> {
    return this.#ask((engine) => {
      const all: Record<string, Details<JsonValue | undefined>> = {};
      for (const answer of engine.answers(context)) {
        this.#usage?.count(answer);
        set(all, answer.flag, answer.details<JsonValue | undefined>(undefined));
      }
      return all;
    }, {});
  }

  /** Ends every connection and timer. The last values go on being served; closing again does nothing. */
  async close(): Promise<void> {
    if (this.#phase === 'closed') {
      return;
    }
    this.#phase = 'closed';
    this.#sync?.stop();
    this.#reporter?.stop();
    this.#disarmBoundary();
    this.#become(this.#hasSnapshot ? 'STALE' : 'NOT_READY');
    this.#events.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Serves `document` from now on, without a server. Throws where it is refused whole. */
  protected adopt(evaluator: Evaluator, document: string): void {
    this.#phase = 'started';
    this.#engine = new Engine(evaluator, this.#clock);
    this.#current(this.#engine.load(document));
  }

  #value<T>(flag: string, type: ValueType, fallback: T, context: Asker | undefined): T {
    const answer = this.#answer(flag, type, context);
    // The core has compared the value's type with the one that the getter names.
    return answer instanceof Answer && answer.errorCode === null ? (answer.value() as T) : fallback;
  }

  #details<T>(flag: string, type: ValueType, fallback: T, context: Asker | undefined): Details<T> {
    const answer = this.#answer(flag, type, context);
    return answer instanceof Answer ? answer.details(fallback) : toFailure(flag, ...answer, fallback);
  }

  /** The answer, or the code and the message of a failure. */
  #answer(flag: string, type: ValueType, context: Asker | undefined): Answer | [ErrorCode, string | undefined] {
    if (this.#engine === undefined || !this.#hasSnapshot) {
      return ['PROVIDER_NOT_READY', undefined];
    }
    try {
      const answer = this.#engine.answer(flag, type, context);
      this.#usage?.count(answer);
      return answer;
    } catch (error) {
      return ['GENERAL', describe(error)];
    }
  }

  /** Asks the engine, or answers `fallback` where there is none or it fails. */
  #ask<T>(question: (engine: Engine) => T, fallback: T): T {
    try {
      return this.#engine === undefined ? fallback : question(this.#engine);
    } catch (error) {
      this.#warnOnce(`the evaluator failed: ${describe(error)}`);
      return fallback;
    }
  }

  #follow(evaluator: Evaluator): void {
    const { remote } = this.#surroundings;
    if (this.#phase === 'closed' || remote === undefined) {
      return;
    }
    this.#engine = new Engine(evaluator, this.#clock);
    this.#sync = new Sync(remote, this.#engine, this.#clock, {
      current: (commit) => this.#current(commit),
      outdated: (reason, denied) => this.#outdated(reason, denied),
    });
    this.#sync.start();
    if (this.#usage !== undefined) {
      this.#reporter = new Reporter(remote, this.#usage, this.#clock);
      this.#reporter.start();
    }
  }

  #break(error: unknown): void {
    this.#phase = 'broken';
    this.#warnOnce(`the evaluator did not load: ${describe(error)}`);
    this.#become('ERROR');
  }

  #current(commit: Commit | undefined): void {
    this.#hasSnapshot = true;
    this.#revision = commit?.revision ?? this.#revision;
    this.#warned.clear();
    this.#armBoundary();
    this.#become('READY');
    if (commit !== undefined && commit.changed.length > 0) {
      this.#events.emit('change', { flags: commit.changed });
    }
  }

  #outdated(reason: string, denied: boolean): void {
    this.#warnOnce(`${this.#hasSnapshot ? 'serving the last known values' : 'no values yet'}: ${reason}`);
    this.#become(this.#hasSnapshot ? 'STALE' : denied ? 'ERROR' : 'NOT_READY');
  }

  #become(status: Status): void {
    if (status !== this.#status) {
      this.#status = status;
      this.#events.emit('status', { status });
    }
  }

  /** Told once until the snapshot is fresh again, also where several things are wrong by turns. */
  #warnOnce(message: string): void {
    if (!this.#warned.has(message)) {
      this.#warned.add(message);
      this.#logger.warn(`flagstaff: ${message}`);
    }
  }

  /** Waits for the next instant at which flags change by time alone. */
  #armBoundary(): void {
    this.#disarmBoundary();
    // Not now: what time has changed since, before a commit came, is not told of by the commit.
    this.#timeToldUntil ??= this.#clock.now();
    const since = this.#timeToldUntil;
    const boundary = this.#ask((engine) => engine.nextBoundary(since), undefined);
    if (typeof boundary !== 'number') {
      return;
    }
    this.#disarmBoundary = this.#clock.after(boundary - this.#clock.now(), () => {
      const until = this.#clock.now();
      if (until < boundary) {
        this.#armBoundary();
        return;
      }
      const flags = this.#ask((engine) => engine.changedBetween(since, until), []);
      this.#timeToldUntil = until;
      this.#armBoundary();
      if (flags.length > 0) {
        this.#events.emit('change', { flags });
      }
    });
  }
}

/** Sets a member whatever its name; assigning to `__proto__` would do something else. */
function set<T>(members: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__') {
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    members[name] = value;
  }
}
