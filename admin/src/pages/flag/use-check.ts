// What the server refuses and what its lint finds, while somebody still edits: the same dry run as before saving, after a moment of rest.

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useContext } from 'react';
import type { Place } from '../../api/queries';
import { type Answer, below, type FieldError, Problem } from '../../api/request';
import { type Finding, type Preview, pointerInFlag, tryEdit, tryValue } from '../../api/save-flag';
import { attributesIn } from '../../model/condition';
import type { Condition, FlagBody } from '../../model/language';
import { FlagPlace } from './flag-place';
import type { Draft } from './use-draft';

const REST_MS = 500;

interface Check {
  /** What would be refused */
  errors: readonly FieldError[];
  /** What is odd about what would be taken */
  findings: readonly Finding[];
}
const NONE: Check = { errors: [], findings: [] };

/** The errors and findings of a draft, by pointers into the flag */
export function useDraftCheck(place: Place, key: string, draft: Draft): Check {
  const [body] = useDebouncedValue(draft.body, REST_MS);
  const { base, version, isBehind } = draft;
  // A condition that somebody is about to fill in is not told to be wrong.
  const isUnfinished = (draft.body.rules ?? []).some((rule) => attributesIn(rule.when).includes(''));
  const isWanted = !isBehind && !isUnfinished;
  const { data, isPlaceholderData } = useQuery({
    queryKey: ['check', place.project, place.environment, key, version, body],
    queryFn: ({ signal }) => checkOf(tryEdit(place, { key, version, base, body }, signal)),
    enabled: isWanted,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const check = isWanted && data !== undefined ? data : NONE;
  // Pointers of an earlier draft may lead to other rules.
  return isPlaceholderData || body !== draft.body ? { ...check, findings: [] } : check;
}

/** The errors of a condition that is not in the draft yet, by pointers into it */
export function useConditionCheck(condition: Condition): readonly FieldError[] {
  const place = useContext(FlagPlace);
  const [settled] = useDebouncedValue(condition, REST_MS);
  const { data } = useQuery({
    queryKey: ['checkCondition', place?.project, place?.environment, settled],
    queryFn: ({ signal }) => (place === undefined ? NONE : checkOf(tryValue(place, flagOf(settled), signal))),
    enabled: place !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return below(data?.errors ?? NONE.errors, WHEN);
}

const WHEN = '/rules/0/when';

/** The smallest flag that has a condition */
function flagOf(when: Condition): FlagBody {
  return { type: 'boolean', enabled: true, rules: [{ when, serve: 'off' }] };
}

async function checkOf(dryRun: Promise<Answer<Preview>>): Promise<Check> {
  const inFlag = <T extends { pointer: string }>(each: T): T => ({ ...each, pointer: pointerInFlag(each.pointer) });
  try {
    const { data } = await dryRun;
    return { errors: [], findings: (data.findings ?? []).map(inFlag) };
  } catch (error) {
    if (error instanceof Problem && error.errors.length > 0) {
      return { errors: error.errors.map(inFlag), findings: [] };
    }
    throw error;
  }
}
