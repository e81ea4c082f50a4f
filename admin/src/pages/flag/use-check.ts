// What the server refuses, while somebody still edits: the same dry run as before saving, after a moment of rest.

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useContext } from 'react';
import type { Place } from '../../api/queries';
import { below, type FieldError, Problem } from '../../api/request';
import { pointerInFlag, tryEdit, tryValue } from '../../api/save-flag';
import { attributesIn } from '../../model/condition';
import type { Condition, FlagBody } from '../../model/language';
import { FlagPlace } from './flag-place';
import type { Draft } from './use-draft';

const REST_MS = 500;
const NONE: readonly FieldError[] = [];

/** The errors of a draft, by pointers into the flag */
export function useDraftCheck(place: Place, key: string, draft: Draft): readonly FieldError[] {
  const [body] = useDebouncedValue(draft.body, REST_MS);
  const { base, version, changes, isBehind } = draft;
  // A condition that somebody is about to fill in is not told to be wrong.
  const isUnfinished = (draft.body.rules ?? []).some((rule) => attributesIn(rule.when).includes(''));
  const isWanted = changes > 0 && !isBehind && !isUnfinished;
  const { data } = useQuery({
    queryKey: ['check', place.project, place.environment, key, version, body],
    queryFn: ({ signal }) => errorsOf(tryEdit(place, { key, version, base, body }, signal)),
    enabled: isWanted,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return isWanted ? (data ?? NONE) : NONE;
}

/** The errors of a condition that is not in the draft yet, by pointers into it */
export function useConditionCheck(condition: Condition): readonly FieldError[] {
  const place = useContext(FlagPlace);
  const [settled] = useDebouncedValue(condition, REST_MS);
  const { data } = useQuery({
    queryKey: ['checkCondition', place?.project, place?.environment, settled],
    queryFn: ({ signal }) => (place === undefined ? NONE : errorsOf(tryValue(place, flagOf(settled), signal))),
    enabled: place !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return below(data ?? NONE, WHEN);
}

const WHEN = '/rules/0/when';

/** The smallest flag that has a condition */
function flagOf(when: Condition): FlagBody {
  return { type: 'boolean', enabled: true, rules: [{ when, serve: 'off' }] };
}

async function errorsOf(dryRun: Promise<unknown>): Promise<readonly FieldError[]> {
  try {
    await dryRun;
    return NONE;
  } catch (error) {
    if (error instanceof Problem && error.errors.length > 0) {
      return error.errors.map((each) => ({ ...each, pointer: pointerInFlag(each.pointer) }));
    }
    throw error;
  }
}
