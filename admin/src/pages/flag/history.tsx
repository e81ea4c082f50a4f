// What a flag has been: who changed what, when and why; and making it that again.

import { Button, Modal } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Place } from '../../api/queries';
import { get, request, type Schemas } from '../../api/request';
import { shownDifferences } from '../../api/shapes';
import { byRule, type Changed } from '../../model/earlier';
import type { FlagRead, Json } from '../../model/language';
import { texts } from '../../texts';
import { DialogActions } from '../../ui/dialog-actions';
import { DiffList } from '../../ui/diff-list';
import { Listing } from '../../ui/listing';
import { Empty, Failure, Time } from '../../ui/parts';
import { ReasonField } from '../../ui/reason-field';
import { say } from '../../ui/toasts';

type Change = Omit<Schemas['FlagChange'], 'changes'> & { changes: readonly Changed[] };

interface Props {
  place: Place;
  flag: FlagRead;
}

const history = (place: Place, key: string) =>
  infiniteQueryOptions({
    queryKey: ['history', place.project, place.environment, key],
    queryFn: ({ pageParam, signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/flags/{key}/history', {
        path: { ...place, key },
        query: { limit: 50, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export function History({ place, flag }: Props) {
  const query = useInfiniteQuery(history(place, flag.key));
  // By its revision: while the dialog is open, others may add changes before it.
  const [revision, setRevision] = useState<number>();
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const changes = byRule(items, flag.rules as Json | undefined);
  const index = changes.findIndex((change) => revision !== undefined && change.revision === revision);
  const target = changes[index];
  return (
    <div className="stack">
      <Listing query={query} isEmpty={changes.length === 0} empty={<Empty title={texts.history.none} />}>
        <ol className="history">
          {changes.map((change, index) => (
            <li key={`${change.revision} ${change.at}`} className="card stack tight">
              <span className="row apart">
                <span>
                  <strong>{texts.history.actions[change.action] ?? change.action}</strong>{' '}
                  {texts.history.by(change.actor)} <Time at={change.at} />
                  {change.revision !== null && (
                    <span className="dim small"> · {texts.history.revision(change.revision)}</span>
                  )}
                </span>
                {index > 0 && change.revision !== null && (
                  <Button size="compact-sm" variant="default" onClick={() => setRevision(change.revision ?? undefined)}>
                    {texts.history.rollback}
                  </Button>
                )}
                {index === 0 && <span className="tag on">{texts.history.current}</span>}
              </span>
              {change.reason !== null && <span className="reason">“{change.reason}”</span>}
              <DiffList differences={shownDifferences(change.changes)} />
            </li>
          ))}
        </ol>
      </Listing>
      {target !== undefined && (
        <Rollback
          place={place}
          flag={flag}
          to={target}
          undone={changes.slice(0, index)}
          onClose={() => setRevision(undefined)}
        />
      )}
    </div>
  );
}

interface RollbackProps extends Props {
  to: Change;
  undone: readonly Change[];
  onClose: () => void;
}

function Rollback({ place, flag, to, undone, onClose }: RollbackProps) {
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const revision = to.revision ?? 0;
  const submit = async () => {
    setBusy(true);
    try {
      await request('post', '/api/v1/projects/{project}/environments/{environment}/flags/{key}/rollback', {
        path: { ...place, key: flag.key },
        query: reason === '' ? {} : { reason },
        body: { revision },
        ifMatch: flag.version,
      });
      await client.invalidateQueries({ queryKey: ['flag', place.project, place.environment, flag.key] });
      await client.invalidateQueries({ queryKey: ['history', place.project, place.environment, flag.key] });
      await client.invalidateQueries({ queryKey: ['projectFlags', place.project] });
      say(texts.history.done(flag.key, revision));
      onClose();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.history.rollbackTitle(flag.key, revision)}
      size="lg"
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>{texts.history.undoes(undone.length)}</p>
        {undone.map((change) => (
          <div key={change.at} className="stack tight">
            <span>
              {texts.history.by(change.actor)} <Time at={change.at} />
            </span>
            {/* What was after is taken back. */}
            <DiffList
              differences={shownDifferences(change.changes).map((each) => ({
                pointer: each.pointer,
                before: each.after,
                after: each.before,
              }))}
            />
          </div>
        ))}
        <ReasonField reason={reason} onReason={setReason} data-autofocus />
        {failure !== undefined && <Failure error={failure} />}
        <DialogActions label={texts.history.rollback} isBusy={isBusy} onCancel={onClose} />
      </form>
    </Modal>
  );
}
