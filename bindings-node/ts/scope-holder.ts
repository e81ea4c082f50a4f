/** Where the storage of the current flags is, for code that also runs on platforms without it. */

import type { Flags } from '../../sdk-js/src/index.js';

/** An application may load this package as a module and as CommonJS; both have the same storage. */
export const SCOPE = Symbol.for('flagstaff.scope');

/** The part of Node's `AsyncLocalStorage` that is used. */
export interface Scope {
  getStore(): Flags | undefined;
  run<T>(flags: Flags, work: () => T): T;
}

export interface ScopeHolder {
  [SCOPE]?: Scope;
}

/** Calls `work` with these flags as the current ones if the platform has loaded `scope.ts`. */
export function runInScope<T>(flags: Flags, work: () => T): T {
  const scope = (globalThis as ScopeHolder)[SCOPE];
  return scope === undefined ? work() : scope.run(flags, work);
}
