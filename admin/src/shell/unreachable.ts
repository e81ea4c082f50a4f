import { useQueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { Problem } from '../api/request';

/** Since when the server has not answered: the last success of any query, if the latest ones failed without a response */
export function useUnreachableSince(): number | undefined {
  const cache = useQueryClient().getQueryCache();
  return useSyncExternalStore(
    (listener) => cache.subscribe(listener),
    () => {
      const states = cache.findAll({ type: 'active' }).map((query) => query.state);
      const isLost = states.some((state) =>
        [state.error, state.fetchFailureReason].some((reason) => reason instanceof Problem && reason.isUnreachable),
      );
      return isLost ? Math.max(...states.map((state) => state.dataUpdatedAt)) || undefined : undefined;
    },
  );
}
