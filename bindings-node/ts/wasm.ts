/** The WebAssembly engine, loaded from the package's own file. */

import { readFileSync } from 'node:fs';
import { initSync, Evaluator as WasmEvaluator } from '../../bindings-wasm/pkg/web/flagstaff_wasm.js';
import { type Evaluator, fromWasm } from '../../sdk-js/src/index.js';

let memory: WebAssembly.Memory | undefined;

/** Opens an evaluator of the empty snapshot; the module is compiled at the first call. */
export function openWasm(): Evaluator {
  memory ??= initSync({ module: readFileSync(new URL('../flagstaff_wasm.wasm', import.meta.url)) }).memory;
  return fromWasm(new WasmEvaluator(), memory);
}
