/** The getters of a client. */

import type { Evaluated } from './cached-outcome.js';
import type { Details } from './details.js';
import type { ExpectedType } from './evaluator.js';
import type { ContextInput } from './prepared.js';

/** Getters are synchronous, never throw and never wait. */
export abstract class Getters {
  getBooleanValue(flag: string, defaultValue: boolean, context?: ContextInput): boolean {
    return toValue(this.evaluateFlag(flag, 'boolean', context), defaultValue);
  }

  getStringValue(flag: string, defaultValue: string, context?: ContextInput): string {
    return toValue(this.evaluateFlag(flag, 'string', context), defaultValue);
  }

  getNumberValue(flag: string, defaultValue: number, context?: ContextInput): number {
    return toValue(this.evaluateFlag(flag, 'number', context), defaultValue);
  }

  /** The value is frozen, and the same object for all callers until it changes. */
  getObjectValue<T extends object | null>(flag: string, defaultValue: T, context?: ContextInput): T {
    return toValue(this.evaluateFlag(flag, 'object', context), defaultValue);
  }

  getBooleanDetails(flag: string, defaultValue: boolean, context?: ContextInput): Details<boolean> {
    return this.evaluateFlag(flag, 'boolean', context).details(defaultValue);
  }

  getStringDetails(flag: string, defaultValue: string, context?: ContextInput): Details<string> {
    return this.evaluateFlag(flag, 'string', context).details(defaultValue);
  }

  getNumberDetails(flag: string, defaultValue: number, context?: ContextInput): Details<number> {
    return this.evaluateFlag(flag, 'number', context).details(defaultValue);
  }

  getObjectDetails<T extends object | null>(flag: string, defaultValue: T, context?: ContextInput): Details<T> {
    return this.evaluateFlag(flag, 'object', context).details(defaultValue);
  }

  /** Evaluates a flag, and counts it. Never throws. */
  protected abstract evaluateFlag(flag: string, type: ExpectedType, context: ContextInput | undefined): Evaluated;
}

/** The value of an evaluation, or the default if there is none. The core has compared the value's type with the expected one. */
export function toValue<T>(evaluated: Evaluated, defaultValue: T): T {
  return evaluated.hasValue ? (evaluated.value as T) : defaultValue;
}
