import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';
import type { JsonValue } from '../../../sdk-js/src/evaluator.js';
import type { Fetch } from '../../../sdk-js/src/transport.js';
import type { Context, Logger, Readiness, Status } from '../../../sdk-js/src/types.js';
import { readPageBootstrap } from './bootstrap.js';
import { hashText, loadValues, storeValues } from './cache.js';
import { toDetails, valueOr } from './details.js';
import { createExposures, type Exposures } from './exposure.js';
import { type Failure, toFailure } from './http.js';
import { Listeners } from './listeners.js';
import type { ClientEvents, ClientOptions } from './options.js';
import { createSigner, type Signature, type Signer } from './signature.js';
import { FlagStore } from './store.js';
import { after } from './timing.js';
import type { FlagDetails, FlagFallback, FlagKey, FlagListener, FlagSnapshot, FlagValue, Source } from './types.js';
import type { OpenValues, Values } from './values.js';
import { watchPage } from './visibility.js';

const READY_TIMEOUT_MS = 5_000;
/** Values older than this are requested again when the page is shown. */
const FRESH_MS = 300_000;

/**
 * The flags of one page, evaluated for the page's context.
 *
 * Getters are synchronous, never throw and never wait: they return the last known value, or the caller's fallback.
 */
export class PageClient {
  /** A text that identifies the server and the key. */
  readonly #origin: string;
  readonly #logger: Logger;
  readonly #cache: ClientOptions['cache'];
  readonly #store = new FlagStore();
  readonly #listeners = new Listeners();
  readonly #exposures: Exposures;
  readonly #signer: Signer;
  readonly #from: Values;
  /** The flags that the page was sent with. */
  readonly #initial = new FlagStore();
  /** The context as JSON represents it; `null` if it is not valid. */
  #context: Context;
  #contextText: string;
  /** The targeting key for which the values in use were evaluated. */
  #valuesOf: unknown;
  #source: Source = 'fallback';
  /** When the values were last known to be current, in milliseconds since 1970. */
  #currentAt = 0;
  #status: Status;
  /** Whether waiting for the server is pointless: it refuses the client, or it cannot be reached and there are values. */
  #isSettled = false;
  /** Whether the first values have arrived, or a wait for them has timed out. */
  #hasSettled = false;
  #stopWatching = () => {};
  #phase: 'new' | 'started' | 'closed' = 'new';
  readonly #warned = new Set<string>();
  /** Calls of {@link ready} that wait. */
  readonly #waiting = new Set<() => void>();

