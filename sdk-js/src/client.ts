/// <reference lib="esnext.disposable" preserve="true" />

import { reconnectDelay } from './backoff.js';
import { BoundaryTimer } from './boundary.js';
import type { Evaluated } from './cached-outcome.js';
import { CachingEvaluator } from './caching-evaluator.js';
import { type Cancel, type Clock, systemClock } from './clock.js';
import type { Details } from './details.js';
import { errorMessage } from './errors.js';
import { Evaluation, type EvaluationOptions } from './evaluation.js';
import type { Evaluator, ExpectedType, Issue, JsonValue, SnapshotUpdate } from './evaluator.js';
import { Emitter, KeyListeners } from './events.js';
import { Flags } from './flags.js';
import { Getters } from './getters.js';
import type { OverrideValues } from './overrides.js';
import { type ContextInput, contextOf } from './prepared.js';
import { Reporter } from './report.js';
import { type Follower, Sync, type SyncListener } from './sync.js';
import { TIMING } from './timing.js';
import type { ServerConnection } from './transport.js';
import type { ClientEvents, FlushOptions, Logger, Readiness, ReadyOptions, Status } from './types.js';
import { Usage } from './usage.js';
import { ReadyCalls, within } from './waiting.js';
import { Warnings } from './warnings.js';

/** The options of a {@link FlagClient}, which a platform's package sets. */
export interface FlagClientOptions extends EvaluationOptions {
  /** Opens an evaluator; called when the client starts, and again after an evaluator has failed. */
  open(): Evaluator | Promise<Evaluator>;
  /** The server; `undefined` for a client that never connects. */
  server: ServerConnection | undefined;
  /** How the flags are kept up to date; by default by the stream. */
  follow?: FollowFunction | undefined;
  /** Loads what was stored before the client was started; called before it follows the server. */
  restore?: ((evaluator: CachingEvaluator) => SnapshotUpdate | undefined) | undefined;
  /** Resolves when the received flags are stored; never rejects. */
  settle?: (() => Promise<void>) | undefined;
  /** Whether evaluations are counted and reported; `true` by default. */
  usage?: boolean | undefined;
  /**
   * For a platform on which timers do not run between requests: listeners are not called for changes by time alone, and only {@link FlagClient.flush}
   * reports usage, at most once in this many milliseconds.
   */
  reportIntervalMs?: number | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
}

/** Creates the object that keeps the flags up to date. */
export type FollowFunction = (
  server: ServerConnection,
  evaluator: CachingEvaluator,
  clock: Clock,
  listener: SyncListener,
) => Follower;

const FLUSH_TIMEOUT_MS = 2_000;

/**
 * Flags of one environment, evaluated in this process.
 *
 * Getters are synchronous, never throw and never wait. If a flag cannot be evaluated they return the caller's default, and the details give
 * the reason. The client does not keep a process running.
 */
export class FlagClient extends Getters {
  readonly #options: FlagClientOptions;
  readonly #clock: Clock;
  readonly #warnings: Warnings;
  readonly #events: Emitter<ClientEvents>;
  readonly #keyListeners: KeyListeners;
  readonly #ready: ReadyCalls;
  #evaluator: CachingEvaluator | undefined;
  /** The evaluator, once it has flags. */
  #current: CachingEvaluator | undefined;
  #follower: Follower | undefined;
  #boundary: BoundaryTimer | undefined;
  readonly #usage: Usage | undefined;
  #reporter: Reporter | undefined;
  readonly #evaluation: Evaluation;
  #status: Status = 'NOT_READY';
  /** Whether the server refuses the client: the next attempt is minutes away. */
  #isRefused = false;
  /** Whether the last attempt to reach the server has failed. */
  #isUnreachable = false;
  #revision = 0;
  #phase: 'new' | 'started' | 'broken' | 'closed' = 'new';
  #closing: Promise<boolean> = Promise.resolve(true);
  /** How often in a row the evaluator failed shortly after it was opened, and when it failed last. */
  #restarts = 0;
  #restartedAt = Number.NEGATIVE_INFINITY;
  #cancelRestart: Cancel = () => {};

