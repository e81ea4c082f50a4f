/**
 * `@flagstaff/web/local`: flags evaluated in the browser by the same core as everywhere else, compiled to WebAssembly. It needs a
 * `client-local` key, and whoever has that sees the rules of the flags marked `clientSide`.
 */

import { type Fetch, FlagClient, identify, type Logger, parseRemote, VERSION } from '../../sdk-js/src/index.js';
import { openEngine, type WasmSource } from './engine.js';

export type {
  Asker,
  ByteStream,
  ClientEvents,
  Context,
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
  /** Where warnings go; `console` unless given. */
  logger?: Logger;
  /** The WebAssembly module; unless given, the file beside this script is fetched. The first client of a page decides. */
  wasm?: WasmSource;
}

export interface ClientOptions extends OfflineOptions {
  /** A `fetch` to use instead of the global one. */
  fetch?: Fetch;
  /**
   * Whether the client counts how often each flag is answered with each variant, and reports it once a minute; `true` unless given. Nothing of a context
   * is in it.
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
  /** Does no I/O; {@link FlagClient.ready} and {@link FlagClient.start} do. Throws a `TypeError` for a URL that is none and for an empty key. */
  constructor(
    url: string | URL,
    key: string,
    { fetch = globalFetch, logger, usage, wasm = ownModule() }: ClientOptions = {},
  ) {
    const remote = { ...parseRemote(url, key, fetch), identity: identify('@flagstaff/web', VERSION) };
    super({ remote, logger, usage, open: () => openEngine(wasm) });
  }

  /** A client that serves a document's text, without a server. Rejects where the document is refused whole; broken flags are in its `issues`. */
  static async fromDocument(text: string, { logger, wasm = ownModule() }: OfflineOptions = {}): Promise<FlagClient> {
    const evaluator = await openEngine(wasm);
    return new (class extends FlagClient {
      constructor() {
        super({ remote: undefined, logger, open: () => evaluator });
        this.adopt(evaluator, text);
      }
    })();
  }
}

/** Called as a method of the global object; browsers refuse it otherwise. */
const globalFetch: Fetch = (url, request) => globalThis.fetch(url, request);

/** Bundlers know this form and bring the file along. */
function ownModule(): URL {
  return new URL('../flagstaff_wasm.wasm', import.meta.url);
}
