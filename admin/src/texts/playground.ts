import { plural } from './words';

/** The steps of an evaluation, in sentences */
export const trace = {
  disabled: 'The flag is off.',
  expired: (at: string) => `The flag expired at ${at}.`,
  serves: (variant: string | undefined) => (variant === undefined ? 'serves nothing' : `serves ${variant}`),
  prerequisite: (flag: string, serves: string) => `The prerequisite ${flag} ${serves}`,
  override: (level: string, key: string, variant: string | undefined) =>
    variant === undefined
      ? `No override of the ${level}${key === '' ? '' : ` ${key}`}`
      : `An override of the ${level} ${key}: ${variant}`,
  rule: (name: string, result: string) =>
    ({
      match: `${name} applies`,
      'no match': `${name} does not apply: its condition does not hold`,
      declined: `${name} does not apply: its condition holds, but the share does not reach this unit`,
      closed: `${name} does not apply at this instant`,
    })[result] ?? `${name}: ${result}`,
  serve: (serves: string) => `It ${serves}`,
  rollout: (percent: string) => `To ${percent} %`,
  hash: (unit: string, slot: string, percent: string, isUnder: boolean) =>
    slot === ''
      ? `To ${percent} %`
      : `The hash of ${unit} is ${slot} of 100,000, which is ${isUnder ? '' : 'not '}under ${percent} %`,
  stages: {
    arms: (unit: string, slot: string) => `The hash of ${unit} is ${slot} of 100,000, which chooses the variant`,
    slice: (unit: string, slot: string) => `The hash of ${unit} in the group is ${slot} of 100,000`,
    holdout: (unit: string, slot: string) => `The hash of ${unit} in the holdout is ${slot} of 100,000`,
  },
  noUnit: (unit: string) => `The context has no ${unit}, whose hash would decide`,
  patch: (level: string) => `Patched by the ${level}`,
  attribute: (attribute: string, operator: string, found: string) => `${attribute} ${operator} … : ${found}`,
  found: (value: string) => `it is ${value}`,
  missing: 'it is missing',
  object: 'it is an object',
  segment: (segment: string, why: string) =>
    `The segment ${segment}: ${
      { excluded: 'listed as not in it', included: 'listed in it', condition: 'its condition decides' }[why] ?? why
    }`,
  flag: (flag: string, serves: string) => `The flag ${flag} ${serves}`,
  bucket: (slot: string, from: number, until: number) =>
    `The hash is ${slot} of 100,000; from ${from.toLocaleString('en')} to ${until.toLocaleString('en')} holds`,
  groups: { all: 'All of these', any: 'One of these', not: 'Not this' } as Record<string, string>,
};

/** Texts of the playground */
export const playground = {
  title: 'Playground',
  hint: 'Your browser evaluates the flags of the environment, with the same core as the server and the SDKs. Nothing is sent or stored.',
  context: 'Context',
  ways: { form: 'Form', json: 'JSON' },
  attribute: (index: number) => `Attribute ${index}`,
  value: (name: string) => `Value of ${name === '' ? 'the attribute' : name}`,
  attributePlaceholder: 'country',
  valuePlaceholder: 'se, 42, true or ["a", "b"]',
  add: 'Add an attribute',
  remove: (name: string) => `Remove the attribute ${name}`,
  json: 'Context as JSON',
  contextWrong: (message: string) => `This is not a context: ${message}`,
  notAnObject: 'an object is expected',
  at: 'At',
  now: 'Evaluated at the time of your computer.',
  examples: 'Examples',
  exampleName: 'Name of the example',
  saveExample: 'Keep as example',
  applyExample: (name: string) => `Use ${name}`,
  removeExample: (name: string) => `Forget ${name}`,
  noExamples: 'An example is a context with a name, kept in this browser.',
  drafts: (count: number) => `With ${plural(count, 'draft')} of this tab`,
  filter: 'Search flags',
  flags: 'Flags',
  flag: 'Flag',
  result: 'Value',
  because: 'Because',
  choose: (flag: string) => `Explain ${flag}`,
  none: 'This environment has no flags',
  noMatch: 'No flag matches',
  changed: 'changed here',
  why: (flag: string) => `Why ${flag} is this`,
  steps: 'Steps',
  yes: 'yes',
  no: 'no',
  openFlag: 'Open the flag',
  edit: 'The flag as JSON',
  editHint: 'Change it to see what would be served. It is not stored.',
  editWrong: (message: string) => `This is not a flag: ${message}`,
  takeBack: 'Take back',
  issues: (count: number) => plural(count, 'fault'),

  coreFailed: (message: string) => `The core could not be loaded: ${message}`,
};
