/** `@flagstaff/node/edge` on edge-light, which is the edge runtime of Next.js: there the import of a WebAssembly module is marked. */

import module from '../flagstaff_wasm.wasm?module';
import { EdgeClient, type EdgeOptions } from './edge-client.js';

export { PreparedContext } from '../../sdk-js/src/index.js';
export type * from './edge-client.js';

/** A client for platforms that run a program only during a request. */
export class Client extends EdgeClient {
  /** Does no I/O and starts no timer. Throws a `TypeError` for a URL that is not valid and for an empty key. */
  constructor(options: EdgeOptions) {
    super(options, options.wasm ?? module);
  }
}
