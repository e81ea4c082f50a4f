// The steps of an evaluation (docs/spec/trace.md) as sentences. A step of a later version is shown by its type.

import { texts } from '../texts';
import type { Json } from './language';
import { operatorWords, valueText } from './sentence';
import { percent } from './split';

export interface Step {
  type: string;
  steps?: readonly Step[];
  [field: string]: Json | readonly Step[] | undefined;
}

export interface Sentence {
  text: string;
  /** Whether a condition holds; undefined for what is not one */
  holds: boolean | undefined;
  inside: readonly Sentence[];
}

export function sentences(steps: readonly Step[]): Sentence[] {
  const found: Sentence[] = [];
  let share: number | undefined;
  for (const [index, step] of steps.entries()) {
    if (step.type === 'rollout' && !('slot' in step)) {
      share = Number(step['share']);
      // The hash, if it is read, is the next step and says the share too.
      if (steps[index + 1]?.type !== 'rollout') {
        found.push({ text: texts.trace.rollout(percent(share)), holds: undefined, inside: [] });
      }
    } else {
      found.push({ text: sentence(step, share), holds: holds(step, share), inside: sentences(step.steps ?? []) });
    }
  }
  return found;
}

function holds(step: Step, share: number | undefined): boolean | undefined {
  if (typeof step['result'] === 'boolean') {
    return step['result'];
  }
  if (step.type === 'rule') {
    return step['result'] === 'match';
  }
  return step.type === 'rollout' && share !== undefined && typeof step['slot'] === 'number'
    ? step['slot'] < share
    : undefined;
}

function sentence(step: Step, share: number | undefined): string {
  const text = (name: string) => (typeof step[name] === 'string' ? step[name] : '');
  const shown = (name: string) => valueText(step[name] as Json);
  const slot = typeof step['slot'] === 'number' ? step['slot'].toLocaleString('en') : '';
  const serves = texts.trace.serves(typeof step['variant'] === 'string' ? step['variant'] : undefined);
  switch (step.type) {
    case 'disabled':
      return texts.trace.disabled;
    case 'expired':
      return texts.trace.expired(text('at'));
    case 'prerequisite':
      return texts.trace.prerequisite(text('flag'), serves);
    case 'override':
      return texts.trace.override(
        text('level'),
        text('key'),
        typeof step['variant'] === 'string' ? text('variant') : undefined,
      );
    case 'rule':
      return texts.trace.rule(
        texts.rules.name(typeof step['id'] === 'string' ? step['id'] : undefined, Number(step['index'])),
        text('result'),
      );
    case 'serve':
      return texts.trace.serve(serves);
    case 'rollout':
      return texts.trace.hash(shown('unit'), slot, percent(share ?? 0), Number(step['slot']) < (share ?? 0));
    case 'arms':
    case 'slice':
    case 'holdout':
      return texts.trace.stages[step.type](shown('unit'), slot);
    case 'noUnit':
      return texts.trace.noUnit(text('unit'));
    case 'patch':
      return texts.trace.patch(text('level'));
    case 'attribute':
      return texts.trace.attribute(
        text('attribute'),
        operatorWords(text('operator')),
        foundText(step['found'] as Json),
      );
    case 'segment':
      return texts.trace.segment(text('segment'), text('why'));
    case 'flag':
      return texts.trace.flag(text('flag'), serves);
    case 'bucket':
      return texts.trace.bucket(slot, Number(step['from']), Number(step['until']));
    default:
      return texts.trace.groups[step.type] ?? step.type;
  }
}

function foundText(found: Json): string {
  if (found !== null && typeof found === 'object' && !Array.isArray(found)) {
    return 'missing' in found ? texts.trace.missing : texts.trace.object;
  }
  return texts.trace.found(valueText(found));
}
