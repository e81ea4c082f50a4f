/**
 * `@flagstaff/web/local-dialects`: `@flagstaff/web/local` for flags that were imported from other vendors. It has the conditions and hashes of
 * these vendors, for which its module is nearly three times as large.
 */

import { type DocumentOptions, documentOptions, LocalClient, type LocalClientOptions } from './local/client.js';

export type * from './local.js';

/** The client of `@flagstaff/web/local`, with a larger module. */
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
  return new URL('../flagstaff_wasm_dialects.wasm', import.meta.url);
}
