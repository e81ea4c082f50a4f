import { queryOptions } from '@tanstack/react-query';
import type { Place } from '../../api/queries';
import { get } from '../../api/request';
import type { JsonObject } from '../../model/language';

/** The document of an environment at a revision, which never changes */
export const documentAt = (place: Place, revision: number) =>
  queryOptions({
    queryKey: ['documentAt', place.project, place.environment, revision],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/projects/{project}/environments/{environment}/document';
      const document = await get(path, { path: { ...place }, query: { revision }, signal });
      return document as unknown as JsonObject;
    },
    staleTime: Number.POSITIVE_INFINITY,
    // A document may be large: it is kept while it is shown.
    gcTime: 0,
  });
