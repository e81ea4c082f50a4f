/** The client for edge platforms, which has no timers and no connections between requests, and uses nothing of Node. */

import { initSync, Evaluator as WasmEvaluator } from '../../bindings-wasm/pkg/node/flagstaff_wasm.js';
import {
  type Bootstrap,
  type Context,
  type ContextInput,
  createInstanceInfo,
  type Details,
  type Evaluator,
  type Fetch,
  FlagClient,
  fromWasm,
  type Logger,
  OnRequest,
  parseServerConnection,
  type Readiness,
  type ReadyOptions,
  VERSION,
} from '../../sdk-js/src/index.js';
import { toBootstrap } from './bootstrap.js';

export type {
  Bootstrap,
  Context,
  ContextInput,
  Details,
  Fetch,
  Flags,
  FlushOptions,
  Logger,
  Readiness,
  ReadyOptions,
  Status,
} from '../../sdk-js/src/index.js';

/** The WebAssembly module: compiled, which is the only form that edge platforms accept, or its bytes. */
export type WasmModule = WebAssembly.Module | BufferSource;

export interface EdgeOptions {
  /** The server's root. */
  url: string | URL;
  /** An SDK key of kind `server`. */
  key: string;
  /** The age in milliseconds at which flags are requested again; 30,000 by default. Meanwhile a read returns the old flags. */
  ttlMs?: number | undefined;
  /** The WebAssembly module; by default the one of this package, where the platform can import it. The first client decides. */
  wasm?: WasmModule | undefined;
  /** Attributes that every context has, unless it has its own: a region, a version. */
  context?: Context | undefined;
  /** Called with the details of each evaluation by a getter, and of each first read of a flag of a view; what it throws is logged. */
  onEvaluation?: ((details: Details<unknown>, context: ContextInput | undefined) => void) | undefined;
  /**
   * Whether the client counts how often each flag is evaluated to each variant; `true` by default. `flush` reports the counts, at most once a minute;
   * later counts are lost when the platform ends the instance.
   */
  usage?: boolean | undefined;
  /** Receives warnings; `console` by default. */
  logger?: Logger | undefined;
  /** Replaces the global `fetch`. */
  fetch?: Fetch | undefined;
}

const TTL_MS = 30_000;
const REPORT_INTERVAL_MS = 60_000;

export class EdgeClient extends FlagClient {
  readonly #follower: { current: OnRequest | undefined };

  protected constructor(options: EdgeOptions, wasm: WasmModule) {
    const { url, key, ttlMs = TTL_MS, fetch = edgeFetch } = options;
    const follower: { current: OnRequest | undefined } = { current: undefined };
    super({
      ...options,
      server: { ...parseServerConnection(url, key, fetch), instance: createInstanceInfo('@flagstaff/node', VERSION) },
      open: () => openEngine(wasm),
      follow: (...args) => {
        follower.current = new OnRequest(ttlMs, ...args);
        return follower.current;
      },
      reportIntervalMs: REPORT_INTERVAL_MS,
    });
    this.#follower = follower;
  }

  /**
   * Waits for flags, at most `timeoutMs` (5 s by default). If there are flags it resolves at once, and requests newer ones if these are older than the TTL:
   * `flush` with `waitUntil` lets that request finish after the response. Never rejects. Call it in every request.
   */
  override ready({ timeoutMs, signal }: ReadyOptions = {}): Promise<Readiness> {
    this.start();
    const ended = new AbortController();
    const end = () => ended.abort();
    signal?.addEventListener('abort', end, { once: true });
    // A later request makes the next attempt, so there is nothing to wait for.
    void this.#follower.current?.begin().then(end);
    return super.ready({ timeoutMs, signal: ended.signal });
  }

  /**
   * The values of the flags marked `clientSide` for a page, which a browser's client takes as its option `bootstrap`. Unless `includesContext` is `false`, it contains
   * the context too, which the page then uses for its requests.
   */
  bootstrapFor(context: ContextInput, { includesContext = true }: { includesContext?: boolean } = {}): Bootstrap {
    return toBootstrap(this.forContext(context).all({ clientSideOnly: true }), includesContext ? context : undefined);
  }
}

let memory: WebAssembly.Memory | undefined;

function openEngine(module: WasmModule): Evaluator {
  // A compiled module of another realm, as the runtime of Next.js passes it, is not an instance of this one's class.
  if (Object.prototype.toString.call(module) === '[object WebAssembly.Module]') {
    Object.setPrototypeOf(module, WebAssembly.Module.prototype);
  }
  memory ??= initSync({ module }).memory;
  return fromWasm(new WasmEvaluator(), memory);
}

/** Edge platforms support neither a cache mode nor the refusal of redirects: a redirect is returned as a response, which the client then refuses. */
const edgeFetch: Fetch = (url, { headers, signal, method = 'GET', body }) =>
  globalThis.fetch(url, { headers, signal, method, redirect: 'manual', ...(body === undefined ? {} : { body }) });
