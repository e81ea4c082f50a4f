/** The WebAssembly module as an evaluator. */

import type { Evaluator } from './evaluator.js';

/** What the module's class has of its own in the place of `share`. */
export interface WasmEvaluator extends Omit<Evaluator, 'share'> {
  /** Makes shared memory and says where it begins in the memory of the module. */
  reserve(bytes: number): number;
}

/** Lets JavaScript see the memory that the module reserves. */
export function fromWasm(evaluator: WasmEvaluator, memory: { readonly buffer: ArrayBuffer }): Evaluator {
  return Object.assign(evaluator, {
    share(bytes: number): Uint8Array {
      const start = evaluator.reserve(bytes);
      // Read after the call, which may have made the memory grow.
      return new Uint8Array(memory.buffer, start, bytes);
    },
  });
}
