/** The WebAssembly engine. */

import { readFileSync } from 'node:fs';
import { initSync, Evaluator as WasmEvaluator } from '../../bindings-wasm/pkg/node/flagstaff_wasm.js';
import { type Evaluator, fromWasm } from '../../sdk-js/src/index.js';

let memory: WebAssembly.Memory | undefined;

/** Opens an evaluator of the empty snapshot; the module, a file or its bytes, is compiled at the first call. */
export function openWasm(find: () => string | BufferSource): Evaluator {
  if (memory === undefined) {
    const found = find();
    const module = typeof found === 'string' ? readFileSync(found) : found;
    memory = initSync({ module }).memory;
  }
  return fromWasm(new WasmEvaluator(), memory);
}
