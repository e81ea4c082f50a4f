// Texts of the page of a flag, but for its rules

import { plural } from './words';

export const flag = {
  path: 'Where you are',
  parts: 'Parts of the flag',
  tabs: { targeting: 'Targeting', overrides: 'Overrides', history: 'History', details: 'Details' },
  created: 'created',
  seen: 'last used',
  absent: 'absent',
  isOn: 'The flag is on: its rules decide.',
  isOff: (variant: string) => `The flag is off: everybody gets ${variant}.`,
  notSaved: 'not saved yet',
  form: 'How the flag is edited',
  forms: { form: 'Form', json: 'JSON', yaml: 'YAML' } as Record<string, string>,
  code: { json: 'The flag as JSON', yaml: 'The flag as YAML' },
  codeHint: 'Without its overrides.',
  refusals: (count: number) => `the server would refuse ${plural(count, 'thing')}`,
  unreadable: 'has errors',
};

export const absent = {
  hint: 'Copy it with its rules; overrides are copied too.',
  copy: (from: string) => `Copy it from ${from}`,
  reason: (from: string) => `copied from ${from}`,
  done: (flag: string, environment: string) => `${flag} was copied to ${environment}.`,
};

export const details = {
  title: 'About the flag',
  name: 'Name',
  nameHint: 'What people call it. Programs use the key.',
  description: 'Description',
  descriptionHint: 'The name and the description are the same in all environments.',
  tags: 'Tags',
  save: 'Save details',
  saved: 'The details were saved.',
  archiveTitle: 'Archive',
  archiveText:
    'An archived flag is taken out of every environment: programs get their own default. It can be restored as it was.',
  archive: 'Archive the flag',
  archiveQuestion: (flag: string) => `Archive ${flag} in all environments?`,
  typeKey: (flag: string) => `Type ${flag} to confirm`,
  archived: (flag: string) => `${flag} was archived.`,
  restoreTitle: 'Restore',
  restoreText: 'The flag is archived. Restoring brings it back to the environments that had it, as it was there.',
  restore: 'Restore the flag',
  restored: (flag: string) => `${flag} was restored.`,
};

export const usage = {
  title: 'Evaluations',
  total: (count: number, environment: string) => `${plural(count, 'evaluation')} in ${environment} in 14 days`,
  none: 'No evaluation was reported.',
  noVariant: 'no variant',
  table: 'As a table',
  day: 'Day (UTC)',
  delay: 'SDKs report about once a minute.',
};

export const variants = {
  title: 'Variants',
  fixed: 'on is true, off is false.',
  name: 'Name of a variant',
  add: 'Add',
  taken: 'There is one of this name.',
  remove: (name: string) => `Remove the variant ${name}`,
  value: (name: string) => `Value of ${name}`,
  off: 'When off',
  offHint: 'Served while the flag is off.',
  on: 'When included',
  onHint: 'Served to who is included.',
  clearOn: 'No variant for who is included',
  notObject: 'A JSON object, in braces',
  schema: 'JSON Schema',
  schemaHint: 'What the values of the variants, and what patches make of them, must satisfy.',
  addSchema: 'Add a JSON Schema',
  removeSchema: 'Remove the JSON Schema',
};

export const prerequisites = {
  title: 'Prerequisites',
  hint: 'If another flag does not serve what is named here, this flag counts as off.',
  flag: 'Flag',
  variants: 'serves one of',
  add: 'Add a prerequisite',
};

export const overrides = {
  title: 'Overrides',
  hint: 'What single users or organizations get, whatever the rules say.',
  values: { include: 'include', exclude: 'exclude' } as Record<string, string>,
  variant: (name: string) => `variant ${name}`,
  patch: 'a patch of the value',
  value: 'Override',
  level: 'Level',
  anyLevel: 'any level',
  key: 'Key',
  gets: 'Gets',
  why: 'Reason',
  changed: 'Changed',
  by: (name: string) => `by ${name}`,
  search: 'Search by key',
  count: (count: number) => plural(count, 'override'),
  none: 'No overrides',
  noMatch: 'No override matches',
  add: 'Set',
  remove: (key: string) => `Remove the override of ${key}`,
  removed: (key: string) => `The override of ${key} was removed.`,
  paste: 'Paste many',
  pasteTitle: 'Paste overrides',
  linesGet: 'Lines without a value get',
  lines: 'Keys, one a line',
  linesHint: 'After a comma: include, exclude or the name of a variant.',
  file: 'Read the lines from a file',
  preview: (good: number, bad: number) => `${plural(good, 'good line')}, ${plural(bad, 'bad line')}`,
  badLine: (line: number, text: string, why: 'key' | 'value' | 'duplicate') =>
    `Line ${line}: ${{ key: 'no key', value: 'unknown value', duplicate: 'this key was above' }[why]} (${text})`,
  load: (count: number) => `Set ${plural(count, 'override')}`,
  loaded: (count: number) => `${plural(count, 'override')} set.`,
};

export const history = {
  none: 'No changes yet',
  actions: { create: 'created', update: 'changed', delete: 'deleted' } as Record<string, string>,
  by: (actor: string) => `by ${actor}`,
  revision: (revision: number) => `revision ${revision}`,
  current: 'now',
  rollback: 'Roll back to this',
  rollbackTitle: (flag: string, revision: number) => `Make ${flag} what it was at revision ${revision}`,
  undoes: (count: number) => `This takes back ${plural(count, 'change')}:`,
  done: (flag: string, revision: number) => `${flag} is what it was at revision ${revision}.`,
};

export const diff = {
  was: 'was: ',
  is: 'is: ',
  order: 'order of the rules',
  place: (rule: string, place: number) => `${rule} in place ${place}`,
  whole: 'the whole',
  parts: {
    serve: 'what is served',
    when: 'condition',
    arms: 'shares',
    rollout: 'share',
    from: 'begins',
    until: 'ends',
  } as Record<string, string>,
  places: {
    enabled: 'on or off',
    serve: 'everybody else',
    rules: 'rules',
    variants: 'variants',
    overrides: 'overrides',
    prerequisites: 'prerequisites',
    description: 'description',
    expiresAt: 'expiry',
  } as Record<string, string>,
};
