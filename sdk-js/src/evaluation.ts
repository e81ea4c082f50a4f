/** An evaluation as callers see it: with the client's own attributes and overrides, counted, and without exceptions. */

import { type CachedOutcome, type Evaluated, FailedEvaluation } from './cached-outcome.js';
import type { CachingEvaluator } from './caching-evaluator.js';
import type { Details } from './details.js';
import { errorMessage } from './errors.js';
import type { ExpectedType, JsonValue } from './evaluator.js';
import { Overrides, type OverrideValues } from './overrides.js';
import { isPlainObject, repairContext } from './plain.js';
import type { ContextInput } from './prepared.js';
import type { Context } from './types.js';
import type { Usage } from './usage.js';
import { type UserKey, userKeyOf } from './user-key.js';
import type { Warnings } from './warnings.js';

export interface EvaluationOptions {
  /** Attributes that every context has, unless it has its own. */
  context?: Context | undefined;
  /** Called after each evaluation by a getter, and at the first read of a flag of a view. */
  onEvaluation?: ((details: Details<unknown>, context: ContextInput | undefined) => void) | undefined;
  /** Whether pages may see every flag, marked `clientSide` or not: those of a test. */
  isAllClientSide?: boolean | undefined;
  /** The attribute that is the key of the user in contexts without a `targetingKey`: a name such as `userId`, or a JSON pointer. */
  targetingKeyAttribute?: string | undefined;
}

/** The number of first evaluations whose contexts are checked: a program with another name for the user's key uses it from the start. */
const CHECKED = 10;

export class Evaluation {
  readonly #options: EvaluationOptions;
  readonly #usage: Usage | undefined;
  readonly #warnings: Warnings;
  readonly #overrides = new Overrides();
  /** Whether an evaluation has to do more than to call the evaluator. */
  #isSpecial = false;
  #onRead: (() => void) | undefined;
  readonly #userKey: UserKey | undefined;
  /** How many more contexts are checked. */
  #unchecked = CHECKED;

  constructor(options: EvaluationOptions, usage: Usage | undefined, warnings: Warnings) {
    this.#options = options;
    const { targetingKeyAttribute } = options;
    this.#userKey = targetingKeyAttribute === undefined ? undefined : userKeyOf(targetingKeyAttribute);
    this.#usage = usage;
    this.#warnings = warnings;
    this.#update();
  }

  /** Replaces the values of flags; the function that is returned ends it. */
  override(values: OverrideValues): () => void {
    const remove = this.#overrides.add(values);
    this.#update();
    return () => {
      remove();
      this.#update();
    };
  }

  /** Calls `listener` before each evaluation. */
  onRead(listener: () => void): void {
    this.#onRead = listener;
    this.#update();
  }

  #update(): void {
    const { context, onEvaluation } = this.#options;
    const options = [context, onEvaluation, this.#onRead, this.#userKey];
    this.#isSpecial = this.#unchecked > 0 || !this.#overrides.isEmpty || options.some((option) => option !== undefined);
  }

