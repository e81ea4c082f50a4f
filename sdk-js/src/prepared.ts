/** Contexts that are read once, for many questions. */

import { encodeContext } from './encode.js';

/** What keeps contexts where they are evaluated. */
export interface Keeper {
  /** The name under which a context is kept; 0 where it is no valid one. */
  keep(context: PreparedContext, text: string): number;
}

/** Whether something is a prepared context. Unlike `instanceof` it asks a proxy nothing, and so never throws. */
export let isPrepared: (context: unknown) => context is PreparedContext;

/** The context as JSON text. */
export let textOf: (context: PreparedContext) => string;

/** The name under which `keeper` has the context. */
export let nameOf: (context: PreparedContext, keeper: Keeper) => number;

/**
 * A context that is read once, for code that asks many flags about the same user: a request, a session, a job.
 *
 * ```js
 * const context = new PreparedContext({ targetingKey: 'user-1', plan: 'pro' });
 * client.getBooleanValue('new-checkout', false, context);
 * ```
 *
 * It serves every client. Later changes of the object it was made of are not seen. A context that is asked about once or twice is
 * better handed over as the plain object that it is.
 */
export class PreparedContext {
  readonly #text: string;
  /** Who asked last, and the name there. */
  #keeper: Keeper | undefined;
  #name = 0;

  /** Never throws: of what is no context the getters say so. */
  constructor(context?: object) {
    this.#text = encodeContext(context);
  }

  static {
    isPrepared = (context): context is PreparedContext =>
      typeof context === 'object' && context !== null && #text in context;
    textOf = (context) => context.#text;
    nameOf = (context, keeper) => {
      if (context.#keeper !== keeper) {
        context.#name = keeper.keep(context, context.#text);
        context.#keeper = keeper;
      }
      return context.#name;
    };
  }
}
