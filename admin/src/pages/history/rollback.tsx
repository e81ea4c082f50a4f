// Making an environment what it was: the dry run of importing its earlier document, a reason, and the import.

import { Button, Checkbox, Drawer } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Place } from '../../api/queries';
import { request } from '../../api/request';
import { shownDifferences } from '../../api/shapes';
import type { Json } from '../../model/language';
import { texts } from '../../texts';
import { grouped } from '../../ui/differing';
import { Moves, ruleIndex } from '../../ui/moves';
import { Failure, Loading } from '../../ui/parts';
import { ReasonField } from '../../ui/reason-field';
import { say } from '../../ui/toasts';
import { DifferingList } from './comparison';
import { documentAt } from './document-at';

const words = texts.revisions;
const PATH = '/api/v1/projects/{project}/environments/{environment}/document';

interface Props {
  place: Place;
  revision: number;
  /** How many revisions are taken back */
  undone: number;
  onClose: () => void;
  onDone: () => void;
}

export function Rollback({ place, revision, undone, onClose, onDone }: Props) {
  const [reason, setReason] = useState('');
  const [rehash, setRehash] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const earlier = useQuery(documentAt(place, revision));
  const put = (query: { dryRun?: boolean; reason?: string }, body: Json | undefined, ifMatch?: string) =>
    request('put', PATH, {
      path: { ...place },
      // What was stored may be stored again, also flags that did not compile.
      query: { ...query, invalid: 'keep', ...(rehash ? { rehash } : {}) },
      body,
      ...(ifMatch === undefined ? {} : { ifMatch }),
    });
  const preview = useQuery({
    queryKey: ['rollbackPreview', place.project, place.environment, revision, rehash],
    queryFn: () => put({ dryRun: true }, earlier.data),
    enabled: earlier.data !== undefined,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const restore = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      // Only on the state that the preview is about.
      await put(reason === '' ? {} : { reason }, earlier.data, preview.data?.etag);
      say(words.done(place.environment, revision));
      onDone();
      await client.invalidateQueries();
    } catch (error) {
      setFailure(error);
      setBusy(false);
      await preview.refetch();
    }
  };
  const nameOf = (pointer: string) => {
    const index = ruleIndex(pointer);
    return index === undefined ? texts.rules.everybodyElse : texts.rules.name(undefined, index);
  };
  const failed = [earlier, preview].find((query) => query.isError);
  const data = preview.data?.data;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="38rem"
      title={words.rollbackTitle(place.environment, revision)}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void restore();
        }}
      >
        <p>{words.undoes(undone)}</p>
        {failed === undefined && data === undefined && <Loading lines={3} />}
        {failed !== undefined && <Failure error={failed.error} retry={() => failed.refetch()} />}
        {data !== undefined && (
          <>
            <section className="stack tight" aria-labelledby="rollback-moves">
              <h2 id="rollback-moves">{texts.impact.title}</h2>
              <Moves moves={data.moves ?? []} nameOf={nameOf} />
            </section>
            <DifferingList all={grouped(shownDifferences(data.changes ?? []))} />
          </>
        )}
        <Checkbox label={words.salts} checked={rehash} onChange={(event) => setRehash(event.currentTarget.checked)} />
        <ReasonField description={texts.review.reasonHint} reason={reason} onReason={setReason} data-autofocus />
        {failure !== undefined && <Failure error={failure} />}
        <div className="row">
          <Button type="submit" loading={isBusy} disabled={data === undefined || preview.isFetching}>
            {words.rollbackNow}
          </Button>
          <Button variant="default" onClick={onClose}>
            {texts.common.cancel}
          </Button>
        </div>
      </form>
    </Drawer>
  );
}
