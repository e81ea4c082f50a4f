/** Contexts that are read once, for many questions. */

import { readContext } from './encode.js';
import type { Evaluator } from './evaluator.js';

/**
 * Where a prepared context says its text to another copy of this package: an application may have one as a module and one as CommonJS,
 * and their classes do not know each other.
 */
const TEXT = Symbol.for('flagstaff.context');

/** Whether something is a prepared context of this copy. Unlike `instanceof` it asks a proxy nothing, and so never throws. */
export let isPrepared: (context: unknown) => context is PreparedContext;

/** Whether it is none that the getters call invalid. */
export let isValid: (context: PreparedContext) => boolean;

/** The context as JSON text. */
export let textOf: (context: PreparedContext) => string;

/**
 * A context that is read once, for code that asks many flags about the same user: a request, a session, a job.
 *
 * ```js
 * const context = new PreparedContext({ targetingKey: 'user-1', plan: 'pro' });
 * client.getBooleanValue('new-checkout', false, context);
 * ```
 *
 * It serves every client. Later changes of the object it was made of are not seen. Preparing costs as much as some twenty questions about a
 * plain object, so a context that is asked about less often is better handed over as it is.
 */
export class PreparedContext {
  readonly #text: string;
  readonly #isValid: boolean;

  /** Never throws: of what is no context the getters say so. */
  constructor(context?: object) {
    const { text, isValid } = readContext(context);
    this.#text = text;
    this.#isValid = isValid;
  }

  get [TEXT](): string {
    return this.#text;
  }

  static {
    isPrepared = (context): context is PreparedContext =>
      typeof context === 'object' && context !== null && #text in context;
    isValid = (context) => context.#isValid;
    textOf = (context) => context.#text;
  }
}

/** The text of a context that another copy of this package has prepared. */
export function foreignText(context: unknown): string | undefined {
  try {
    const text: unknown = (context as { [TEXT]?: unknown } | null | undefined)?.[TEXT];
    return typeof text === 'string' ? text : undefined;
  } catch {
    // A revoked proxy.
    return undefined;
  }
}

/** So many contexts an evaluator keeps at once; beyond them the one that was kept first is forgotten, and kept anew when it is asked about. */
const KEPT = 1_024;

/** The contexts that an evaluator keeps. They are bounded, since no collector sees how large they are there. */
export class KeptContexts {
  readonly #evaluator: Evaluator;
  readonly #names = new WeakMap<PreparedContext, { name: number }>();
  readonly #ring: { name: number }[] = [];
  #next = 0;

  constructor(evaluator: Evaluator) {
    this.#evaluator = evaluator;
  }

  /** The name under which a context is kept, which it is from now on; 0 where the evaluator refuses it. */
  nameOf(context: PreparedContext): number {
    const kept = this.#names.get(context);
    return kept === undefined || kept.name === 0 ? this.#keep(context) : kept.name;
  }

  #keep(context: PreparedContext): number {
    const first = this.#ring[this.#next];
    if (first !== undefined) {
      this.#evaluator.forget(first.name);
      first.name = 0;
    }
    const kept = { name: this.#evaluator.keep(textOf(context)) };
    this.#ring[this.#next] = kept;
    this.#next = (this.#next + 1) % KEPT;
    this.#names.set(context, kept);
    return kept.name;
  }
}
