/** Evaluated flags as OFREP's bulk response has them: what the server sends to a page, and what a page can contain from the start. */

import type { ErrorCode, JsonValue, Reason } from './evaluator.js';
import type { Context } from './types.js';

/** One flag of OFREP's bulk response: its value, or why it has none. */
export interface EvaluatedFlag {
  readonly key: string;
  readonly value?: JsonValue;
  readonly variant?: string;
  readonly reason?: Reason;
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  readonly errorCode?: ErrorCode;
  readonly errorDetails?: string;
}

/**
 * The flags of a page, evaluated before it was sent. The body of a response of `POST /ofrep/v1/evaluate/flags` is one, whatever program
 * requested it.
 */
export interface Bootstrap {
  readonly flags: readonly EvaluatedFlag[];
  /** The context for which they were evaluated, if the page is to continue with it. */
  readonly context?: Context;
}
