/** Opens an evaluator: the addon, or the WebAssembly module if there is no addon for the platform. */

import type { Evaluator, Logger } from '../../sdk-js/src/index.js';
import { openAddon } from './addon.js';
import { findModule } from './locate.js';
import { openWasm } from './wasm.js';

/** The engine that evaluates. Both pass the same conformance cases, and their results are equal to the byte. */
export type Engine = 'native' | 'wasm';

/** An evaluator and the engine that it runs on. */
export interface OpenedEngine {
  engine: Engine;
  evaluator: Evaluator;
}

/** Whether the reason for evaluating with WebAssembly was logged in this process. */
let isLogged = false;

/**
 * Opens an evaluator of the empty snapshot.
 *
 * `engine`, or else the environment variable `FLAGSTAFF_ENGINE`, selects the engine; without either the addon is tried first, and if it cannot be
 * loaded the reason is logged once. Throws if the selected engine cannot be loaded.
 */
export function openEngine(engine: Engine | undefined, logger: Logger | undefined): OpenedEngine {
  switch (engine ?? process.env['FLAGSTAFF_ENGINE']) {
    case 'native':
      return { engine: 'native', evaluator: openAddon() };
    case 'wasm':
      return { engine: 'wasm', evaluator: openWasm(findModule) };
    case undefined:
    case '':
      return openAny(logger ?? console);
    default:
      throw new TypeError('expected `native` or `wasm` as the engine');
  }
}

function openAny(logger: Logger): OpenedEngine {
  try {
    return { engine: 'native', evaluator: openAddon() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    let evaluator: Evaluator;
    try {
      evaluator = openWasm(findModule);
    } catch (cause) {
      throw new Error(reason, { cause });
    }
    if (!isLogged) {
      isLogged = true;
      logger.warn(`flagstaff: WebAssembly evaluates instead of the native addon, with the same results: ${reason}`);
    }
    return { engine: 'wasm', evaluator };
  }
}
