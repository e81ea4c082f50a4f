/** Values that replace those of flags in this process, for tests and experiments. */

import { CachedOutcome, type Evaluated, FailedEvaluation } from './cached-outcome.js';
import type { ExpectedType, JsonValue } from './evaluator.js';

/** The values of flags, by key. */
export type OverrideValues = Readonly<Record<string, JsonValue>>;

export class Overrides {
  /** Later layers take precedence over earlier ones. */
  readonly #layers: ReadonlyMap<string, CachedOutcome>[] = [];
  #merged: ReadonlyMap<string, CachedOutcome> = new Map();

  get isEmpty(): boolean {
    return this.#layers.length === 0;
  }

  /** All flags that have such a value, in no order. */
  get outcomes(): Iterable<CachedOutcome> {
    return this.#merged.values();
  }

  /** Adds values, which are copied; the function that is returned removes them. */
  add(values: OverrideValues): () => void {
    const layer = new Map(Object.entries(values).map(([flag, value]) => [flag, toOutcome(flag, value)]));
    this.#layers.push(layer);
    this.#merge();
    return () => {
      const index = this.#layers.indexOf(layer);
      if (index >= 0) {
        this.#layers.splice(index, 1);
        this.#merge();
      }
    };
  }

  /** The evaluation of a flag that has such a value; `undefined` for others. */
  evaluate(flag: string, type: ExpectedType): Evaluated | undefined {
    const outcome = this.#merged.get(flag);
    if (outcome === undefined || typeOf(outcome.value) === type) {
      return outcome;
    }
    return new FailedEvaluation(flag, 'TYPE_MISMATCH');
  }

  #merge(): void {
    this.#merged = new Map(this.#layers.flatMap((layer) => [...layer]));
  }
}

function typeOf(value: JsonValue): string {
  return typeof value;
}

/** The outcome of a flag that serves `value` to every context. */
function toOutcome(flag: string, value: JsonValue): CachedOutcome {
  return new CachedOutcome(flag, {
    value: structuredClone(value),
    variant: null,
    enabled: value !== false,
    reason: 'STATIC',
    errorCode: null,
    detail: {},
    metadata: {},
    inExperiment: false,
    sources: {},
  });
}
