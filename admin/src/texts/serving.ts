// Texts of what a rule serves, and to which share

import { type Arm, percent } from '../model/split';

/** Texts of shares that change by time */
export const rollout = {
  kind: 'How the share changes',
  kinds: { fixed: 'fixed', steps: 'in steps', ramp: 'as a ramp' },
  step: (number: number) => `Step ${number}, at`,
  stepShare: (number: number) => `Share from step ${number} on, in percent`,
  removeStep: (number: number) => `Remove step ${number}`,
  addStep: 'Add a step',
  stepsHint: 'Before the first step nobody gets it. Each step is later than the one before.',
  from: 'From',
  start: 'Share at the beginning, in percent',
  until: 'Until',
  end: 'Share at the end, in percent',
  rampHint: 'Between the two instants the share changes minute by minute; before and after it is as at that end.',
};

/** Texts of the experiment of a split */
export const experiment = {
  title: 'Experiment',
  add: 'Make it an experiment',
  remove: 'End the experiment',
  key: 'Key of the experiment',
  group: 'Group',
  holdout: 'Holdout',
  none: 'none',
  slice: 'takes',
  sliceFrom: (part: number) => `Part ${part} of the group: from, in percent`,
  sliceUntil: 'to',
  sliceEnd: (part: number) => `Part ${part} of the group: to, in percent`,
  addPart: 'Add a part of the group',
  removePart: (part: number) => `Remove part ${part} of the group`,
  hint: 'Exposures are reported under this key. Who is in the holdout, or in another part of the group, goes on to what comes next.',
};

export const serve = {
  what: 'What is served',
  kinds: { one: 'one variant', split: 'a split', json: 'as JSON' },
  json: 'What is served, as JSON',
  jsonHint: 'Also the splits and expressions of other vendors, and null for nothing',
  variant: 'Variant',
  to: 'to',
  rollout: 'Share that gets it, in percent',
  ofUnits: 'of each',
  unit: 'Who is counted: user, organization, or a pointer to an attribute',
  others: 'Others go on to what comes next.',
  inWords: (serve: string, units: string) => `In words: ${serve}; counted by ${units}.`,
};

export const split = {
  share: (variant: string) => `Share of ${variant}, in percent`,
  lock: 'lock',
  lockLabel: (variant: string) => `lock the share of ${variant}`,
  remove: (variant: string) => `Remove ${variant} from the split`,
  add: 'Add a variant',
  equal: 'Equal shares',
  notPercent: '0 to 100, at most three decimals',
  border: (left: string, right: string) => `Border between ${left} and ${right}`,
  shares: (left: Arm, right: Arm) =>
    `${left.variant} ${percent(left.weight)} %, ${right.variant} ${percent(right.weight)} %`,
};
