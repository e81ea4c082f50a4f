/** `@flagstaff/node/inline`: the client with the WebAssembly engine inside, for bundles of a single file, which have no place for an addon. */

import module from '../../bindings-wasm/pkg/node/flagstaff_wasm_bg.wasm';
import { NodeClient } from './node-client.js';
import { type ClientArguments, type ClientOptions, type OfflineOptions, toOptions } from './options.js';
import { openWasm } from './wasm.js';

export { PreparedContext } from '../../sdk-js/src/index.js';
export type * from './index.js';
export { currentFlags } from './scope.js';

/** The same as the client of `@flagstaff/node`, except that WebAssembly evaluates, with the same results. It needs no file beside the bundle. */
export class Client extends NodeClient {
  /** As that of the client of `@flagstaff/node`; the option `engine` has no effect. */
  constructor(options?: ClientOptions);
  constructor(url: string | URL, key: string, options?: ClientOptions);
  constructor(...args: ClientArguments) {
    super(toOptions(args), () => ({ engine: 'wasm', evaluator: openWasm(() => module) }));
  }

  /** An offline client of a document, which is JSON text. Throws if the document is refused as a whole; `issues` lists broken flags. */
  static fromDocument(text: string, options: OfflineOptions = {}): Client {
    return new Client({ ...options, mode: 'offline', bootstrap: text });
  }
}