  /** Evaluates a flag. `evaluator` is `undefined` before the first flags have been received. */
  evaluate(
    evaluator: CachingEvaluator | undefined,
    flag: string,
    type: ExpectedType,
    context: ContextInput | undefined,
  ): Evaluated {
    // Most clients need nothing else here. Each further call costs a third as much as the evaluation of a constant flag.
    if (!this.#isSpecial && evaluator !== undefined) {
      try {
        const outcome = evaluator.evaluate(flag, type, context);
        if (outcome.errorCode === null) {
          this.#usage?.count(outcome);
          return outcome;
        }
      } catch {
        // The evaluation below finds and handles the same error.
      }
    }
    return this.evaluateOwn(evaluator, flag, type, this.#merge(context));
  }

  /** Evaluates a flag for a context of {@link ownContext}. */
  evaluateOwn(
    evaluator: CachingEvaluator | undefined,
    flag: string,
    type: ExpectedType,
    context: ContextInput | undefined,
  ): Evaluated {
    return this.#isSpecial
      ? this.#evaluateSpecial(evaluator, flag, type, context)
      : this.#evaluate(evaluator, flag, type, context);
  }

  /** Evaluates all flags for a context of {@link ownContext}, or only those that pages may see. */
  evaluateAll(
    evaluator: CachingEvaluator | undefined,
    context: ContextInput | undefined,
    isClientSide = false,
  ): Record<string, Details<JsonValue | undefined>> {
    this.#onRead?.();
    this.#check(evaluator, context);
    // Without a prototype while it grows, so that V8 makes it a hash table at once: to a plain object a thousand members took up to eight times as long.
    const all: Record<string, Details<JsonValue | undefined>> = Object.create(null);
    const { outcomes, visible } = this.#outcomes(evaluator, context, isClientSide && !this.#options.isAllClientSide);
    for (const outcome of [...outcomes, ...this.#overrides.outcomes]) {
      if (visible?.has(outcome.flag) !== false) {
        this.#usage?.count(outcome);
        all[outcome.flag] = outcome.details<JsonValue | undefined>(undefined);
      }
    }
    return Object.setPrototypeOf(all, Object.prototype);
  }

  /** A copy of a context that has the client's own attributes, on which later changes of the caller's object have no effect. */
  ownContext(context: ContextInput | undefined): ContextInput | undefined {
    const merged = this.#merge(context);
    return isReadable(merged) ? { ...(repairContext(merged) ?? merged) } : merged;
  }

  /** The context with the client's own attributes and the user's key; a prepared context that names its user is used as it is. */
  #merge(context: ContextInput | undefined): ContextInput | undefined {
    const merged = this.#withOwn(context);
    return this.#userKey === undefined ? merged : this.#userKey(merged);
  }

  /** Logs once if the context seems to have the user's key under another name than `targetingKey`. */
  #check(evaluator: CachingEvaluator | undefined, context: ContextInput | undefined): void {
    if (this.#unchecked === 0 || evaluator === undefined) {
      return;
    }
    this.#unchecked -= 1;
    const hint = evaluator.userKeyHint(context);
    if (hint !== undefined) {
      this.#unchecked = 0;
      this.#warnings.warn(`${hint}, unless the client has the option \`targetingKeyAttribute\``);
    }
    if (this.#unchecked === 0) {
      this.#update();
    }
  }

  #withOwn(context: ContextInput | undefined): ContextInput | undefined {
    const own = this.#options.context;
    if (own === undefined || context === undefined) {
      return context === undefined ? own : context;
    }
    return isReadable(context) ? { ...own, ...(repairContext(context) ?? context) } : context;
  }

  #evaluateSpecial(
    evaluator: CachingEvaluator | undefined,
    flag: string,
    type: ExpectedType,
    context: ContextInput | undefined,
  ): Evaluated {
    this.#onRead?.();
    this.#check(evaluator, context);
    const evaluated = this.#overrides.evaluate(flag, type) ?? this.#evaluate(evaluator, flag, type, context);
    const { onEvaluation } = this.#options;
    if (onEvaluation !== undefined) {
      try {
        onEvaluation(evaluated.details<unknown>(undefined), context);
      } catch (error) {
        this.#warnings.warnOnce(`\`onEvaluation\` threw: ${errorMessage(error)}`);
      }
    }
    return evaluated;
  }

  #evaluate(
    evaluator: CachingEvaluator | undefined,
    flag: string,
    type: ExpectedType,
    context: ContextInput | undefined,
  ): Evaluated {
    if (evaluator === undefined) {
      return this.#warnings.note(new FailedEvaluation(flag, 'PROVIDER_NOT_READY'));
    }
    try {
      let outcome = evaluator.evaluate(flag, type, context);
      if (outcome.errorCode !== null) {
        const repaired = outcome.errorCode === 'INVALID_CONTEXT' ? repairContext(context) : undefined;
        outcome = repaired === undefined ? outcome : evaluator.evaluate(flag, type, repaired);
        this.#warnings.note(outcome);
      }
      this.#usage?.count(outcome);
      return outcome;
    } catch (error) {
      return this.#warnings.note(new FailedEvaluation(flag, 'GENERAL', errorMessage(error)));
    }
  }

  #outcomes(
    evaluator: CachingEvaluator | undefined,
    context: ContextInput | undefined,
    isClientSide: boolean,
  ): { outcomes: CachedOutcome[]; visible: Set<string> | undefined } {
    try {
      const outcomes = evaluator?.evaluateAll(context) ?? [];
      return { outcomes, visible: isClientSide ? new Set(evaluator?.clientSideKeys()) : undefined };
    } catch (error) {
      this.#warnings.warnOnce(`the evaluator failed: ${errorMessage(error)}`);
      return { outcomes: [], visible: isClientSide ? new Set() : undefined };
    }
  }
}

/** Whether the fields of a context can be copied: it is neither prepared nor invalid. */
function isReadable(context: ContextInput | undefined): context is object {
  try {
    return repairContext(context) !== undefined || isPlainObject(context);
  } catch {
    // A revoked proxy.
    return false;
  }
}
