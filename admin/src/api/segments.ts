import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Condition } from '../model/language';
import type { Place } from './queries';
import { type Answer, get, request, type Schemas } from './request';

const BASE = '/api/v1/projects/{project}/environments/{environment}/segments';

/** A segment as it was read: its condition, and how long its lists are */
export interface SegmentRead {
  key: string;
  version: number;
  description?: string;
  when?: Condition;
  counts: { include: Record<string, number>; exclude: Record<string, number> };
  usedBy: { kind: string; key: string; pointer: string }[];
}

export const segments = (place: Place, search: string) =>
  infiniteQueryOptions({
    queryKey: ['segments', place.project, place.environment, search],
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: 100,
        ...(search === '' ? {} : { search }),
        ...(pageParam === '' ? {} : { cursor: pageParam }),
      };
      const page = await get(BASE, { path: { ...place }, query, signal });
      return { ...page, items: page.items as unknown as SegmentRead[] };
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const segment = (place: Place, key: string) =>
  queryOptions({
    queryKey: ['segment', place.project, place.environment, key],
    queryFn: async ({ signal }) =>
      (await get(`${BASE}/{key}`, { path: { ...place, key }, signal })) as unknown as SegmentRead,
  });

export async function createSegment(place: Place, key: string): Promise<void> {
  await request('post', BASE, { path: { ...place }, body: { key } });
}

export async function deleteSegment(place: Place, key: string, version: number): Promise<void> {
  await request('delete', `${BASE}/{key}`, { path: { ...place, key }, ifMatch: version });
}

export interface SegmentEdit {
  key: string;
  version: number;
  /** Fields to set; null removes one */
  patch: { description?: string | null; when?: Condition | null };
}

/** Changes a segment by a changeset, whose dry run tells which users of which flags move. */
export function changeSegment(
  place: Place,
  { key, version, patch }: SegmentEdit,
  query: { dryRun?: boolean; reason?: string },
) {
  const body = { operations: [{ op: 'patch', kind: 'segment', key, value: patch, ifMatch: version }] };
  return request('post', '/api/v1/projects/{project}/environments/{environment}/changesets', {
    path: { ...place },
    query,
    body,
  }) as Promise<Answer<Schemas['AppliedChangeset']>>;
}

export interface IdFilter {
  list: string;
  kind: string;
  search: string;
}

export const segmentIds = (place: Place, key: string, filter: IdFilter) =>
  infiniteQueryOptions({
    queryKey: ['segmentIds', place.project, place.environment, key, filter],
    queryFn: ({ pageParam, signal }) => {
      const given = Object.entries({ ...filter, cursor: pageParam }).filter(([, value]) => value !== '');
      return get(`${BASE}/{key}/ids`, {
        path: { ...place, key },
        query: { limit: 100, ...Object.fromEntries(given) },
        signal,
      });
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export interface IdAt {
  list: string;
  kind: string;
  id: string;
}

export async function changeId(method: 'put' | 'delete', place: Place, key: string, at: IdAt): Promise<void> {
  await request(method, `${BASE}/{key}/ids/{list}/{kind}/{id}`, { path: { ...place, key, ...at } });
}

/** Adds many ids at once, all of them or none. */
export async function loadIds(
  place: Place,
  key: string,
  { list, kind }: { list: string; kind: string },
  ids: readonly string[],
) {
  const { data } = await request('post', `${BASE}/{key}/ids/bulk`, {
    path: { ...place, key },
    query: { list, kind },
    body: ids.map((id) => `${JSON.stringify(id)}\n`).join(''),
  });
  return data;
}
