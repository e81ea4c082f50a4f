/** Opens an evaluator: the addon, or the WebAssembly module where no addon fits the platform. */

import { createRequire } from 'node:module';
import type { Evaluator } from '../../sdk-js/src/index.js';
import { addonFile } from './platform.js';
import { openWasm } from './wasm.js';

/** Which engine evaluates. Both are held to the same cases and answer alike, to the byte. */
export type EngineName = 'native' | 'wasm';

/**
 * Opens an evaluator of the empty snapshot.
 *
 * `name`, or else the environment variable `FLAGSTAFF_EVALUATOR`, insists on an engine; without either the addon is tried first.
 * Throws where the engine asked for cannot be loaded.
 */
export function openEngine(name: EngineName | undefined): { name: EngineName; evaluator: Evaluator } {
  switch (name ?? process.env['FLAGSTAFF_EVALUATOR']) {
    case 'native':
      return { name: 'native', evaluator: openAddon() };
    case 'wasm':
      return { name: 'wasm', evaluator: openWasm() };
    case undefined:
    case '':
      return openAny();
    default:
      throw new TypeError('expected `native` or `wasm` as the evaluator');
  }
}

function openAny(): { name: EngineName; evaluator: Evaluator } {
  try {
    return { name: 'native', evaluator: openAddon() };
  } catch (cause) {
    try {
      return { name: 'wasm', evaluator: openWasm() };
    } catch {
      // The addon is what was meant to be there, so its absence is the news.
      throw cause;
    }
  }
}

/** What the addon's class has of its own in the place of `share`, `number` and `numbers`: it is given the memory with each call. */
interface Addon extends Omit<Evaluator, 'share' | 'number' | 'numbers'> {
  /** Makes the function `number`, which is no method since it must cost less than one. */
  numberFunction(): (flag: number, expected: number, context: number, memory: Uint8Array) => number;
  numbers(context: number, memory: Uint8Array): boolean;
}

function openAddon(): Evaluator {
  const require = createRequire(import.meta.url);
  // The same from dist/esm and from dist/cjs.
  const { Evaluator: Addon } = require(`../../native/${addonFile()}`) as { Evaluator: new () => Addon };
  const addon = new Addon();
  const number = addon.numberFunction();
  const numbers = addon.numbers.bind(addon);
  let memory = new Uint8Array();
  return Object.assign(addon, {
    number: (flag: number, expected: number, context: number) => number(flag, expected, context, memory),
    numbers: (context: number) => numbers(context, memory),
    share(bytes: number): Uint8Array {
      if (memory.length < bytes) {
        memory = new Uint8Array(bytes);
      }
      return memory;
    },
  });
}
