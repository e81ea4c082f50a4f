/**
 * `@flagstaff/web/local`: evaluates flags in the browser with the same core as the other SDKs, compiled to WebAssembly. It needs an SDK key
 * of kind `client-local`, whose owner can read the rules of the flags marked `clientSide`.
 */

import {
  type CachingEvaluator,
  createInstanceInfo,
  type Fetch,
  FlagClient,
  type FollowFunction,
  type Logger,
  parseServerConnection,
  VERSION,
} from '../../sdk-js/src/index.js';
import { Sync } from '../../sdk-js/src/sync.js';
import { openEngine, type WasmSource } from './engine.js';
import { hashText } from './remote/cache.js';
import { TabFollower } from './tabs.js';

export type {
  ByteStream,
  ClientEvents,
  Context,
  ContextInput,
  Details,
  ErrorCode,
  Fetch,
  FlagClient,
  HttpRequest,
  HttpResponse,
  Issue,
  JsonObject,
  JsonValue,
  Logger,
  Readiness,
  Reason,
  Status,
} from '../../sdk-js/src/index.js';
export { PreparedContext } from '../../sdk-js/src/index.js';
export type { WasmSource } from './engine.js';

export interface OfflineOptions {
  /** Receives warnings; `console` by default. */
  logger?: Logger;
  /** The WebAssembly module; by default the file beside this script is fetched. The first client of a page decides. */
  wasm?: WasmSource;
  /** The attribute that is the key of the user in contexts without a `targetingKey`: a name such as `userId`, or a JSON pointer. */
  targetingKeyAttribute?: string;
}

export interface ClientOptions extends OfflineOptions {
  /** Replaces the global `fetch`. */
  fetch?: Fetch;
  /**
   * Whether the client counts how often each flag is evaluated to each variant, and reports it once a minute; `true` by default. Reports contain
   * nothing of a context.
   */
  usage?: boolean;
}

/**
 * A client of one environment of a Flagstaff server.
 *
 * ```js
 * const client = new Client('https://flags.example.com', 'fs_local_…');
 * await client.ready();
 * client.on('change', () => render(client.getBooleanValue('new-checkout', false, { targetingKey: 'user-1' })));
 * ```
 */
export class Client extends FlagClient {
  /** Does no I/O; {@link FlagClient.ready} and {@link FlagClient.start} do. Throws a `TypeError` for a URL that is not valid and for an empty key. */
  constructor(
    url: string | URL,
    key: string,
    { fetch = globalFetch, logger, usage, targetingKeyAttribute, wasm = ownModule() }: ClientOptions = {},
  ) {
    const instance = createInstanceInfo('@flagstaff/web', VERSION);
    const server = { ...parseServerConnection(url, key, fetch), instance };
    super({ server, logger, usage, targetingKeyAttribute, follow, open: () => openEngine(wasm) });
  }

  /** An offline client of a document, which is JSON text. Rejects if the document is refused as a whole; `issues` lists broken flags. */
  static async fromDocument(
    text: string,
    { logger, targetingKeyAttribute, wasm = ownModule() }: OfflineOptions = {},
  ): Promise<FlagClient> {
    const evaluator = await openEngine(wasm);
    return new (class extends FlagClient {
      constructor() {
        const restore = (caching: CachingEvaluator) => caching.load(text);
        super({ server: undefined, logger, targetingKeyAttribute, open: () => openEngine(wasm), restore });
        this.loadDocument(evaluator, text);
      }
    })();
  }
}

/** The tabs of a browser share a stream. Elsewhere, as in an edge worker, there are no tabs. */
const follow: FollowFunction = (server, ...rest) =>
  typeof document === 'undefined'
    ? Sync.create(server, ...rest)
    : new TabFollower(`flagstaff:local:${hashText(`${server.url},${server.key}`)}`, server, ...rest);

/** Browsers require that `fetch` is called as a method of the global object. */
const globalFetch: Fetch = (url, request) => globalThis.fetch(url, request);

/** Bundlers recognise this form and include the file. */
function ownModule(): URL {
  return new URL('../flagstaff_wasm.wasm', import.meta.url);
}
