// Texts of the history of an environment

import { plural } from './words';

const deeds: Record<string, string> = { create: 'created', update: 'changed', delete: 'deleted' };

export const revisions = {
  title: 'History of the environment',
  hint: 'Each revision is one change of everything in the environment. Any two can be compared, and any earlier one restored.',
  none: 'No changes yet',
  noneHint: 'The first flag of the environment makes the first revision.',
  name: (revision: number) => `Revision ${revision}`,
  by: (actor: string) => `by ${actor}`,
  current: 'now',
  object: (kind: string, key: string, action: string) => `${kind} ${key} ${deeds[action] ?? action}`,
  others: (count: number) => `and ${plural(count, 'other')}`,
  changed: 'What it changed',
  changedLabel: (revision: number) => `What it changed: revision ${revision}`,
  sinceLabel: (revision: number) => `What changed since: revision ${revision}`,
  since: 'What changed since',
  rollback: 'Roll back to this',
  rollbackLabel: (revision: number) => `Roll back to this: revision ${revision}`,
  before: 'Revision',
  after: 'compared with',
  compare: 'Compare',
  form: 'Compare two revisions',
  differences: (before: number, after: number) => `From revision ${before} to revision ${after}`,
  close: 'Close the comparison',
  equal: 'They are equal.',
  count: (count: number) => `${plural(count, 'thing')} differ${count === 1 ? 's' : ''}.`,
  isNew: 'created',
  isGone: 'deleted',
  rollbackTitle: (environment: string, revision: number) => `Make ${environment} what it was at revision ${revision}`,
  undoes: (count: number) =>
    `This takes back ${plural(count, 'revision')}, in one revision of its own. Keys, members and settings stay.`,
  salts: 'Also restore salts that have changed since, which moves users to other variants',
  rollbackNow: 'Roll back',
  done: (environment: string, revision: number) => `${environment} is what it was at revision ${revision}.`,
  more: (count: number) => `${plural(count, 'thing')} more`,
};
