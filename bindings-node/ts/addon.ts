/** The native engine: an addon for the platform. */

import type { Evaluator } from '../../sdk-js/src/index.js';
import { findAddon } from './locate.js';
import { requireFrom } from './require.js';

/** The addon's class: unlike those of {@link Evaluator}, three of its methods take the shared memory as an argument. */
interface Addon extends Omit<Evaluator, 'sharedMemory' | 'outcomeId' | 'outcomeIds' | 'copy'> {
  copy(): Addon;
  /** Creates the function `outcomeId`. It is not a method, since a call of a method costs more. */
  outcomeIdFunction(): (flag: number, expected: number, context: number, memory: Uint8Array) => number;
  outcomeIds(context: number, memory: Uint8Array): boolean;
}

/** Opens an evaluator of the empty snapshot. Throws if there is no addon for the platform. */
export function openAddon(): Evaluator {
  const file = findAddon();
  // Not `import.meta.url`, which is not a file in a bundle; the path is absolute.
  const { Evaluator: Addon } = requireFrom(file)(file) as { Evaluator: new () => Addon };
  return fromAddon(new Addon());
}

function fromAddon(addon: Addon): Evaluator {
  const outcomeId = addon.outcomeIdFunction();
  const outcomeIds = addon.outcomeIds.bind(addon);
  const copy = addon.copy.bind(addon);
  let memory = new Uint8Array();
  return Object.assign(addon, {
    copy: () => fromAddon(copy()),
    outcomeId: (flag: number, expected: number, context: number) => outcomeId(flag, expected, context, memory),
    outcomeIds: (context: number) => outcomeIds(context, memory),
    sharedMemory(bytes: number): Uint8Array {
      if (memory.length < bytes) {
        memory = new Uint8Array(bytes);
      }
      return memory;
    },
  });
}
