// What the pages read, and how long it is current.

import { infiniteQueryOptions, QueryClient, queryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { FlagRead } from '../model/language';
import { rememberProtected } from './protection';
import { get, Problem, type Schemas } from './request';

export interface Place {
  project: string;
  environment: string;
}

/** Other people change flags too: what is on the page is read again this often, */
const FOLLOW_MS = 10_000;
const USAGE_MS = 5 * 60_000;
/** or this often while the server tells of changes: something may get lost all the same. */
const LIVE_MS = 60_000;

let liveSince: number | undefined;

/** Notes whether the server tells of changes. */
export function setLive(isLive: boolean): void {
  liveSince = isLive ? (liveSince ?? Date.now()) : undefined;
}

/** What was read before the server began to tell is read again soon. */
export function followed({ state }: { state: { dataUpdatedAt: number } }): number {
  return liveSince !== undefined && state.dataUpdatedAt > liveSince ? LIVE_MS : FOLLOW_MS;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (count, error) => error instanceof Problem && (error.isUnreachable || error.status >= 500) && count < 3,
    },
  },
});

export const projects = () =>
  queryOptions({
    queryKey: ['projects'],
    queryFn: async ({ signal }) => (await get('/api/v1/projects', { query: { limit: 200 }, signal })).items,
    staleTime: 60_000,
  });

/** Who uses this tab */
export const me = () =>
  queryOptions({
    queryKey: ['me'],
    queryFn: ({ signal }) => get('/api/v1/me', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The settings of an environment */
export const settings = (place: Place) =>
  queryOptions({
    queryKey: ['settings', place.project, place.environment],
    queryFn: ({ signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/settings', { path: { ...place }, signal }),
  });

/** The environments of a project, with the revision of each */
export const environments = (project: string) =>
  queryOptions({
    queryKey: ['environments', project],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/projects/{project}/environments';
      const { items } = await get(path, { path: { project }, query: { limit: 200 }, signal });
      const isProtected = items.filter((each) => each.requireReason);
      rememberProtected(
        project,
        isProtected.map((each) => each.name),
      );
      return items;
    },
    refetchInterval: followed,
  });

export type ProjectFlag = Schemas['ProjectFlag'];

const projectFlags = (project: string, archived: boolean) =>
  infiniteQueryOptions({
    queryKey: ['projectFlags', project, archived],
    queryFn: ({ pageParam, signal }) =>
      get('/api/v1/projects/{project}/flags', {
        path: { project },
        query: {
          limit: 200,
          ...(archived ? { lifecycle: 'archived' } : {}),
          ...(pageParam === '' ? {} : { cursor: pageParam }),
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: followed,
  });

/** All flags of a project: what is not there yet is loaded page after page. */
export function useProjectFlags(project: string, archived: boolean) {
  const query = useInfiniteQuery(projectFlags(project, archived));
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError) {
      void fetchNextPage();
    }
  }, [hasNextPage, isFetchingNextPage, isError, fetchNextPage]);
  return query;
}

/** How often each flag was evaluated on each day of the last week; it changes slowly, and is much. */
export const projectUsage = (project: string) =>
  queryOptions({
    queryKey: ['projectUsage', project],
    queryFn: ({ signal }) => get('/api/v1/projects/{project}/usage', { path: { project }, signal }),
    staleTime: USAGE_MS,
    refetchInterval: USAGE_MS,
  });

export const projectFlag = (project: string, key: string) =>
  queryOptions({
    queryKey: ['projectFlag', project, key],
    queryFn: ({ signal }) => get('/api/v1/projects/{project}/flags/{key}', { path: { project, key }, signal }),
    refetchInterval: followed,
  });

export const flag = ({ project, environment }: Place, key: string) =>
  queryOptions({
    queryKey: ['flag', project, environment, key],
    queryFn: async ({ signal }) => {
      const path = { project, environment, key };
      const read = await get('/api/v1/projects/{project}/environments/{environment}/flags/{key}', { path, signal });
      return read as unknown as FlagRead;
    },
    refetchInterval: followed,
  });
