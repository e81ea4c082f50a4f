/// <reference lib="esnext.disposable" preserve="true" />

import { type Cancel, type Clock, systemClock } from './clock.js';
import { type Details, toDetails, toFailure } from './details.js';
import { encodeContext } from './encode.js';
import type { Commit, Evaluator, Issue, JsonValue, Outcome, ValueType } from './evaluator.js';
import { Emitter } from './events.js';
import { describe } from './stream.js';
import { Sync } from './sync.js';
import type { Remote } from './transport.js';

/**
 * Who is asking: a plain object. `targetingKey` is the user's key; every other member is an attribute, and one that is an object
 * with a `key` is a further kind of context. A value that JSON has no word for reads as missing.
 */
export interface Context {
  targetingKey?: string | undefined;
  [attribute: string]: unknown;
}

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
  #evaluator: Evaluator | undefined;
  #sync: Sync | undefined;
  #disarmBoundary: Cancel = () => {};
  #status: Status = 'NOT_READY';
  #hasSnapshot = false;
  #revision = 0;
  readonly #warned = new Set<string>();
  #phase: 'new' | 'started' | 'broken' | 'closed' = 'new';

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#clock = surroundings.clock ?? systemClock;
    this.#logger = surroundings.logger ?? console;
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
    return this.#ask((evaluator) => JSON.parse(evaluator.issues()) as Issue[], []);
  }

  /** Listens; what is returned stops listening. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  off<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): void {
    this.#events.off(name, listener);
  }

  getBooleanValue(flag: string, fallback: boolean, context?: Context): boolean {
    return this.getBooleanDetails(flag, fallback, context).value;
  }

  getStringValue(flag: string, fallback: string, context?: Context): string {
    return this.getStringDetails(flag, fallback, context).value;
  }

  getNumberValue(flag: string, fallback: number, context?: Context): number {
    return this.getNumberDetails(flag, fallback, context).value;
  }

  /** The value is the caller's own: changing it changes no other answer. */
  getObjectValue<T extends JsonValue = JsonValue>(flag: string, fallback: T, context?: Context): T {
    return this.getObjectDetails(flag, fallback, context).value;
  }

  getBooleanDetails(flag: string, fallback: boolean, context?: Context): Details<boolean> {
    return this.#details(flag, 'boolean', fallback, context);
  }

  getStringDetails(flag: string, fallback: string, context?: Context): Details<string> {
    return this.#details(flag, 'string', fallback, context);
  }

  getNumberDetails(flag: string, fallback: number, context?: Context): Details<number> {
    return this.#details(flag, 'number', fallback, context);
  }

  getObjectDetails<T extends JsonValue = JsonValue>(flag: string, fallback: T, context?: Context): Details<T> {
    return this.#details(flag, 'object', fallback, context);
  }

  /** Every flag of the snapshot for one context; the value is `undefined` where a flag is broken. */
  evaluateAll(context?: Context): Record<string, Details<JsonValue | undefined>> {
    return this.#ask((evaluator) => {
      const answer = JSON.parse(evaluator.evaluateAll(encodeContext(context), this.#clock.now())) as {
        flags: Record<string, Outcome>;
      };
      return Object.fromEntries(
        Object.entries(answer.flags).map(([key, outcome]) => [
          key,
          toDetails<JsonValue | undefined>(key, outcome, undefined),
        ]),
      );
    }, {});
  }

  /** Ends every connection and timer. The last values go on being served; closing again does nothing. */
  async close(): Promise<void> {
    if (this.#phase === 'closed') {
      return;
    }
    this.#phase = 'closed';
    this.#sync?.stop();
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
    this.#evaluator = evaluator;
    this.#current(JSON.parse(evaluator.load(document)) as Commit);
  }

  #details<T>(flag: string, type: ValueType, fallback: T, context: Context | undefined): Details<T> {
    const evaluator = this.#evaluator;
    if (evaluator === undefined || !this.#hasSnapshot) {
      return toFailure(flag, 'PROVIDER_NOT_READY', undefined, fallback);
    }
    try {
      const text = evaluator.evaluate(flag, type, 'null', encodeContext(context), this.#clock.now());
      return toDetails(flag, JSON.parse(text) as Outcome, fallback);
    } catch (error) {
      return toFailure(flag, 'GENERAL', describe(error), fallback);
    }
  }

  /** Asks the evaluator, or answers `fallback` where there is none or it fails. */
  #ask<T>(question: (evaluator: Evaluator) => T, fallback: T): T {
    try {
      return this.#evaluator === undefined ? fallback : question(this.#evaluator);
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
    this.#evaluator = evaluator;
    this.#sync = new Sync(remote, evaluator, this.#clock, {
      current: (commit) => this.#current(commit),
      outdated: (reason, denied) => this.#outdated(reason, denied),
    });
    this.#sync.start();
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
    const boundary = this.#ask((evaluator) => evaluator.nextBoundary(this.#clock.now()), undefined);
    if (typeof boundary !== 'number') {
      return;
    }
    this.#disarmBoundary = this.#clock.after(boundary - this.#clock.now(), () => {
      const isPast = this.#clock.now() >= boundary;
      this.#armBoundary();
      if (isPast && this.#events.has('change')) {
        // Which flags name the instant is the core's secret; that any may have changed is true.
        this.#events.emit('change', { flags: Object.keys(this.evaluateAll()) });
      }
    });
  }
}
