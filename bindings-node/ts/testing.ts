/** `@flagstaff/node/testing`: a client for tests, which has exactly the flags that a test gives it. */

import type { OverrideValues } from '../../sdk-js/src/index.js';
import { openEngine } from './engine.js';
import { NodeClient } from './node-client.js';

export type { Flags, OverrideValues } from '../../sdk-js/src/index.js';

const EMPTY = '{"schemaVersion": 1}';

/**
 * A client without a server, network, timers or open handles. It is ready at once; a flag that no test has set does not exist, so that getters return
 * the caller's default.
 *
 * ```js
 * const client = new TestClient({ 'new-checkout': true });
 * client.set({ 'page-size': 50 });
 * ```
 */
export class TestClient extends NodeClient {
  #layers: Disposable[] = [];

  constructor(values: OverrideValues = {}) {
    const options = { mode: 'offline', bootstrap: EMPTY, logger: { warn: () => {} }, isAllClientSide: true } as const;
    super(options, () => openEngine(undefined, undefined));
    this.set(values);
  }

  /** Sets flags, which have these values for every context; others stay as they are. Listeners are called as for a change of the server. */
  set(values: OverrideValues): void {
    this.#layers.push(this.override(values));
  }

  /** Removes all flags. */
  reset(): void {
    for (const layer of this.#layers.splice(0)) {
      layer[Symbol.dispose]();
    }
  }
}
