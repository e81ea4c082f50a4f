// The evaluator of an environment's live document, with flags that are changed only here

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { environments, type Place } from '../../api/queries';
import { get } from '../../api/request';
import type { FlagBody } from '../../model/language';
import { type EnvironmentDocument, evaluatorOf } from './evaluator';

type Evaluator = Awaited<ReturnType<typeof evaluatorOf>>;

export interface Evaluation {
  document: EnvironmentDocument | undefined;
  evaluator: Evaluator | undefined;
  failure: unknown;
}

/** `changed` are flags that stand in place of those of the document. */
export function useEvaluation(place: Place, changed: { [key: string]: FlagBody }): Evaluation {
  const { project, environment } = place;
  // The document can be large: it is read again only when its revision is another one.
  const known = useQuery(environments(project));
  const revision = known.data?.find((each) => each.name === environment)?.revision;
  const query = useQuery({
    queryKey: ['document', project, environment, revision],
    queryFn: async ({ signal }) =>
      (await get('/api/v1/projects/{project}/environments/{environment}/document', {
        path: { project, environment },
        signal,
      })) as unknown as EnvironmentDocument,
    enabled: revision !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const document = query.data;
  const shown = useMemo(() => document && withChanges(document, changed), [document, changed]);
  const [loaded, setLoaded] = useState<{ evaluator?: Evaluator; failure?: unknown }>({});
  useEffect(() => {
    let isCurrent = true;
    if (shown !== undefined) {
      evaluatorOf(shown).then(
        (evaluator) => isCurrent && setLoaded({ evaluator }),
        (failure) => isCurrent && setLoaded({ failure }),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [shown]);
  return { document, evaluator: loaded.evaluator, failure: known.error ?? query.error ?? loaded.failure };
}

/** The document with these flags; a flag that says nothing of overrides keeps those that it has. */
function withChanges(document: EnvironmentDocument, changed: { [key: string]: FlagBody }): EnvironmentDocument {
  const flags = { ...document.flags };
  for (const [key, body] of Object.entries(changed)) {
    const overrides = flags[key]?.overrides;
    flags[key] = overrides === undefined ? body : { overrides, ...body };
  }
  return { ...document, flags };
}
