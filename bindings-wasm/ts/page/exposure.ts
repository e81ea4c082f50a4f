/** The flags that the user has been shown: each is reported once for each variant and context. */

import { guard } from './listeners.js';
import type { Exposure, FlagSnapshot } from './types.js';

export interface Exposures {
  add(flag: FlagSnapshot): void;
  /** Another context begins. */
  begin(): void;
  /** Returns the keys of the flags that were reported for the context before; once. */
  takeBefore(): string[];
}

export function createExposures(callback: ((exposure: Exposure) => void) | undefined): Exposures {
  /** What was reported, as JSON that begins with the key, and what was reported for the context before. */
  let reported = new Set<string>();
  const before: string[] = [];
  return {
    add({ key, value, variant, reason }) {
      const name = JSON.stringify([key, variant, value]);
      if (!reported.has(name)) {
        reported.add(name);
        guard(() => callback?.({ flagKey: key, value, variant, reason }));
      }
    },
    begin() {
      before.push(...reported);
      reported = new Set();
    },
    takeBefore: () => before.splice(0).map((name) => JSON.parse(name)[0]),
  };
}
