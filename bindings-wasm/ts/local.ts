/**
 * `@flagstaff/web/local`: the flags of a page, which the page evaluates itself with the same core as the other SDKs, compiled to WebAssembly. It needs an SDK
 * key of kind `client-local`, whose owner can read the rules of the flags marked `clientSide`.
 */

import { type DocumentOptions, documentOptions, LocalClient, type LocalClientOptions } from './local/client.js';

export type { Bootstrap, EvaluatedFlag } from '../../sdk-js/src/bootstrap.js';
export type { ErrorCode, Issue, JsonObject, JsonValue, Reason } from '../../sdk-js/src/evaluator.js';
export type { ByteStream, Fetch, HttpRequest, HttpResponse } from '../../sdk-js/src/transport.js';
export type { Context, Logger, Readiness, Status } from '../../sdk-js/src/types.js';
export type { DocumentOptions, Explanation, LocalClientOptions as ClientOptions } from './local/client.js';
export type { WasmSource } from './local/engine.js';
export type { PageClient } from './page/client.js';
export type { ClientEvents } from './page/options.js';
export type * from './page/types.js';

/**
 * The flags of one page, which the page evaluates itself.
 *
 * ```js
 * const client = new Client({ url: 'https://flags.example.com', key: 'fs_local_…', context: { targetingKey: 'user-1' } });
 * client.subscribe('new-checkout', () => render(client.get('new-checkout', false)));
 * await client.ready();
 * ```
 */
export class Client extends LocalClient {
  /** Does no I/O, except that it reads stored values. Throws a `TypeError` for a URL that is not valid and for an empty key. */
  constructor(options: LocalClientOptions) {
    super({ ...options, wasm: options.wasm ?? ownModule() });
  }

  /** A client of a document, which is JSON text, without a server. Rejects if the document is refused as a whole; `issues` lists broken flags. */
  static async fromDocument(text: string, options: DocumentOptions = {}): Promise<Client> {
    const client = new Client(await documentOptions(text, { ...options, wasm: options.wasm ?? ownModule() }));
    await client.ready();
    return client;
  }
}

/** Bundlers recognise this form and include the file. */
function ownModule(): URL {
  return new URL('../flagstaff_wasm.wasm', import.meta.url);
}
