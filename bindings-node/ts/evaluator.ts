/**
 * `@flagstaff/node/evaluator`: the evaluation alone, for test-suites that hold every binding to the same cases. Answers are canonical
 * JSON text. Contexts go through the same encoder as the client's.
 */

import { encodeContext, encodeValue, type Issue, type ValueType } from '../../sdk-js/src/index.js';
import { type EngineName, openEngine } from './engine.js';

export interface CaseEvaluator {
  /** The engine that answers. */
  readonly engine: EngineName;
  /** Replaces the snapshot; returns what is wrong with its flags. Throws where the document is refused whole. */
  load(document: string): Issue[];
  /**
   * Evaluates one flag. A `context` that is a string is JSON text and reaches the core unparsed; anything else is a value such as a
   * caller of the client would give. `now` is in milliseconds since 1970.
   */
  evaluate(flag: string, type: ValueType | null, fallback: unknown, context: unknown, now: number): string;
  /** Evaluates one flag and tells why: `{"outcome": …, "trace": […]}`. */
  explain(flag: string, type: ValueType | null, fallback: unknown, context: unknown, now: number): string;
  /** Evaluates every flag: `{"flags": {KEY: outcome}}`. */
  evaluateAll(context: unknown, now: number): string;
  /** The slot of `unit` under `salt`, from 0 to `total` - 1. */
  bucket(salt: string, unit: string, total: number): number;
}

/** Opens an evaluator of the empty snapshot; `name` chooses the engine as the client's option `evaluator` does. */
export function createEvaluator(name?: EngineName): CaseEvaluator {
  const { name: engine, evaluator } = openEngine(name);
  const toText = (context: unknown) => (typeof context === 'string' ? context : encodeContext(context));
  return {
    engine,
    load(document) {
      evaluator.load(document);
      return JSON.parse(evaluator.issues()) as Issue[];
    },
    evaluate: (flag, type, fallback, context, now) =>
      evaluator.evaluate(flag, type, encodeValue(fallback) ?? 'null', toText(context), now),
    explain: (flag, type, fallback, context, now) =>
      evaluator.explain(flag, type, encodeValue(fallback) ?? 'null', toText(context), now),
    evaluateAll: (context, now) => evaluator.evaluateAll(toText(context), now),
    bucket: (salt, unit, total) => evaluator.bucket(salt, unit, total),
  };
}
