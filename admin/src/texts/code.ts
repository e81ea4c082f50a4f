// Texts of the editor of JSON and YAML

import { plural } from './words';

export const code = {
  keys: 'Tab leaves the field, Ctrl+] and Ctrl+[ indent, Ctrl+Space shows what can stand here, F8 goes to the next error.',
  line: (line: number) => `Line ${line}:`,
  more: (count: number) => `and ${plural(count, 'more error', 'more errors')}`,
  notFinite: 'Infinite numbers are not JSON',
};

/** Texts of the page of a whole environment */
export const document = {
  title: 'Document',
  hint: 'All flags, segments, groups and holdouts of an environment, with their overrides. What you take out is deleted.',
  language: 'Language of the document',
  label: (environment: string) => `The document of ${environment}`,
  tooLarge: (length: number) =>
    `The document has ${length.toLocaleString('en')} characters, too many to edit here. Use "flagstaff export" and "flagstaff import".`,
  review: 'What saving changes',
  changes: (count: number) => `${plural(count, 'change')} in the environment:`,
  moves: (flags: readonly string[]) => `Users get another variant of ${flags.join(', ')}.`,
  save: (environment: string) => `Save ${environment}`,
  saved: (environment: string, revision: number) => `${environment} was saved as revision ${revision}.`,
  reload: 'Read it again, without what is typed here',
};
