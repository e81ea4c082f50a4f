// Saving a flag: the same changeset is first tried, which tells what it would do, and then applied.

import { mergePatch } from '../model/diff';
import type { FlagBody, JsonObject } from '../model/language';
import type { Place } from './queries';
import { type Answer, request, type Schemas } from './request';

export type Preview = Schemas['AppliedChangeset'];
export type Finding = Schemas['LintFinding'];

interface Edit {
  key: string;
  version: number;
  base: FlagBody;
  body: FlagBody;
}

/** Tells what saving an edit would change and which units would move, computed by the analysis in the server. */
export function tryEdit(place: Place, edit: Edit, signal: AbortSignal): Promise<Answer<Preview>> {
  return request('post', PATH, {
    path: { ...place },
    query: { dryRun: true },
    body: changeset(edit),
    signal,
  }) as Promise<Answer<Preview>>;
}

/** Tells what the server refuses of a flag that is never stored. */
export function tryValue(place: Place, value: FlagBody, signal: AbortSignal): Promise<Answer<Preview>> {
  return request('post', PATH, {
    path: { ...place },
    query: { dryRun: true },
    body: { operations: [{ op: 'put', key: UNUSED, value }] },
    signal,
  }) as Promise<Answer<Preview>>;
}

export function saveEdit(place: Place, edit: Edit, reason: string): Promise<Answer<Preview>> {
  const query = reason === '' ? {} : { reason };
  return request('post', PATH, { path: { ...place }, query, body: changeset(edit) }) as Promise<Answer<Preview>>;
}

/** The key of a flag in a dry run */
const UNUSED = 'not-stored';
const PATH = '/api/v1/projects/{project}/environments/{environment}/changesets';

function changeset({ key, version, base, body }: Edit): unknown {
  const patch = mergePatch(base as unknown as JsonObject, body as unknown as JsonObject);
  // A merge patch leaves alone what it does not name: overrides, which may be many. It cannot say null inside a value.
  const what = patch === undefined ? { op: 'put', value: body } : { op: 'patch', value: patch };
  return { operations: [{ ...what, key, ifMatch: version }] };
}

/** The pointers of a refusal, which are into the changeset, as pointers into the flag */
export function pointerInFlag(pointer: string): string {
  return pointer.replace(/^\/operations\/0\/value/, '');
}
