// Texts of the audit, of instances and of credentials

import { plural } from './words';

export const audit = {
  title: 'Audit',
  export: 'Export',
  chain: (sequence: number) => `${plural(sequence, 'row')}, chained by hashes. The last hash is`,
  verify: 'Compare it with an export by "flagstaff audit verify".',
  flag: 'Key of a flag',
  actor: 'Who',
  action: 'What was done',
  kind: 'Kind of thing',
  kinds: {
    flag: 'flag',
    segment: 'segment',
    group: 'group',
    holdout: 'holdout',
    key: 'SDK key',
    token: 'access token',
    member: 'member',
    session: 'session',
    settings: 'settings',
  } as Record<string, string>,
  in: (environment: string) => `in ${environment}`,
  none: 'Nothing matches',
};

export const unknown = {
  title: 'Flags that programs ask for and that do not exist',
  none: 'Programs ask for no flag that does not exist.',
  key: 'Key',
  count: 'Asked for',
  last: 'Last',
  by: 'By',
};

export const instances = {
  title: 'Instances',
  count: (count: number) => plural(count, 'instance'),
  none: 'No SDK follows this environment',
  noneHint: 'A program that uses an SDK with a key of this environment appears here as long as it is connected.',
  sdk: 'SDK',
  id: 'Instance',
  revision: 'Revision',
  state: 'State',
  since: 'Connected',
  node: 'Node',
  unnamed: 'unnamed',
  behind: (staleMs: number) => `behind for ${Math.ceil(staleMs / 1000)} s`,
  confirmations: { applied: 'up to date', sent: 'sent' } as Record<string, string>,
};

export const keys = {
  title: 'Keys and tokens',
  sdkKeys: 'SDK keys',
  tokens: 'Access tokens',
  keysHint: 'Programs read the flags of one environment with an SDK key.',
  tokensHint: 'People and scripts administer the project with an access token.',
  kinds: {
    server: 'server',
    client: 'client (values only)',
    'client-local': 'client-local (evaluates in the page)',
  } as Record<string, string>,
  roles: { viewer: 'viewer', editor: 'editor', admin: 'admin' } as Record<string, string>,
  name: 'Name',
  nameHint: 'Who or what uses it',
  kind: 'Kind',
  ends: 'Ends with',
  created: 'Created',
  used: 'Last used',
  expires: 'Expires',
  never: 'never',
  actions: 'Actions',
  none: 'None yet',
  create: 'Create',
  rotate: 'Rotate',
  rotateLabel: (name: string) => `Rotate ${name}: the old one works for another day`,
  revoke: 'Revoke',
  revokeLabel: (name: string) => `Revoke ${name}`,
  revokeTitle: (name: string) => `Revoke ${name}?`,
  revokeText: 'What uses it stops getting changes at once. This cannot be taken back.',
  revoked: (name: string) => `${name} was revoked.`,
  secretTitle: 'Copy the secret now',
  secretText: 'It is shown only this once; the server stores no more than its hash.',
  copy: 'Copy',
  copied: 'Copied',
};

export const personalTokens = {
  title: 'Personal tokens',
  hint: 'A personal token is for your own scripts: it acts in your name, in this project, with at most your role, and ends with your membership.',
  onlyPeople: (name: string) =>
    `You are signed in with the token ${name}. Only people who sign in with the identity provider have personal tokens.`,
  none: 'No personal tokens',
  nameHint: 'What it is for, such as the name of a script',
  role: 'Role',
  lasts: 'Ends in',
  days: { 7: '7 days', 30: '30 days', 90: '90 days', 365: 'a year' } as Record<string, string>,
};

export const sessions = {
  title: 'Sessions',
  own: 'Your sessions',
  ownHint:
    'A session begins in each browser in which you sign in with the identity provider or by a one-time link. Who signs in with an access token has none: the token stays in the tab.',
  noneOwn: 'You have no sessions',
  all: 'Sessions of everybody',
  allHint:
    'Who is signed in to this server, in all projects. A session that you end is refused at once; the person can sign in again unless the identity provider refuses them.',
  none: 'Nobody is signed in',
  who: 'Who',
  browser: 'Browser',
  browserOn: (browser = 'unknown browser', system: string | undefined) =>
    system === undefined ? browser : `${browser} on ${system}`,
  current: 'this one',
  signedInBy: 'Signed in by',
  ways: { identityProvider: 'identity provider', oneTimeLink: 'one-time link' } as Record<string, string>,
  begun: 'Signed in',
  used: 'Last used',
  ends: 'Ends',
  actions: 'Actions',
  end: 'End',
  endLabel: (name: string, browser: string) => `End the session of ${name} in ${browser}`,
  endTitle: (name: string) => `End the session of ${name}?`,
  endText:
    'Its browser is signed out at once. What is typed on an open page stays there until somebody signs in again.',
  endOthers: 'End all others',
  endOthersTitle: 'End all your other sessions?',
  endOthersText: 'All your other browsers are signed out at once. You stay signed in here.',
  endAll: 'End all',
  endAllLabel: (name: string) => `End all sessions of ${name}`,
  endAllTitle: (name: string) => `End all sessions of ${name}?`,
  endAllText:
    'All browsers of the person are signed out at once. Personal tokens stay valid: revoke them in each project.',
  ended: (count: number) => (count === 1 ? 'The session has ended.' : `${plural(count, 'session')} have ended.`),
};
