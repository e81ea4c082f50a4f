/**
 * `@flagstaff/node/evaluator`: evaluation without a client, for test suites that run the same cases with every binding. Results are canonical
 * JSON text. Contexts go through the client's encoder, and each evaluation is repeated by outcome ids, as the client does it: a result that
 * differs throws.
 */

import { isDeepStrictEqual } from 'node:util';
import {
  CachingEvaluator,
  type ExpectedType,
  encodeContext,
  encodeValue,
  type Issue,
  type Outcome,
  PreparedContext,
  repairContext,
  toDetails,
} from '../../sdk-js/src/index.js';
import { type Engine, openEngine } from './engine.js';

export interface ConformanceEvaluator {
  /** The engine that evaluates. */
  readonly engine: Engine;
  /** Replaces the snapshot; returns why flags are broken. Throws if the document is refused as a whole. */
  load(document: string): Issue[];
  /**
   * Evaluates one flag. A `context` that is a string is JSON text, which the core parses; anything else is a value as a caller of the client
   * would pass it. `now` is in milliseconds since 1970.
   */
  evaluate(flag: string, type: ExpectedType | null, defaultValue: unknown, context: unknown, now: number): string;
  /** Evaluates one flag, with the steps of the evaluation: `{"outcome": …, "trace": […]}`. */
  explain(flag: string, type: ExpectedType | null, defaultValue: unknown, context: unknown, now: number): string;
  /** Evaluates all flags: `{"flags": {KEY: outcome}}`. */
  evaluateAll(context: unknown, now: number): string;
  /** The slot of `unit` under `salt`, from 0 to `total` - 1. */
  bucket(salt: string, unit: string, total: number): number;
}

/** Opens an evaluator of the empty snapshot; `engine` selects the engine as the client's option does. */
export function createEvaluator(engine?: Engine): ConformanceEvaluator {
  const { engine: opened, evaluator } = openEngine(engine, undefined);
  const clock = { instant: 0, now: () => clock.instant };
  const caching = new CachingEvaluator(evaluator, clock);
  const toText = (context: unknown) => (typeof context === 'string' ? context : encodeContext(context));

  /** Evaluates as the client does, with the object and with a prepared context, the second time from the cache. */
  function check(flag: string, type: ExpectedType | null, context: unknown, now: number): void {
    clock.instant = now;
    const detailsFor = (value: unknown) => {
      const outcome = JSON.parse(evaluator.evaluate(flag, type, 'null', encodeContext(value), now)) as Outcome;
      return toDetails(flag, outcome, null);
    };
    const details = detailsFor(context);
    const prepared = new PreparedContext(context as object);
    const repaired = repairContext(context);
    const detailsPrepared = repaired === undefined ? details : detailsFor(repaired);
    for (let round = 0; round < 2; round += 1) {
      assertEqual(caching.evaluate(flag, type, context).details(null), details);
      assertEqual(caching.evaluate(flag, type, prepared).details(null), detailsPrepared);
    }
  }

  function checkAll(context: unknown, now: number): void {
    clock.instant = now;
    const detailsFor = (value: unknown) => {
      const { flags } = JSON.parse(evaluator.evaluateAll(encodeContext(value), now)) as {
        flags: Record<string, Outcome>;
      };
      return new Map(
        Object.entries(flags).map(([key, outcome]): [string, unknown] => [key, toDetails(key, outcome, null)]),
      );
    };
    const prepared = new PreparedContext(context as object);
    for (const input of [context, prepared, prepared]) {
      const all = caching.evaluateAll(input).map((outcome): [string, unknown] => [outcome.flag, outcome.details(null)]);
      assertEqual(new Map(all), detailsFor(input === prepared ? (repairContext(context) ?? context) : context));
    }
  }

  return {
    engine: opened,
    load(document) {
      caching.load(document);
      return caching.issues();
    },
    evaluate(flag, type, defaultValue, context, now) {
      const outcome = evaluator.evaluate(flag, type, encodeValue(defaultValue) ?? 'null', toText(context), now);
      check(flag, type, toValue(context), now);
      return outcome;
    },
    explain: (flag, type, defaultValue, context, now) =>
      evaluator.explain(flag, type, encodeValue(defaultValue) ?? 'null', toText(context), now),
    evaluateAll(context, now) {
      checkAll(toValue(context), now);
      return evaluator.evaluateAll(toText(context), now);
    },
    bucket: (salt, unit, total) => evaluator.bucket(salt, unit, total),
  };
}

/** The value that a caller of the client would pass instead of text. */
function toValue(context: unknown): unknown {
  try {
    return typeof context === 'string' ? (JSON.parse(context) as unknown) : context;
  } catch {
    return null;
  }
}

function assertEqual(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`by outcome ids it is ${JSON.stringify(actual)}, by text ${JSON.stringify(expected)}`);
  }
}
