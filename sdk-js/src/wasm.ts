/** The WebAssembly module as an evaluator. */

import type { Evaluator } from './evaluator.js';

/** The module's class, which has `reserve` instead of `sharedMemory`. */
export interface WasmEvaluator extends Omit<Evaluator, 'sharedMemory' | 'copy'> {
  copy(): WasmEvaluator;
  /** Allocates shared memory and returns its offset in the module's memory. */
  reserve(bytes: number): number;
}

/** Gives JavaScript a view of the memory that the module allocates. */
export function fromWasm(evaluator: WasmEvaluator, memory: { readonly buffer: ArrayBuffer }): Evaluator {
  const copy = evaluator.copy.bind(evaluator);
  return Object.assign(evaluator, {
    copy: () => fromWasm(copy(), memory),
    sharedMemory(bytes: number): Uint8Array {
      const start = evaluator.reserve(bytes);
      // `buffer` is read after the call, which may replace it.
      return new Uint8Array(memory.buffer, start, bytes);
    },
  });
}
