// The drafts of this tab, in the session storage, so that no reload loses them

import type { Place } from '../api/queries';
import { ownName } from '../base-path';
import type { FlagBody } from './language';

/** A draft as it is stored: the flag as it is edited, and the version and state on which the edits are based */
export interface StoredDraft {
  version: number;
  base: FlagBody;
  body: FlagBody;
}

const folder = ({ project, environment }: Place) => ownName(`draft/${project}/${environment}/`);

export const draftName = (place: Place, flag: string) => `${folder(place)}${flag}`;

/** All drafts of an environment by the key of the flag */
export function draftsOf(place: Place): { [flag: string]: FlagBody } {
  const begin = folder(place);
  const names = Object.keys(sessionStorage).filter((name) => name.startsWith(begin));
  return Object.fromEntries(
    names.map((name) => {
      const stored = JSON.parse(sessionStorage.getItem(name) ?? '') as StoredDraft;
      return [name.slice(begin.length), stored.body];
    }),
  );
}
