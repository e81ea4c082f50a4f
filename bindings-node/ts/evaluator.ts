/**
 * `@flagstaff/node/evaluator`: the evaluation alone, for test-suites that hold every binding to the same cases. Answers are canonical
 * JSON text. Contexts go through the same encoder as the client's, and each question is asked again as the client asks it, in numbers:
 * an answer that is another one throws.
 */

import { isDeepStrictEqual } from 'node:util';
import {
  Engine,
  encodeContext,
  encodeValue,
  type Issue,
  type Outcome,
  PreparedContext,
  toDetails,
  type ValueType,
} from '../../sdk-js/src/index.js';
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
  const clock = { instant: 0, now: () => clock.instant };
  const client = new Engine(evaluator, clock);
  const toText = (context: unknown) => (typeof context === 'string' ? context : encodeContext(context));

  /** The client asks with the object and with a prepared context, the second time from memory. */
  function check(flag: string, type: ValueType | null, context: unknown, now: number): void {
    clock.instant = now;
    const outcome = JSON.parse(evaluator.evaluate(flag, type, 'null', encodeContext(context), now)) as Outcome;
    const details = toDetails(flag, outcome, null);
    const prepared = new PreparedContext(context as object);
    for (const asker of [context, prepared, context, prepared]) {
      agree(client.answer(flag, type, asker).details(null), details);
    }
  }

  function checkAll(context: unknown, now: number): void {
    clock.instant = now;
    const { flags } = JSON.parse(evaluator.evaluateAll(encodeContext(context), now)) as {
      flags: Record<string, Outcome>;
    };
    const details = Object.entries(flags).map(([key, outcome]): [string, unknown] => [
      key,
      toDetails(key, outcome, null),
    ]);
    const prepared = new PreparedContext(context as object);
    for (const asker of [context, prepared, prepared]) {
      const answers = client.answers(asker).map((answer): [string, unknown] => [answer.flag, answer.details(null)]);
      agree(new Map(answers), new Map(details));
    }
  }

  return {
    engine,
    load(document) {
      client.load(document);
      return client.issues();
    },
    evaluate(flag, type, fallback, context, now) {
      const answer = evaluator.evaluate(flag, type, encodeValue(fallback) ?? 'null', toText(context), now);
      check(flag, type, toValue(context), now);
      return answer;
    },
    explain: (flag, type, fallback, context, now) =>
      evaluator.explain(flag, type, encodeValue(fallback) ?? 'null', toText(context), now),
    evaluateAll(context, now) {
      checkAll(toValue(context), now);
      return evaluator.evaluateAll(toText(context), now);
    },
    bucket: (salt, unit, total) => evaluator.bucket(salt, unit, total),
  };
}

/** What a caller of the client would give where a case gives text. */
function toValue(context: unknown): unknown {
  try {
    return typeof context === 'string' ? (JSON.parse(context) as unknown) : context;
  } catch {
    return null;
  }
}

function agree(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) {
    throw new Error(`in numbers it is ${JSON.stringify(found)}, in text ${JSON.stringify(expected)}`);
  }
}
