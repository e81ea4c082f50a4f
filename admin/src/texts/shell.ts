// Texts of the frame of the pages, of errors, and of the palette

import { onOff, plural } from './words';

export const common = {
  cancel: 'Cancel',
  clear: 'Clear',
  close: 'Close',
  dismiss: 'Dismiss',
  done: 'Done',
  loading: 'Loading',
  remove: 'Remove',
  retry: 'Try again',
  undo: 'Undo',
  more: 'Show more',
  manyLines: (count: number) => `${plural(count, 'line')}, too many to show`,
  plural,
};

export const pages = {
  flags: 'Flags',
  people: 'People',
  playground: 'Playground',
  segments: 'Segments',
  groups: 'Groups and holdouts',
  compare: 'Compare',
  document: 'Document',
  instances: 'Instances',
  audit: 'Audit',
  keys: 'Keys',
  settings: 'Settings',
};

export const shell = {
  skip: 'Skip to content',
  menu: 'Menu',
  pages: 'Pages',
  find: 'Find or do',
  findKeys: '⌘K',
  project: 'Project',
  signOut: 'Sign out',
  theme: 'Theme',
  unreachable: (since: string) => `The server cannot be reached. What you see is from ${since}.`,
};

export const themes = { auto: 'as the system', light: 'light', dark: 'dark' };

export const notFound = {
  title: 'This page does not exist',
  text: 'The address may be old or mistyped.',
  back: 'Go to the flags',
};

export const errors = {
  unreachable: 'The server cannot be reached.',
  forbidden: (detail: string) => `You may not do this: ${detail}.`,
  problem: (detail: string) => `The server answered: ${detail}.`,
  field: (pointer: string, message: string) => (pointer === '' ? message : `${pointer}: ${message}`),
  requestId: (id: string) => `Request ${id}`,
};

export const broken = {
  title: 'This page has failed',
  text: 'What you have typed is kept. Reload the page; if it fails again, please report it with this message:',
  reload: 'Reload',
};

export const palette = {
  title: 'Find a flag or a page, or switch a flag',
  placeholder: 'A flag, a page, a person, or "off checkout"',
  results: 'Matches',
  nothing: 'Nothing matches.',
  open: 'open',
  page: 'page',
  action: 'do',
  switch: (flag: string, environment: string, enabled: boolean) => `Switch ${flag} ${onOff(enabled)} in ${environment}`,
  isNow: (enabled: boolean) => `${onOff(enabled)} now`,
  person: (key: string) => `What does ${key} get?`,
};

export const switching = {
  reason: 'switched in the admin UI',
  undoReason: 'undone in the admin UI',
  done: (flag: string, environment: string, enabled: boolean) => `${flag} is ${onOff(enabled)} in ${environment}.`,
  failed: (flag: string, why: string) => `${flag} was not switched. ${why}`,
};