  /**
   * Does no I/O, except that it reads stored values. Throws a `TypeError` for a URL that is not valid and for an empty key.
   *
   * @internal
   */
  protected constructor(options: ClientOptions, open: OpenValues) {
    const { url, key, cache, signature, onExposure, fetch = globalFetch, logger = console } = options;
    if (!key) {
      throw new TypeError('expected an SDK key');
    }
    const server = { url: new URL(url).href, key, fetch };
    this.#origin = `${server.url},${key},`;
    this.#logger = logger;
    this.#cache = cache;
    this.#exposures = createExposures(onExposure);
    this.#signer = createSigner(signature);
    const bootstrap = options.bootstrap === false ? undefined : (options.bootstrap ?? readPageBootstrap());
    this.#contextText = encodeContext(options.context ?? bootstrap?.context ?? {});
    this.#context = JSON.parse(this.#contextText);
    this.#initial.replace(bootstrap?.flags ?? []);
    this.#from = open({
      server,
      signer: this.#signer,
      name: this.#name(''),
      listener: {
        current: this.#markCurrent,
        values: (flags) => this.#setValues(flags, 'live'),
        failed: this.#markUnreachable,
      },
    });
    this.#from.setContext(this.#context, this.#contextText);
    if (bootstrap !== undefined) {
      this.#setValues(bootstrap.flags, 'bootstrap');
    } else if (cache !== 'network-first') {
      this.#useStored();
    }
    this.#status = this.#staleOr('NOT_READY');
  }

  /** Begins to request values and to follow changes, or does so again after {@link close}. {@link ready} calls it for a new client. */
  start(): void {
    if (this.#phase === 'started') {
      return;
    }
    this.#phase = 'started';
    this.#stopWatching = watchPage({
      suspended: () => this.#from.pause(),
      resumed: () => this.#from.start(),
      focused: () => {
        if (Date.now() - this.#currentAt > FRESH_MS) {
          void this.#from.reload();
        }
      },
      offline: () => {
        this.#from.pause();
        this.#markUnreachable(toFailure('the browser is offline'));
      },
    });
    this.#from.start();
  }

  /** Starts the client and waits for the server's values, at most `timeoutMs` (5 s by default). Never rejects; the client keeps trying. */
  ready({ timeoutMs = READY_TIMEOUT_MS }: { timeoutMs?: number | undefined } = {}): Promise<Readiness> {
    if (this.#phase === 'new') {
      this.start();
    }
    return new Promise((resolve) => {
      const check = () => {
        if (this.#status === 'READY') {
          finish('READY');
        } else if (this.#isSettled || this.#phase === 'closed') {
          finish(this.#staleOr('FAILED'));
        }
      };
      const finish = (readiness: Readiness) => {
        cancel();
        this.#waiting.delete(check);
        if (!this.#hasSettled) {
          this.#hasSettled = true;
          this.#emitStatus();
        }
        resolve(readiness);
      };
      const cancel = after(timeoutMs, () => finish(this.#staleOr('TIMED_OUT')));
      this.#waiting.add(check);
      check();
    });
  }

  get status(): Status {
    return this.#status;
  }

  /** Where the values are from: `fallback` if there are none yet. */
  get source(): Source {
    return this.#source;
  }

  /** Like {@link source}, of one flag: it may be overridden. */
  sourceOf(key: string): Source {
    return this.#store.isOverridden(key) ? 'override' : this.#source;
  }

  /** Whether there are no values yet, and no wait for them has timed out. */
  get isLoading(): boolean {
    return !this.#hasValues && !this.#hasSettled;
  }

  /** The context in use, as JSON represents it. */
  get context(): Context {
    return this.#context;
  }

  /** The values of all flags that have one, by key: the same object until one of them changes. */
  all(): Readonly<Record<string, JsonValue>> {
    return this.#store.all();
  }

  /** The flag's value; the fallback if there is none, or one of another type. A fallback of `undefined` accepts every type. */
  get<const Key extends FlagKey, Fallback extends FlagFallback<Key>>(
    key: Key,
    fallback: Fallback,
  ): FlagValue<Key, Fallback> {
    return valueOr(this.getSnapshot(key)?.value, fallback) as FlagValue<Key, Fallback>;
  }

  /** Whether the value of a boolean flag is true. */
  isEnabled(key: FlagKey): boolean {
    return this.getSnapshot(key)?.value === true;
  }

  /** Like {@link get}, with the reason for the value. */
  details<const Key extends FlagKey, Fallback extends FlagFallback<Key>>(
    key: Key,
    fallback: Fallback,
  ): FlagDetails<FlagValue<Key, Fallback>> {
    return toDetails(key, this.getSnapshot(key), fallback, this.sourceOf(key)) as FlagDetails<FlagValue<Key, Fallback>>;
  }

  /** The details of a flag: frozen, and the same object until one of them changes. `undefined` if the server does not name the flag. */
  getSnapshot(key: string): FlagSnapshot | undefined {
    return this.#store.get(key);
  }

  /** Like {@link getSnapshot}, as of the bootstrap: the first rendering in the browser must show what the server rendered. */
  getServerSnapshot(key: string): FlagSnapshot | undefined {
    return this.#initial.get(key);
  }

  /** Like {@link all}, as of the bootstrap. */
  allOnServer(): Readonly<Record<string, JsonValue>> {
    return this.#initial.all();
  }

  /** Calls `listener` whenever something of the flag changes; the function that is returned ends that. */
  subscribe(key: string, listener: FlagListener): () => void {
    return this.#listeners.add(FLAG + key, listener);
  }

  /** Adds a listener; the function that is returned removes it. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#listeners.add(name, listener);
  }

  /**
   * Replaces the context, and waits like {@link ready} for its values. Until they arrive the flags keep the values of the previous context.
   * If they cannot be requested and the targeting key differs, the flags have no values, since the old values are those of another user.
   */
  setContext(
    context: Context,
    { signature, timeoutMs }: { signature?: Signature | undefined; timeoutMs?: number | undefined } = {},
  ): Promise<Readiness> {
    const text = encodeContext(context);
    const isSignedAnew = this.#signer.replace(signature);
    if (text !== this.#contextText || isSignedAnew) {
      this.#contextText = text;
      this.#context = JSON.parse(text);
      this.#isSettled = false;
      this.#signer.drop();
      this.#exposures.begin();
      this.#from.setContext(this.#context, text);
      if (this.#cache !== 'network-first') {
        this.#useStored();
      }
      this.#setStatus(this.#staleOr('NOT_READY'));
      void this.#from.reload();
    }
    return this.ready({ timeoutMs });
  }

  /** Sets values for this tab, whatever the server says, until they are set to `undefined`. For tests, and for trying a flag. */
  override(values: Readonly<Record<string, JsonValue | undefined>>): void {
    this.#emitChange(this.#store.override(values));
  }

  /** Reports to `onExposure` that the user has been shown a flag: once for each variant and context. */
  expose(key: string): void {
    const flag = this.getSnapshot(key);
    if (flag !== undefined) {
      this.#exposures.add(flag);
    }
  }

  /** Requests the values now, unless a request is in progress. Never rejects. */
  refresh(): Promise<void> {
    return this.#from.reload();
  }

  /** Ends all connections and timers. Flags keep their last values; closing again does nothing. */
  async close(): Promise<void> {
    if (this.#phase !== 'closed') {
      this.#phase = 'closed';
      this.#stopWatching();
      this.#from.stop();
      this.#setStatus(this.#staleOr('NOT_READY'));
    }
  }

  /** The state while the server cannot be reached: `STALE` if there are values. */
  #staleOr<State extends string>(otherwise: State): State | 'STALE' {
    return this.#hasValues ? 'STALE' : otherwise;
  }

  get #hasValues(): boolean {
    return this.#source !== 'fallback';
  }

  #markCurrent = (flags: readonly EvaluatedFlag[] | undefined, etag?: string | undefined): void => {
    this.#currentAt = Date.now();
    this.#isSettled = false;
    this.#hasSettled = true;
    this.#source = 'live';
    this.#warned.clear();
    if (flags) {
      if (this.#cache !== 'off') {
        storeValues(this.#name(this.#contextText), flags, etag);
      }
      this.#setValues(flags, 'live');
    }
    // The flags that the page showed for the context before are now shown for this one.
    for (const key of this.#exposures.takeBefore()) {
      if (this.#listeners.has(FLAG + key)) {
        this.expose(key);
      }
    }
    this.#setStatus('READY');
  };

  #markUnreachable = ({ reason, isRefused }: Failure): void => {
    const areSomebodyElses = this.#hasValues && this.#valuesOf !== this.#context?.targetingKey;
    if ((areSomebodyElses || !this.#hasValues) && !this.#useStored() && areSomebodyElses) {
      this.#setValues([], 'fallback');
    }
    const message = `flagstaff: ${this.#hasValues ? 'flags keep their last values' : 'no flags received yet'}: ${reason}`;
    if (!this.#warned.has(message)) {
      this.#warned.add(message);
      this.#logger.warn(message);
    }
    this.#isSettled = isRefused || this.#hasValues;
    this.#setStatus(this.#staleOr(isRefused ? 'FAILED' : 'NOT_READY'));
  };

  #setStatus(status: Status): void {
    if (status !== this.#status) {
      this.#status = status;
      this.#emitStatus();
    }
    for (const check of [...this.#waiting]) {
      check();
    }
  }

  /** The name under which the browser stores data of this server, key and context: a hash, so that the name does not contain the context. */
  #name(contextText: string): string {
    return `flagstaff:${hashText(this.#origin + contextText)}`;
  }

  /** Uses the values that were stored for the context, if there are any. */
  #useStored(): boolean {
    const stored = this.#cache === 'off' ? undefined : loadValues(this.#name(this.#contextText));
    if (!stored) {
      return false;
    }
    this.#from.reuse(stored.etag);
    this.#setValues(stored.flags, 'cache');
    return true;
  }

  #setValues(flags: readonly EvaluatedFlag[], source: Source): void {
    this.#source = source;
    this.#valuesOf = this.#context?.targetingKey;
    this.#emitChange(this.#store.replace(flags));
  }

  #emitChange(flags: readonly string[]): void {
    if (flags.length > 0) {
      for (const key of flags) {
        this.#listeners.call(FLAG + key, this.#store.get(key));
      }
      this.#listeners.call('change', { flags });
    }
  }

  #emitStatus(): void {
    this.#listeners.call('status', { status: this.#status });
  }
}

/** Before the key of a flag, so that no key is the name of an event. */
const FLAG = 'flag:';

/** Browsers require that `fetch` is called as a method of the global object. */
const globalFetch: Fetch = (url, request) => fetch(url, request);

/** The context as JSON, with what other SDKs accept too; one that JSON cannot represent is `null`, which the server refuses. */
export function encodeContext(context: Context): string {
  try {
    return JSON.stringify(context, toJson) ?? 'null';
  } catch {
    return 'null';
  }
}

function toJson(name: string, value: unknown): unknown {
  if (value instanceof Map) {
    return Object.fromEntries(value);
  }
  if (name === 'targetingKey') {
    return Number.isSafeInteger(value) || typeof value === 'bigint' ? String(value) : value;
  }
  return value instanceof Set ? [...value] : typeof value === 'bigint' ? Number(value) : value;
}
