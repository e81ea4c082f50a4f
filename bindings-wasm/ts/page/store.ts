/** The values in use: those of the server, and the overrides of this tab, which take precedence. */

import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';
import type { JsonValue, Reason } from '../../../sdk-js/src/evaluator.js';
import type { FlagSnapshot } from './types.js';

type Flags = ReadonlyMap<string, FlagSnapshot>;

export class FlagStore {
  #values: Flags = new Map();
  #overrides: Flags = new Map();
  /** Values and overrides merged; a flag that has not changed is the same object as before. */
  #flags: Flags = new Map();
  /** The values of {@link all}; made when it is asked for. */
  #all: Readonly<Record<string, JsonValue>> | undefined;

  get(key: string): FlagSnapshot | undefined {
    return this.#flags.get(key);
  }

  isOverridden(key: string): boolean {
    return this.#overrides.has(key);
  }

  /** The values of all flags that have one, by key: the same object until one of them changes. */
  all(): Readonly<Record<string, JsonValue>> {
    this.#all ??= Object.freeze(
      Object.fromEntries(
        [...this.#flags.values()].flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])),
      ),
    );
    return this.#all;
  }

  /** Replaces all values but the overrides; returns the keys of the flags that changed. */
  replace(flags: readonly EvaluatedFlag[]): string[] {
    this.#values = new Map(flags.map((flag) => [flag.key, toSnapshot(flag)]));
    return this.#merge();
  }

  /** Sets values that stay until they are set to `undefined`; returns the keys of the flags that changed. */
  override(values: Readonly<Record<string, JsonValue | undefined>>): string[] {
    const overrides = new Map(this.#overrides);
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) {
        overrides.delete(key);
      } else {
        overrides.set(key, toSnapshot({ key, value }));
      }
    }
    this.#overrides = overrides;
    return this.#merge();
  }

  #merge(): string[] {
    const before = this.#flags;
    const after = new Map([...this.#values, ...this.#overrides].sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const [key, flag] of after) {
      after.set(key, merge(before.get(key), flag));
    }
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => after.get(key) !== before.get(key),
    );
    if (changed.length > 0) {
      this.#flags = after;
      this.#all = undefined;
    }
    return changed;
  }
}

function toSnapshot({ key, value, variant, reason, metadata, errorCode, errorDetails }: EvaluatedFlag): FlagSnapshot {
  // OFREP's enumeration of reasons lacks one, which the server sends in the metadata.
  const { flagstaffReason, ...flagMetadata } = metadata ?? {};
  const outcome = errorCode
    ? ({ value: undefined, reason: 'ERROR', errorCode, errorMessage: errorDetails } as const)
    : { value, variant, reason: (flagstaffReason as Reason | undefined) ?? reason ?? 'STATIC' };
  return { key, ...outcome, flagMetadata };
}

/** `after`, frozen; or `before` if they are equal. An object value that has not changed stays the same object. */
function merge(before: FlagSnapshot | undefined, after: FlagSnapshot): FlagSnapshot {
  if (before === undefined || before === after) {
    return freeze(after);
  }
  if (isEqual(before, after)) {
    return before;
  }
  return freeze(isEqual(before.value, after.value) ? { ...after, value: before.value } : after);
}

/** Both come from JSON in which the server writes fields in the same order. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function freeze<T>(value: T): T {
  if (Object(value) === value && !Object.isFrozen(value)) {
    Object.values(Object.freeze(value) as object).forEach(freeze);
  }
  return value;
}
