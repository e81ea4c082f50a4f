// Rules in words, as the rule cards, the review and the history show them.

import { texts } from '../texts';
import { isTest, literalsOf, showLiteral } from './condition';
import type {
  Condition,
  HashedServe,
  Json,
  Override,
  Rollout,
  Serve,
  Test,
  VendorExpression,
  VendorSplit,
} from './language';
import { hashed, isVendors } from './language';
import { type Arm, percent } from './split';

/** Literals that a sentence names before it only counts the others */
const NAMED = 3;

export function operatorWords(op: string): string {
  return texts.operators[op] ?? op;
}

export function literalsText(literals: readonly Json[]): string {
  const shown = literals.slice(0, NAMED).map(showLiteral).join(', ');
  return literals.length > NAMED ? texts.sentence.andMore(shown, literals.length - NAMED) : shown;
}

export function testText(test: Test): string {
  const literals = literalsText(literalsOf(test));
  const elements = test.array === undefined || test.array === 'any' ? '' : texts.sentence.array[test.array];
  const noCase = test.ignoreCase === true ? texts.sentence.ignoreCase : '';
  return [elements, test.attribute, operatorWords(test.op), literals, noCase].filter(Boolean).join(' ');
}

export function conditionText(condition: Condition): string {
  if (isTest(condition)) {
    return testText(condition);
  }
  if ('segment' in condition) {
    return texts.sentence.segment(condition.segment);
  }
  if ('flag' in condition) {
    return texts.sentence.flag(condition.flag, condition.variants.join(texts.sentence.or));
  }
  if ('bucket' in condition) {
    const { unit = 'user', from, until, salt } = condition.bucket;
    return texts.sentence.bucket(unit, percent(from), percent(until), salt);
  }
  if ('dialect' in condition) {
    return texts.sentence.dialect(condition.dialect, valueText(condition.expression));
  }
  if ('not' in condition) {
    return texts.sentence.not(conditionText(condition.not));
  }
  const [parts, joiner] = 'all' in condition ? [condition.all, texts.sentence.and] : [condition.any, texts.sentence.or];
  const inside = parts.map((part) =>
    'all' in part || 'any' in part ? `(${conditionText(part)})` : conditionText(part),
  );
  return inside.length === 0 ? texts.sentence.emptyGroup('all' in condition) : inside.join(joiner);
}

export function serveText(serve: Serve): string {
  if (isVendors(serve)) {
    return vendorServeText(serve);
  }
  const given = hashed(serve);
  const served = given.arms === undefined ? (given.variant ?? '') : armsText(given.arms);
  if (given.rollout === undefined || given.rollout === 100) {
    return given.arms === undefined ? texts.sentence.serve(served) : texts.sentence.split(unitsText(given), served);
  }
  const share = texts.sentence.share(rolloutText(given.rollout), unitsText(given));
  return given.arms === undefined ? texts.sentence.serveTo(served, share) : texts.sentence.split(share, served);
}

function vendorServeText(serve: null | VendorSplit | VendorExpression): string {
  if (serve === null) {
    return texts.sentence.serveNothing;
  }
  if ('dialect' in serve) {
    return texts.sentence.serveExpression(serve.dialect, valueText(serve.expression));
  }
  const arms = serve.arms.map(({ variant, weight }) => `${variant ?? texts.sentence.nothing} ${weight}`);
  return texts.sentence.vendorSplit(serve.algorithm, arms.join(', '));
}

export function armsText(arms: readonly Arm[]): string {
  return arms.map((arm) => `${arm.variant} ${percent(arm.weight)} %`).join(', ');
}

/** Who is hashed, in the plural */
export function unitsText(serve: HashedServe): string {
  const unit = serve.unit ?? 'user';
  return unit.startsWith('/') ? texts.sentence.byAttribute(unit) : `${unit}s`;
}

export function rolloutText(rollout: Rollout): string {
  if (typeof rollout === 'number') {
    return `${percent(Math.round(rollout * 1000))} %`;
  }
  if ('steps' in rollout) {
    return texts.sentence.steps(rollout.steps.map((step) => step.percent).join(' → '));
  }
  return texts.sentence.ramp(rollout.start, rollout.end);
}

export function overrideText(value: Override | Json): string {
  if (typeof value === 'string') {
    return texts.overrides.values[value] ?? value;
  }
  if (typeof value === 'object' && value !== null && 'variant' in value) {
    return texts.overrides.variant(String(value['variant']));
  }
  return texts.overrides.patch;
}

/** A value in a line: long ones are cut */
export function valueText(value: Json | undefined, length = 80): string {
  const text = value === undefined ? '' : JSON.stringify(value);
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
