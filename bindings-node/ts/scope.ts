/** The flags of the code that runs: those of the request that it belongs to. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Flags } from '../../sdk-js/src/index.js';
import { SCOPE, type ScopeHolder } from './scope-holder.js';

const holder = globalThis as ScopeHolder;
holder[SCOPE] ??= new AsyncLocalStorage<Flags>();
const storage = holder[SCOPE];

/**
 * The flags of the request, in code that a middleware or {@link Client.runWithContext} has called, directly or by promises and timers; `undefined`
 * elsewhere.
 *
 * ```js
 * if (currentFlags()?.isEnabled('new-checkout')) { … }
 * ```
 */
export function currentFlags(): Flags | undefined {
  return storage.getStore();
}

/** Calls `work`, in which {@link currentFlags} returns `flags`. */
export function runWithFlags<T>(flags: Flags, work: () => T): T {
  return storage.run(flags, work);
}
