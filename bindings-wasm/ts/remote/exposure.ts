/** Which flags somebody has been shown: each is reported once for each variant and context. */

import { guard } from './listeners.js';
import type { Exposure, FlagSnapshot } from './types.js';

export class Exposures {
  readonly #callback: ((exposure: Exposure) => void) | undefined;
  /** What was reported, as JSON that begins with the key. */
  #reported = new Set<string>();
  /** What was reported for the context before. */
  #before: string[] = [];

  constructor(callback: ((exposure: Exposure) => void) | undefined) {
    this.#callback = callback;
  }

  add({ key, value, variant, reason }: FlagSnapshot): void {
    const name = JSON.stringify([key, variant, value]);
    if (!this.#reported.has(name)) {
      this.#reported.add(name);
      guard(() => this.#callback?.({ flagKey: key, value, variant, reason }));
    }
  }

  /** Another context begins. */
  begin(): void {
    this.#before.push(...this.#reported);
    this.#reported = new Set();
  }

  /** Returns the keys of the flags that were reported for the context before; once. */
  takeBefore(): string[] {
    return this.#before.splice(0).map((name) => JSON.parse(name)[0]);
  }
}
