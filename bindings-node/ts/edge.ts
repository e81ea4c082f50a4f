/**
 * `@flagstaff/node/edge` on an unknown platform: the option `wasm` passes the WebAssembly module. For workerd and edge-light, bundlers use
 * `edge-workerd.ts` and `edge-light.ts` instead, which import the module.
 */

import { EdgeClient, type EdgeOptions, type WasmModule } from './edge-client.js';

export { PreparedContext } from '../../sdk-js/src/index.js';
export type * from './edge-client.js';

/** A client for platforms that run a program only during a request. */
export class Client extends EdgeClient {
  /** Does no I/O and starts no timer. Throws a `TypeError` for a URL that is not valid, an empty key, and without the option `wasm`. */
  constructor(options: EdgeOptions & { wasm: WasmModule }) {
    if (options.wasm === undefined) {
      throw new TypeError('expected the WebAssembly module as the option `wasm`: a compiled module, or its bytes');
    }
    super(options, options.wasm);
  }
}
