// After saving: how many of the connected instances use the new revision, live until all do.

import { useQuery } from '@tanstack/react-query';
import type { Place } from '../../api/queries';
import { get } from '../../api/request';
import { texts } from '../../texts';

/** Each request but the first waits on the server until all have the revision, at most so long */
const WAIT_S = 5;
const GIVE_UP_MS = 5 * 60_000;

interface Props {
  place: Place;
  revision: number;
  since: number;
}

export function Convergence({ place, revision, since }: Props) {
  const { data } = useQuery({
    queryKey: ['convergence', place.project, place.environment, revision],
    queryFn: ({ client, queryKey, signal }) => {
      // The first response is at once, so that it is seen who is behind.
      const isFirst = client.getQueryData(queryKey) === undefined;
      return get('/api/v1/projects/{project}/environments/{environment}/convergence', {
        path: { ...place },
        query: { revision, ...(isFirst ? {} : { timeout: WAIT_S }) },
        signal,
      });
    },
    refetchInterval: ({ state }) => (state.data?.converged === true || Date.now() - since > GIVE_UP_MS ? false : 1_000),
    placeholderData: (before) => before,
    staleTime: 0,
  });
  if (data === undefined) {
    return <p className="note">{texts.convergence.waiting(revision)}</p>;
  }
  const reached = data.applied + data.sent;
  return (
    <div className={data.converged ? 'note' : 'note warn'}>
      <span role="status">
        <strong>
          {data.instances === 0
            ? texts.convergence.nobody(revision)
            : texts.convergence.reached(reached, data.instances, revision)}
        </strong>
      </span>
      {data.sent > 0 && <span className="dim small"> {texts.convergence.sent(data.sent)}</span>}
      {data.behind.length > 0 && (
        <ul className="small">
          {data.behind.map((each) => (
            <li key={`${each.node} ${each.instance} ${each.since}`}>
              {texts.convergence.behind(each.sdk, each.instance, each.revision, each.staleMs)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