  constructor(options: FlagClientOptions) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#warnings = new Warnings(options.logger ?? console);
    this.#ready = new ReadyCalls(this.#clock);
    const isCounting = options.server?.instance !== undefined && options.usage !== false;
    this.#usage = isCounting ? new Usage() : undefined;
    const report = (error: unknown) => this.#warnings.warn(`a listener threw: ${errorMessage(error)}`);
    this.#events = new Emitter(report);
    this.#keyListeners = new KeyListeners(report);
    this.#evaluation = new Evaluation(options, this.#usage, this.#warnings);
  }

  /** Begins to follow the server. Does nothing the second time; {@link ready} does it too. */
  start(): void {
    if (this.#phase !== 'new') {
      return;
    }
    this.#phase = 'started';
    this.#open();
  }

  #open(): void {
    try {
      const opened = this.#options.open();
      if (opened instanceof Promise) {
        opened.then(
          (evaluator) => this.#follow(evaluator),
          (error: unknown) => this.#fail(error),
        );
      } else {
        this.#follow(opened);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Starts the client and waits for flags, at most `timeoutMs` (5 s by default) or until `signal` is aborted. Never rejects. A client that has earlier
   * flags waits only until an attempt to reach the server has failed. After each result the client keeps trying, unless the evaluator cannot be loaded.
   */
  ready(options: ReadyOptions = {}): Promise<Readiness> {
    this.start();
    return this.#ready.wait(
      options,
      () => this.#settledReadiness(),
      () => (this.#hasSnapshot ? 'STALE' : 'TIMED_OUT'),
    );
  }

  get #hasSnapshot(): boolean {
    return this.#current !== undefined;
  }

  /** The result of waiting if waiting longer is pointless. */
  #settledReadiness(): Readiness | undefined {
    if (this.#status === 'READY') {
      return 'READY';
    }
    const isFinal = this.#isRefused || this.#phase === 'broken' || this.#phase === 'closed';
    if (this.#hasSnapshot) {
      return isFinal || this.#isUnreachable ? 'STALE' : undefined;
    }
    return isFinal ? 'FAILED' : undefined;
  }

  get status(): Status {
    return this.#status;
  }

  /** The revision of the snapshot; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** Why flags are broken. */
  get issues(): Issue[] {
    return this.#try((evaluator) => evaluator.issues(), []);
  }

  /** Adds a listener; the function that is returned removes it. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  off<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): void {
    this.#events.off(name, listener);
  }

  /** Calls `listener` whenever the outcome of this flag may have changed; the function that is returned removes it. */
  subscribe(flag: string, listener: () => void): () => void {
    return this.#keyListeners.add(flag, listener);
  }

  /** The flags of one context, each evaluated once and all in the current revision: for a request or a job. */
  forContext(context?: ContextInput): Flags {
    const evaluation = this.#evaluation;
    const own = evaluation.ownContext(context);
    const revision = this.#current?.hold();
    const evaluator = () => revision?.evaluator ?? this.#current;
    return new Flags({
      context: contextOf(own),
      evaluate: (flag, type) => evaluation.evaluateOwn(evaluator(), flag, type, own),
      evaluateAll: (isClientSide) => evaluation.evaluateAll(evaluator(), own, isClientSide),
    });
  }

  /** All flags of the snapshot for one context; the value of a broken flag is `undefined`. */
  evaluateAll(context?: ContextInput): Record<string, Details<JsonValue | undefined>> {
    return this.#evaluation.evaluateAll(this.#current, this.#evaluation.ownContext(context));
  }

  /**
   * Replaces the values of flags for all code that uses this client, until the result is disposed of: for tests and experiments.
   *
   * ```js
   * using _ = client.override({ 'new-checkout': true });
   * ```
   */
  override(values: OverrideValues): Disposable {
    const flags = Object.keys(values);
    const remove = this.#evaluation.override(values);
    this.#emitChange(flags);
    return {
      [Symbol.dispose]: () => {
        remove();
        this.#emitChange(flags);
      },
    };
  }

  /** Reports the evaluations that were counted so far, within `timeoutMs`; resolves with whether the server has them. Never rejects. */
  flush({ timeoutMs = FLUSH_TIMEOUT_MS, waitUntil }: FlushOptions = {}): Promise<boolean> {
    const sent = within(this.#clock, timeoutMs, this.#flush());
    waitUntil?.(sent);
    return sent;
  }

  async #flush(): Promise<boolean> {
    const settled = [this.#follower?.settle?.(), this.#options.settle?.()];
    const [isSent] = await Promise.all([this.#reporter?.flush() ?? true, ...settled]);
    return isSent;
  }

  /**
   * Ends all connections and timers, and reports the evaluations that were counted, within `timeoutMs` (2 s by default). Flags keep their
   * last values; closing again does nothing.
   */
  async close({ timeoutMs = FLUSH_TIMEOUT_MS }: { timeoutMs?: number } = {}): Promise<void> {
    if (this.#phase !== 'closed') {
      this.#phase = 'closed';
      this.#cancelRestart();
      this.#follower?.stop();
      this.#boundary?.stop();
      this.#setStatus(this.#hasSnapshot ? 'STALE' : 'NOT_READY');
      this.#events.clear();
      this.#keyListeners.clear();
      const ends = Promise.all([this.#reporter?.stop() ?? true, this.#options.settle?.()]);
      this.#closing = within(
        this.#clock,
        timeoutMs,
        ends.then(([isSent]) => isSent),
      );
    }
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Evaluates `document` from now on, without a server. Throws if it is refused as a whole. */
  protected loadDocument(evaluator: Evaluator, document: string): void {
    this.#phase = 'started';
    this.#markCurrent(this.#use(evaluator).load(document));
  }

  /**
   * Evaluates `document`, with this evaluator, until the server has sent its own flags; for a client without a server these flags are up to date. Throws
   * if the document is refused as a whole.
   */
  protected loadBootstrap(evaluator: Evaluator, document: string): void {
    if (this.#options.server === undefined) {
      this.loadDocument(evaluator, document);
      return;
    }
    this.#markStored(this.#use(evaluator).load(document));
  }

  protected evaluateFlag(flag: string, type: ExpectedType, context: ContextInput | undefined): Evaluated {
    return this.#evaluation.evaluate(this.#current, flag, type, context);
  }

  /** Calls the evaluator; returns `otherwise` if there is none or it fails. */
  #try<T>(call: (evaluator: CachingEvaluator) => T, otherwise: T): T {
    try {
      return this.#evaluator === undefined ? otherwise : call(this.#evaluator);
    } catch (error) {
      this.#warnings.warnOnce(`the evaluator failed: ${errorMessage(error)}`);
      return otherwise;
    }
  }

  #use(evaluator: Evaluator): CachingEvaluator {
    const caching = new CachingEvaluator(evaluator, this.#clock);
    this.#evaluator = caching;
    if ('trapped' in evaluator) {
      evaluator.trapped = (error) => this.#restart(caching, error);
    }
    const timed = {
      nextBoundary: (since: number) => this.#try(() => caching.nextBoundary(since), undefined),
      changedBetween: (since: number, until: number) => this.#try(() => caching.changedBetween(since, until), []),
    };
    if (this.#options.reportIntervalMs === undefined) {
      this.#boundary = new BoundaryTimer(this.#clock, timed, (flags) => this.#emitChange(flags));
    }
    return caching;
  }

  #follow(evaluator: Evaluator): void {
    const { server, follow = Sync.create, restore } = this.#options;
    if (this.#phase === 'closed' || (server === undefined && restore === undefined)) {
      return;
    }
    const caching = this.#evaluator ?? this.#use(evaluator);
    const stored = restore?.(caching);
    if (server === undefined) {
      this.#markCurrent(stored);
      return;
    }
    if (stored !== undefined) {
      this.#markStored(stored);
    }
    this.#follower = follow(server, caching, this.#clock, {
      current: (update) => this.#markCurrent(update),
      unreachable: (reason, isRefused) => this.#markUnreachable(reason, isRefused),
    });
    const { read } = this.#follower;
    if (read !== undefined) {
      this.#evaluation.onRead(read.bind(this.#follower));
    }
    this.#follower.start();
    if (this.#usage !== undefined) {
      const { reportIntervalMs } = this.#options;
      if (this.#reporter === undefined) {
        this.#reporter = new Reporter(server, this.#usage, this.#clock, reportIntervalMs);
        if (reportIntervalMs === undefined) {
          this.#reporter.start();
        }
      }
    }
  }

  /**
   * The evaluator has failed: another one is opened, and receives the flags again. Until then getters return the caller's default. If evaluators fail
   * again and again, the delays grow.
   */
  #restart(lost: CachingEvaluator, error: unknown): void {
    if (this.#phase !== 'started' || this.#evaluator !== lost) {
      return;
    }
    this.#warnings.warn(`the evaluator failed and is loaded anew: ${errorMessage(error)}`);
    this.#evaluator = undefined;
    this.#current = undefined;
    this.#follower?.stop();
    this.#boundary?.stop();
    this.#setStatus('NOT_READY');
    const now = this.#clock.now();
    this.#restarts = now - this.#restartedAt < TIMING.healthyAfter ? this.#restarts + 1 : 0;
    this.#restartedAt = now;
    const delay = this.#restarts === 0 ? 0 : reconnectDelay(this.#restarts, this.#clock.random());
    this.#cancelRestart = this.#clock.after(delay, () => this.#open());
  }

  #fail(error: unknown): void {
    this.#phase = 'broken';
    this.#warnings.warnOnce(`the evaluator cannot be loaded: ${errorMessage(error)}`);
    this.#setStatus('FAILED');
  }

  #markCurrent(update: SnapshotUpdate | undefined): void {
    this.#current = this.#evaluator;
    this.#isRefused = false;
    this.#isUnreachable = false;
    this.#revision = update?.revision ?? this.#revision;
    this.#warnings.reset();
    this.#boundary?.schedule();
    this.#setStatus('READY');
    if (update !== undefined && update.changed.length > 0) {
      this.#emitChange(update.changed);
    }
  }

  /** The client has flags of an earlier time. */
  #markStored({ revision }: SnapshotUpdate): void {
    this.#current = this.#evaluator;
    this.#revision = revision;
    this.#boundary?.schedule();
    this.#setStatus('STALE');
  }

  #markUnreachable(reason: string, isRefused: boolean): void {
    this.#isRefused = isRefused;
    this.#isUnreachable = true;
    this.#warnings.warnOnce(
      `${this.#hasSnapshot ? 'flags keep their last values' : 'no flags received yet'}: ${reason}`,
    );
    this.#setStatus(this.#hasSnapshot ? 'STALE' : isRefused ? 'FAILED' : 'NOT_READY');
  }

  #setStatus(status: Status): void {
    if (status !== this.#status) {
      this.#status = status;
      this.#events.emit('status', { status });
    }
    this.#ready.check();
  }

  #emitChange(flags: readonly string[]): void {
    this.#keyListeners.call(flags);
    this.#events.emit('change', { flags });
  }
}
