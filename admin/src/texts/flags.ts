// Texts of the list of flags

import { kinds, lifecycles, plural, types } from './words';

export const flags = {
  title: 'Flags',
  count: (shown: number, total: number) =>
    shown === total ? plural(total, 'flag') : `${shown.toLocaleString('en')} of ${plural(total, 'flag')}`,
  create: 'New flag',
  none: 'No flags yet',
  noneHint: 'A flag switches a feature on or off, for everybody or for some.',
  noMatch: 'No flag matches these filters',
  clear: 'Clear the filters',
  clearOne: (name: string) => `Clear the filter ${name}`,
  search: 'Search key, name, description, tag or owner',
  environment: 'Environment',
  state: 'On or off',
  states: { on: 'on', off: 'off' },
  type: 'Type',
  types,
  kind: 'Kind',
  kinds,
  lifecycle: 'Lifecycle',
  lifecycles,
  tag: 'Tag',
  owner: 'Owner',
  sort: 'Sort',
  sorts: {
    key: 'by key',
    '-createdAt': 'newest first',
    '-updatedAt': 'last changed first',
    lastSeenAt: 'longest unused first',
    '-lastSeenAt': 'last used first',
  },
  flag: 'Flag',
  updated: 'Changed',
  seen: 'Last used',
  never: 'never',
  week: 'Last week',
  weekUnused: 'no evaluation in the last 7 days',
  weekCounts: (counts: readonly number[]) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return `${plural(total, 'evaluation')} in 7 days: ${counts.map((count) => count.toLocaleString('en')).join(', ')}`;
  },
  notIn: (environment: string) => `${environment} does not have this flag`,
  switchLabel: (flag: string, environment: string) => `${flag} in ${environment}`,
};

export const newFlag = {
  title: 'New flag',
  key: 'Key',
  keyHint: 'The name in the code. It cannot be changed later.',
  keyWrong: 'Letters, digits, ".", "_" and "-", beginning with a letter or digit; at most 100.',
  typeHints: {
    boolean: 'A feature that is on or off.',
    string: 'One of several texts, such as a label.',
    number: 'One of several numbers, such as a limit.',
    object: 'One of several JSON objects, such as a configuration.',
  },
  name: 'Name',
  nameHint: 'What people call it. It can be changed at any time.',
  description: 'Description',
  places: 'Create it, switched off, in',
  submit: 'Create flag',
};

/** Texts of what is done with several flags at once */
export const bulk = {
  bar: 'Selected flags',
  all: 'Select all flags of the list',
  one: (flag: string) => `Select ${flag}`,
  selected: (count: number) => `${plural(count, 'flag')} selected`,
  working: (done: number, total: number) => `· ${done} of ${total} done`,
  addTag: 'Add a tag',
  removeTag: 'Remove a tag',
  archive: 'Archive',
  restore: 'Restore',
  clear: 'Select none',
  tagged: (count: number, tag: string, isAdded: boolean) =>
    `The tag ${tag} was ${isAdded ? 'added to' : 'removed from'} ${plural(count, 'flag')}.`,
  moved: (count: number, verb: 'archive' | 'restore') =>
    `${plural(count, 'flag')} ${count === 1 ? 'was' : 'were'} ${verb === 'archive' ? 'archived' : 'restored'}.`,
  archiveTitle: (count: number) => `Archive ${plural(count, 'flag')} in all environments?`,
  keys: (keys: readonly string[], named: number) =>
    keys.slice(0, named).join(', ') + (keys.length > named ? ` and ${plural(keys.length - named, 'other')}` : ''),
};
