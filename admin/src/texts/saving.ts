// Texts of the review before saving, and of what comes after it

import { plural } from './words';

export const review = {
  bar: 'Changes that are not saved',
  changes: (count: number) => plural(count, 'change'),
  behind: 'somebody else has saved this flag',
  open: 'Review and save',
  discard: 'Discard',
  title: (flag: string, environment: string) => `Save ${flag} in ${environment}`,
  reason: 'Reason',
  reasonHint: 'For those who read the history later.',
  save: 'Save',
  goOn: 'Go on editing',
  refused: 'The server would refuse this:',
};

export const impact = {
  title: 'Who moves',
  nobody: 'Nobody gets another variant by this.',
  serve: (flag: string, name: string, share: string) => `${flag}, ${name}: ${share} move`,
  move: (share: string, before: string | null, after: string | null) =>
    `${share}: ${before ?? 'what comes next'} → ${after ?? 'what comes next'}`,
  oneWay: 'Nobody moves the other way.',
  mixed:
    'Users move in both directions, so some lose what they have. Another hash decides: the salt or the unit has changed, or the order of the variants.',
  reach: 'Which users reach a rule changes too. That depends on their attributes, so the share of users is not known.',
  prerequisites: (flags: readonly string[]) =>
    `Only users who meet the prerequisite ${flags.join(', ')} get any of this; others get the off variant.`,
  shareOf: 'A share is of those who reach this rule, computed from the hashes, not estimated.',
  overrides: (count: number) =>
    count === 0
      ? 'The flag has no overrides.'
      : `${plural(count, 'override')} of the flag come${count === 1 ? 's' : ''} before its rules.`,
  time: 'What time does',
};

export const conflict = {
  text: (count: number) =>
    `Somebody else has saved this flag since you began, and changed ${count === 1 ? 'one thing' : `${count} things`} that you changed too. Choose for each.`,
  sides: { mine: 'Yours', theirs: 'Theirs' },
  goOn: 'Take these and review again',
  mergedAlone: 'Somebody else has saved this flag. Their changes and yours were put together.',
};

export const convergence = {
  waiting: (revision: number) => `Saved as revision ${revision}.`,
  nobody: (revision: number) => `Saved as revision ${revision}. No SDK is connected at the moment.`,
  reached: (count: number, all: number, revision: number) =>
    `${count} of ${plural(all, 'instance')} have revision ${revision}.`,
  sent: (count: number) => `${count} of them do not confirm: it was sent to them.`,
  behind: (sdk: string | null, instance: string | null, revision: number | null, staleMs: number) =>
    `${sdk ?? 'an unnamed SDK'} ${instance ?? ''} has revision ${revision ?? '?'}, behind for ${Math.ceil(staleMs / 1000)} s`,
};
