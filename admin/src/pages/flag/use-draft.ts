// What somebody changes of a flag before it is saved. It is kept in the session storage, so that no reload loses it.

import { useCallback, useMemo, useState } from 'react';
import type { Place } from '../../api/queries';
import { differences, isSame } from '../../model/diff';
import { draftName, type StoredDraft } from '../../model/drafts';
import { bodyOf, type FlagBody, type FlagRead, type Json } from '../../model/language';

export interface Draft {
  /** The flag as it is being edited */
  body: FlagBody;
  /** The flag on which the edits are based */
  base: FlagBody;
  /** The version on which the edits are based: its entity tag */
  version: number;
  /** The flag as the server has it now */
  current: FlagBody;
  changes: number;
  /** Whether somebody else has saved the flag since the edits began */
  isBehind: boolean;
  edit: (change: Partial<FlagBody>) => void;
  discard: () => void;
  /** Puts the edits on another version: the result of a merge */
  rebase: (base: FlagRead, body: FlagBody) => void;
}

/** A change to undefined removes the field. */
function changed(body: FlagBody, change: Partial<FlagBody>): FlagBody {
  const fields = Object.entries({ ...body, ...change }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields) as unknown as FlagBody;
}

export function useDraft({ project, environment }: Place, flag: FlagRead): Draft {
  const name = draftName({ project, environment }, flag.key);
  const [stored, setStored] = useState<StoredDraft | undefined>(() => {
    const text = sessionStorage.getItem(name);
    return text === null ? undefined : (JSON.parse(text) as StoredDraft);
  });
  const current = useMemo(() => bodyOf(flag), [flag]);
  const store = useCallback(
    (next: StoredDraft | undefined) => {
      if (next === undefined) {
        sessionStorage.removeItem(name);
      } else {
        sessionStorage.setItem(name, JSON.stringify(next));
      }
      setStored(next);
    },
    [name],
  );
  const { base, body, version } = stored ?? { base: current, body: current, version: flag.version };
  const changes = useMemo(() => differences(base as unknown as Json, body as unknown as Json).length, [base, body]);
  return {
    body,
    base,
    version,
    current,
    changes,
    isBehind: stored !== undefined && stored.version < flag.version,
    edit: (change) => {
      const next = changed(body, change);
      // Who takes back every edit has none.
      store(isSame(next, base) ? undefined : { version, base, body: next });
    },
    discard: () => store(undefined),
    rebase: (read, merged) => {
      const onto = bodyOf(read);
      store(isSame(onto, merged) ? undefined : { version: read.version, base: onto, body: merged });
    },
  };
}
