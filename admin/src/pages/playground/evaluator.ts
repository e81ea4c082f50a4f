// The core in the page: it is loaded with this file, only where somebody evaluates.

import address from 'virtual:core-module';
import init, { Evaluator } from '../../../wasm/flagstaff_wasm.js';
import type { FlagBody, Json } from '../../model/language';
import type { Step } from '../../model/trace';

/** A document of an environment, as far as the playground looks into it */
export interface EnvironmentDocument {
  revision?: number;
  flags?: { [key: string]: FlagBody };
}

export interface Outcome {
  value: Json;
  variant: string | null;
  reason: string;
  errorCode: string | null;
  detail: { [name: string]: Json };
}

export interface Issue {
  flag: string | null;
  pointer: string;
  message: string;
}

export interface Explained {
  outcome: Outcome;
  trace: readonly Step[];
}

let loading: Promise<unknown> | undefined;

/** An evaluator of a document; throws if the document is refused as a whole. */
export async function evaluatorOf(document: EnvironmentDocument): Promise<Evaluator> {
  loading ??= init({ module_or_path: address });
  await loading;
  const evaluator = new Evaluator();
  evaluator.load(JSON.stringify(document));
  return evaluator;
}

export function outcomes(evaluator: Evaluator, context: string, now: number): { [flag: string]: Outcome } {
  return JSON.parse(evaluator.evaluateAll(context, now)).flags;
}

export function explained(evaluator: Evaluator, flag: string, context: string, now: number): Explained {
  return JSON.parse(evaluator.explain(flag, undefined, 'null', context, now));
}

export function issues(evaluator: Evaluator): readonly Issue[] {
  return JSON.parse(evaluator.issues());
}
