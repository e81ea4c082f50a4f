/** The flags of one context: what a request, a job or a component reads. */

import type { Evaluated } from './cached-outcome.js';
import type { Details } from './details.js';
import type { ExpectedType, JsonValue } from './evaluator.js';
import { toValue } from './getters.js';
import type { Context, FlagValue, Widened } from './types.js';

/** What a view needs of its client. */
export interface FlagsSource {
  readonly context: Readonly<Context>;
  evaluate(flag: string, type: ExpectedType): Evaluated;
  evaluateAll(isClientSide: boolean): Record<string, Details<JsonValue | undefined>>;
}

/** A flag that was read. */
interface Read {
  /** `typeof` the values of its type. */
  readonly type: 'boolean' | 'string' | 'number' | 'object';
  readonly evaluated: Evaluated;
}

/**
 * The flags of one context in one revision. Each flag is evaluated once, so that everything that reads it sees the same value, even
 * if the flag changes meanwhile.
 *
 * ```js
 * const flags = client.forContext({ targetingKey: 'user-1', plan: 'pro' });
 * flags.isEnabled('new-checkout');
 * flags.get('page-size', 20);
 * ```
 */
export class Flags {
  readonly #source: FlagsSource;
  readonly #reads = new Map<string, Read>();

  /** `FlagClient.forContext` makes views. */
  constructor(source: FlagsSource) {
    this.#source = source;
  }

  /** The context, with the client's own attributes. */
  get context(): Readonly<Context> {
    return this.#source.context;
  }

  /** Whether a boolean flag is on; `false` if it cannot be evaluated. */
  isEnabled(flag: string): boolean {
    return this.get(flag, false);
  }

  /** The value of a flag of the default's type; the default if it has another type or cannot be evaluated. Never throws. */
  get<T extends FlagValue>(flag: string, defaultValue: T): Widened<T> {
    return toValue(this.#read(flag, defaultValue), defaultValue) as Widened<T>;
  }

  /** The value of a flag, and the reason for it. */
  details<T extends FlagValue>(flag: string, defaultValue: T): Details<Widened<T>> {
    return this.#read(flag, defaultValue).details(defaultValue) as Details<Widened<T>>;
  }

  /** All flags, or those marked `clientSide`, which pages may see; the value of a broken flag is `undefined`. */
  all({ clientSideOnly = false }: { clientSideOnly?: boolean } = {}): Record<string, Details<JsonValue | undefined>> {
    return this.#source.evaluateAll(clientSideOnly);
  }

  #read(flag: string, defaultValue: FlagValue): Evaluated {
    const read = this.#reads.get(flag);
    return read !== undefined && typeof defaultValue === read.type
      ? read.evaluated
      : this.#evaluate(flag, defaultValue);
  }

  #evaluate(flag: string, defaultValue: FlagValue): Evaluated {
    // A caller without types may pass anything; the core then finds that no flag has its type.
    const type = typeof defaultValue as Read['type'];
    const evaluated = this.#source.evaluate(flag, type);
    if (!this.#reads.has(flag)) {
      this.#reads.set(flag, { type, evaluated });
    }
    return evaluated;
  }
}
