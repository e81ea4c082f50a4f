// Texts of the pages of people and segments, and of comparing environments

import { plural } from './words';

export const person = {
  title: 'What somebody gets',
  kind: 'Kind',
  key: 'Key',
  keyHint: 'user-17',
  ask: 'Show',
  nobody: 'Type a key',
  nobodyHint: 'You see every flag with its value and the reason, and can override it.',
  gets: (kind: string) => `What the ${kind} gets:`,
  keyOnly:
    'Evaluated with this key and no other attribute: rules about attributes that only a program knows do not match here.',
  filter: 'Search flags',
  value: 'Value',
  because: 'Because',
  override: 'Override',
  overrideLabel: (flag: string) => `Override ${flag}`,
  removeOverride: 'Remove the override',
  done: (flag: string, key: string) => `${flag} was changed for ${key}.`,
  rule: (name: string) => `rule ${name}`,
  overridden: (level: string) => `an override of the ${level}`,
  error: (code: string) => `the flag is broken (${code})`,
  steps: {
    off: 'the flag is off',
    disabled: 'the flag is off',
    expired: 'the flag has expired',
    prerequisite: 'a prerequisite is not met',
  } as Record<string, string>,
  reasons: {
    STATIC: 'everybody gets this',
    DEFAULT: 'no rule applies',
    SPLIT: 'their share of a split',
    DISABLED: 'the flag is off',
    TARGETING_MATCH: 'a rule or override',
  } as Record<string, string>,
};

export const segments = {
  title: 'Segments',
  hint: 'A segment is a group of users that several flags refer to.',
  key: 'Segment',
  who: 'Who is in it',
  usedBy: 'Used by',
  uses: (count: number) => (count === 0 ? 'nothing' : plural(count, 'flag or segment', 'flags and segments')),
  search: 'Search key or description',
  none: 'No segments yet',
  noMatch: 'No segment matches',
  newKey: 'Key of a new segment',
  create: 'Create segment',
  listed: (count: number, kind: string) => `${plural(count, `listed ${kind}`)}`,
  nobody: 'nobody',
  condition: 'Condition',
  byLists: 'Only who is on a list.',
  whoMatches: 'Who is on a list, or matches',
  saved: (key: string) => `The segment ${key} was saved.`,
  affected: (count: number) =>
    count === 0
      ? 'Nothing uses this segment: nobody moves.'
      : `${plural(count, 'flag or segment uses', 'flags and segments use')} it: who enters or leaves it gets what their rules serve.`,
  unused: 'No flag and no other segment refers to it.',
  delete: 'Delete the segment',
  deleteHint: 'It can be deleted when nothing uses it.',
  deleted: (key: string) => `The segment ${key} was deleted.`,
  ids: 'Listed ids',
  list: 'List',
  lists: { include: 'in the segment', exclude: 'not in it' },
  idCount: (count: number) => plural(count, 'id'),
  addIds: 'Add ids',
  addHint: 'One a line, or separated by commas.',
  add: (count: number) => (count === 0 ? 'Add' : `Add ${plural(count, 'id')}`),
  idsAdded: (count: number) => `${plural(count, 'id')} added.`,
  idRemoved: (id: string) => `${id} was removed.`,
  removeId: (id: string) => `Remove ${id}`,
};

export const compare = {
  title: 'Compare environments',
  from: 'What is in',
  to: 'but not in',
  same: 'Choose two environments',
  equal: (from: string, to: string) => `${from} and ${to} are equal`,
  count: (all: readonly { isHere: boolean; isThere: boolean }[]) =>
    `${plural(all.length, 'thing')} differ${all.length === 1 ? 's' : ''}`,
  select: (key: string) => `Select ${key}`,
  only: (environment: string) => `only in ${environment}`,
  kinds: { segments: 'segment', groups: 'group', holdouts: 'holdout' } as Record<string, string>,
  copy: (count: number, to: string) =>
    count === 0 ? 'Copy the selected flags' : `Copy ${plural(count, 'flag')} to ${to}`,
  copyTitle: (count: number, from: string, to: string) => `Copy ${plural(count, 'flag')} from ${from} to ${to}`,
  copyNow: 'Copy',
  outdated: 'One of the environments has changed meanwhile. This is what the copy would do now; nothing was copied.',
  copied: (count: number, to: string) => `${plural(count, 'flag')} copied to ${to}.`,
};
