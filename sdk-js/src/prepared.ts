/** Contexts that are read once, for many evaluations. */

import { isTargetingKey, isTooLarge, readContext } from './encode.js';
import type { Evaluator } from './evaluator.js';
import { isPlainObject, PREPARED_TEXT, repairContext } from './plain.js';
import type { Context } from './types.js';

/** Whether a value is a prepared context of this copy of the package. Unlike `instanceof` it calls no trap of a proxy, so it never throws. */
export let isPrepared: (context: unknown) => context is PreparedContext;

/** Whether the context is valid. */
export let isValid: (context: PreparedContext) => boolean;

/** The context as JSON text. */
export let textOf: (context: PreparedContext) => string;

/**
 * A context that is read once, for code that evaluates many flags for one context: a request, a session, a job.
 *
 * ```js
 * const context = new PreparedContext({ targetingKey: 'user-1', plan: 'pro' });
 * client.getBooleanValue('new-checkout', false, context);
 * ```
 *
 * It works with every client. Later changes of the object have no effect. Preparing costs as much as about twenty evaluations with a plain
 * object, so do not prepare a context that is used less often.
 */
export class PreparedContext {
  readonly #text: string;
  readonly #isValid: boolean;

  /** Never throws: getters report an invalid context. */
  constructor(context?: object) {
    const { text, isValid } = readContext(repairContext(context) ?? context);
    this.#text = text;
    this.#isValid = isValid;
  }

  get [PREPARED_TEXT](): string {
    return this.#text;
  }

  static {
    isPrepared = (context): context is PreparedContext =>
      typeof context === 'object' && context !== null && #text in context;
    isValid = (context) => context.#isValid;
    textOf = (context) => context.#text;
  }
}

/** The context of an argument; values that JSON cannot represent are as the caller passed them. */
export function contextOf(context: ContextInput | undefined): Readonly<Context> {
  const text = isPrepared(context) ? textOf(context) : foreignText(context);
  const read: unknown = text === undefined ? context : JSON.parse(text);
  return (read ?? {}) as Readonly<Context>;
}

/** The text of a context that another copy of this package has made. */
function foreignText(context: unknown): string | undefined {
  try {
    const text: unknown = (context as { [PREPARED_TEXT]?: unknown } | null | undefined)?.[PREPARED_TEXT];
    return typeof text === 'string' ? text : undefined;
  } catch {
    // A revoked proxy.
    return undefined;
  }
}

/** The text of any context argument, and whether it is known to be valid. */
export function readAny(context: unknown): { text: string; isValid: boolean } {
  if (isPrepared(context)) {
    return { text: textOf(context), isValid: isValid(context) };
  }
  const foreign = foreignText(context);
  return foreign === undefined ? readContext(context) : { text: foreign, isValid: false };
}

/** Whether a context is known to be valid without reading all of it. */
export function isSurelyValid(context: unknown): boolean {
  if (context === undefined) {
    return true;
  }
  if (isPrepared(context)) {
    return isValid(context);
  }
  try {
    // Not an own member only, since that test costs as much as the others: if this key is valid, an own one is valid or missing.
    const { targetingKey } = context as { targetingKey?: unknown };
    return isPlainObject(context) && isTargetingKey(targetingKey) && !isTooLarge(context);
  } catch {
    // A revoked proxy.
    return false;
  }
}

/** The context argument of a getter: an object that is read at each call, or one that was read before. */
export type ContextInput = Context | PreparedContext | ReadonlyMap<string, unknown> | object;

/** Contexts that an evaluator stores; beyond them the oldest is released, and stored again when it is used again. */
const MAX_STORED = 1_024;

/** The contexts that an evaluator stores. Their number is bounded, since the garbage collector does not see their size. */
export class StoredContexts {
  readonly #evaluator: Evaluator;
  readonly #ids = new WeakMap<PreparedContext, { id: number }>();
  readonly #ring: { id: number }[] = [];
  #next = 0;

  constructor(evaluator: Evaluator) {
    this.#evaluator = evaluator;
  }

  /** The id of a context, which is stored if necessary; 0 if the evaluator refuses it. */
  idOf(context: PreparedContext): number {
    const stored = this.#ids.get(context);
    return stored === undefined || stored.id === 0 ? this.#store(context) : stored.id;
  }

  #store(context: PreparedContext): number {
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) {
      this.#evaluator.releaseContext(oldest.id);
      oldest.id = 0;
    }
    const stored = { id: this.#evaluator.storeContext(textOf(context)) };
    this.#ring[this.#next] = stored;
    this.#next = (this.#next + 1) % MAX_STORED;
    this.#ids.set(context, stored);
    return stored.id;
  }
}
