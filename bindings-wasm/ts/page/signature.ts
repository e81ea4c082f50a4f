/** The signature that the server may require of a context (docs/signed-contexts.md). */

import type { Context } from '../../../sdk-js/src/types.js';

/** The signature of a context, or a function that requests one from the application's own server. */
export type Signature = string | ((context: Context) => string | Promise<string>);

/** A signature is replaced this long before it expires. */
const MARGIN_MS = 60_000;

export interface Signer {
  /** Uses another signature from now on, if there is one; returns whether it is another one. */
  replace(signature: Signature | undefined): boolean;
  /** The next request gets another signature; `false` if there is no other one. */
  drop(): boolean;
  sign(context: Context): Promise<string | undefined>;
}

export function createSigner(signature: Signature | undefined): Signer {
  let current = signature;
  /** What the function has returned. */
  let returned: string | undefined;
  return {
    replace(other) {
      const before = current;
      current = other ?? before;
      return current !== before;
    },
    drop() {
      returned = undefined;
      return typeof current === 'function';
    },
    async sign(context) {
      if (typeof current !== 'function') {
        return current;
      }
      // A signature begins with its expiry, in seconds since 1970.
      if (!(1_000 * Number.parseInt(returned as string, 10) > Date.now() + MARGIN_MS)) {
        returned = await current(context);
      }
      return returned;
    },
  };
}
