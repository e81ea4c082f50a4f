/** The signature that the server may require of a context (docs/signed-contexts.md). */

import type { Context } from '../../../sdk-js/src/types.js';

/** The signature of a context, or a function that requests one from the application's own server. */
export type Signature = string | ((context: Context) => string | Promise<string>);

/** A signature is replaced this long before it expires. */
const MARGIN_MS = 60_000;

export class Signer {
  #signature: Signature | undefined;
  /** What the function has returned. */
  #returned: string | undefined;

  constructor(signature: Signature | undefined) {
    this.#signature = signature;
  }

  /** Whether another signature can be had. */
  get isRenewable(): boolean {
    return typeof this.#signature === 'function';
  }

  /** Uses another signature from now on, if there is one; returns whether it is another one. */
  replace(signature: Signature | undefined): boolean {
    const before = this.#signature;
    this.#signature = signature ?? before;
    return this.#signature !== before;
  }

  /** The next request gets another signature, if there is a function. */
  drop(): void {
    this.#returned = undefined;
  }

  async sign(context: Context): Promise<string | undefined> {
    if (typeof this.#signature !== 'function') {
      return this.#signature;
    }
    // A signature begins with its expiry, in seconds since 1970.
    if (!(1_000 * Number.parseInt(this.#returned as string, 10) > Date.now() + MARGIN_MS)) {
      this.#returned = await this.#signature(context);
    }
    return this.#returned;
  }
}
