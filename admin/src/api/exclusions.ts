// Exclusion groups and holdouts, which are alike: a salt, a unit and, for holdouts, a share.

import { infiniteQueryOptions } from '@tanstack/react-query';
import type { Place } from './queries';
import { type Answer, get, request, type Schemas } from './request';

export type ExclusionKind = 'group' | 'holdout';

/** A group or a holdout as it was read */
export interface Exclusion {
  key: string;
  version: number;
  salt: string;
  unit?: string | null;
  /** Only of a holdout */
  percent?: number;
  usedBy: Schemas['ObjectUse'][];
}

const BASES = {
  group: '/api/v1/projects/{project}/environments/{environment}/groups',
  holdout: '/api/v1/projects/{project}/environments/{environment}/holdouts',
} as const;

export const exclusionsKey = (place: Place, kind: ExclusionKind) => [
  'exclusions',
  place.project,
  place.environment,
  kind,
];

export const exclusions = (place: Place, kind: ExclusionKind, search: string) =>
  infiniteQueryOptions({
    queryKey: [...exclusionsKey(place, kind), search],
    queryFn: async ({ pageParam, signal }) => {
      const given = Object.entries({ search, cursor: pageParam }).filter(([, value]) => value !== '');
      const query = { limit: 100, ...Object.fromEntries(given) };
      const page = await get(BASES[kind], { path: { ...place }, query, signal });
      return { ...page, items: page.items as Exclusion[] };
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export interface ExclusionBody {
  key?: string;
  unit?: string | null;
  percent?: number;
}

export async function createExclusion(place: Place, kind: ExclusionKind, body: ExclusionBody): Promise<void> {
  await request('post', BASES[kind], { path: { ...place }, body });
}

export async function deleteExclusion(place: Place, kind: ExclusionKind, { key, version }: Exclusion): Promise<void> {
  await request('delete', `${BASES[kind]}/{key}`, { path: { ...place, key }, ifMatch: version });
}

/** Changes it by a changeset, whose dry run tells which users of which flags move. */
export function changeExclusion(
  place: Place,
  kind: ExclusionKind,
  { key, version }: Exclusion,
  value: ExclusionBody,
  query: { dryRun?: boolean; reason?: string },
) {
  const body = { operations: [{ op: 'patch', kind, key, value, ifMatch: version }] };
  return request('post', '/api/v1/projects/{project}/environments/{environment}/changesets', {
    path: { ...place },
    query,
    body,
  }) as Promise<Answer<Schemas['AppliedChangeset']>>;
}
