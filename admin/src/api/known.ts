// What an environment has that a condition can name: attributes of its conditions and of contexts, segments, and flags with their variants.

import { queryOptions } from '@tanstack/react-query';
import { attributesOf, type KnownAttribute, type SeenAttribute, withSeen } from '../model/attributes';
import { type Condition, type FlagBody, variantsOf } from '../model/language';
import type { Place } from './queries';
import { get } from './request';

export interface Known {
  attributes: readonly KnownAttribute[];
  segments: readonly string[];
  variants: ReadonlyMap<string, readonly string[]>;
}

/** One page of each: of an environment that has more, what is on it is a sample. */
const SAMPLE = 200;

export const known = (place: Place | undefined) =>
  queryOptions({
    queryKey: ['known', place?.project, place?.environment],
    queryFn: async ({ signal }): Promise<Known> => {
      const options = { path: { project: '', environment: '', ...place }, query: { limit: SAMPLE }, signal };
      const [flags, segments, seen] = await Promise.all([
        get('/api/v1/projects/{project}/environments/{environment}/flags', options),
        get('/api/v1/projects/{project}/environments/{environment}/segments', options),
        // From the database: if that fails, the others are still offered.
        get('/api/v1/projects/{project}/environments/{environment}/attributes', options).catch(() => ({ items: [] })),
      ]);
      const bodies = flags.items as unknown as ({ key: string } & FlagBody)[];
      const conditions = [
        ...bodies.flatMap((flag) => (flag.rules ?? []).map((rule) => rule.when)),
        ...segments.items.map((segment) => (segment as unknown as { when?: Condition | null }).when ?? undefined),
      ];
      return {
        attributes: withSeen(attributesOf(conditions), seen.items as readonly SeenAttribute[]),
        segments: segments.items.map(({ key }) => key),
        variants: new Map(bodies.map((flag) => [flag.key, Object.keys(variantsOf(flag))])),
      };
    },
    enabled: place !== undefined,
    staleTime: 60_000,
  });
