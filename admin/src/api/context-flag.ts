import type { JsonObject } from '../model/language';
import type { Place } from './queries';
import { Problem, request, type Schemas } from './request';

/** What a flag gives a context, and where each part of it comes from; it does not count as use of the flag. */
export async function contextFlag(
  place: Place,
  key: string,
  context: JsonObject,
  signal: AbortSignal,
): Promise<Schemas['ContextFlag']> {
  let cursor: string | undefined;
  // The route has all flags, in pages.
  do {
    const { data } = await request('post', '/api/v1/projects/{project}/environments/{environment}/contexts/flags', {
      path: { ...place },
      query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
      body: { context },
      signal,
    });
    const found = data.items.find((item) => item.key === key);
    if (found !== undefined) {
      return found;
    }
    cursor = data.next ?? undefined;
  } while (cursor !== undefined);
  throw new Problem(404, {}, undefined);
}
