import { plural } from './words';

/** Texts of the page of groups and holdouts */
export const groups = {
  title: 'Groups and holdouts',
  tabs: { group: 'Groups', holdout: 'Holdouts' },
  hints: {
    group: 'Experiments of one group that take different slices of it never share a user.',
    holdout: 'A holdout keeps the same share of users out of every experiment that names it.',
  },
  none: { group: 'No groups yet', holdout: 'No holdouts yet' },
  noneHints: {
    group: 'Create one, and name it with a slice in the experiment of a flag.',
    holdout: 'Create one, and name it in the experiment of a flag.',
  },
  noMatch: 'Nothing matches',
  search: 'Search key',
  key: 'Key',
  newKey: 'New key',
  unit: 'Unit',
  unitHint: 'A kind of context, or a pointer to an attribute, as /session/id',
  percent: 'Share',
  percentLabel: 'Share that is held out, in percent',
  usedBy: 'Used by',
  unused: 'nothing',
  actions: 'Actions',
  create: { group: 'Create group', holdout: 'Create holdout' },
  edit: 'Edit',
  editLabel: (key: string) => `Edit ${key}`,
  delete: 'Delete',
  deleteLabel: (key: string) => `Delete ${key}`,
  inUse: (key: string, count: number) =>
    `${key} cannot be deleted while ${plural(count, 'flag names', 'flags name')} it.`,
  created: (key: string) => `${key} was created.`,
  saved: (key: string) => `${key} was saved.`,
  deleted: (key: string) => `${key} was deleted.`,
  editTitle: (key: string) => `Edit ${key}`,
  salt: (salt: string) => `The salt is ${salt}. It stays as it is, since another one would move users.`,
};
