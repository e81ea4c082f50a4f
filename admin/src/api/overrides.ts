import { infiniteQueryOptions } from '@tanstack/react-query';
import type { Override } from '../model/language';
import type { Place } from './queries';
import { get, request } from './request';

export interface OverrideFilter {
  search: string;
  level: string;
}

const BASE = '/api/v1/projects/{project}/environments/{environment}/flags/{key}/overrides';

export const overrides = (place: Place, key: string, { search, level }: OverrideFilter) =>
  infiniteQueryOptions({
    queryKey: ['overrides', place.project, place.environment, key, search, level],
    queryFn: ({ pageParam, signal }) =>
      get(BASE, {
        path: { ...place, key },
        query: {
          limit: 100,
          ...(search === '' ? {} : { search }),
          ...(level === '' ? {} : { level }),
          ...(pageParam === '' ? {} : { cursor: pageParam }),
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export interface OverrideAt {
  key: string;
  level: string;
  contextKey: string;
}

export async function putOverride(place: Place, at: OverrideAt, value: Override, reason?: string): Promise<void> {
  await request('put', `${BASE}/{level}/{contextKey}`, {
    path: { ...place, ...at },
    body: { value, ...(reason === undefined || reason === '' ? {} : { reason }) },
  });
}

export async function removeOverride(place: Place, at: OverrideAt): Promise<void> {
  await request('delete', `${BASE}/{level}/{contextKey}`, { path: { ...place, ...at } });
}

/** Loads many overrides at once; `isTrial` only tells what would change. */
export async function loadOverrides(place: Place, key: string, lines: string, isTrial: boolean) {
  const { data } = await request('post', `${BASE}/bulk`, {
    path: { ...place, key },
    ...(isTrial ? { query: { dryRun: true } } : { ownReason: 'pasted in the admin UI' }),
    body: lines,
  });
  return data;
}
