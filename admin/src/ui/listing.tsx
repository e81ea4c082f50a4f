// A list that the server has, in each of its states: being loaded, failed, empty, and with more to come.

import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { texts } from '../texts';
import { Failure, Loading } from './parts';

interface Props {
  query: {
    data: unknown;
    isError: boolean;
    isPending: boolean;
    error: unknown;
    refetch: () => unknown;
    hasNextPage?: boolean;
    isFetchingNextPage?: boolean;
    fetchNextPage?: () => unknown;
  };
  isEmpty: boolean;
  /** What stands in place of an empty list */
  empty: ReactNode;
  children: ReactNode;
}

export function Listing({ query, isEmpty, empty, children }: Props) {
  return (
    <>
      {query.isError && <Failure error={query.error} retry={() => query.refetch()} />}
      {query.isPending && !query.isError && <Loading lines={4} />}
      {query.data !== undefined && (isEmpty ? empty : children)}
      {query.hasNextPage === true && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage ?? false} onClick={() => query.fetchNextPage?.()}>
            {texts.common.more}
          </Button>
        </div>
      )}
    </>
  );
}
