// Before saving: what changes, who moves, what time does, and why. A conflict with somebody else's save is settled here too.

import { Button, Drawer } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { flag as flagQuery, type Place } from '../../api/queries';
import { Problem } from '../../api/request';
import { type Finding, type Preview, pointerInFlag, saveEdit, tryEdit } from '../../api/save-flag';
import { type Difference, differences } from '../../model/diff';
import { type FlagBody, type FlagRead, type Json, overrideCount } from '../../model/language';
import { merge } from '../../model/merge';
import { boundaries } from '../../model/timeline';
import { texts } from '../../texts';
import { DiffList, placeText } from '../../ui/diff-list';
import { Moves, ruleIndex } from '../../ui/moves';
import { Failure, Loading, Time } from '../../ui/parts';
import { ReasonField } from '../../ui/reason-field';
import { say } from '../../ui/toasts';
import { useNow } from '../../ui/use-now';
import { Conflict } from './conflict';
import { Findings } from './findings';
import type { Draft } from './use-draft';

interface Props {
  place: Place;
  flag: FlagRead;
  draft: Draft;
  findings: readonly Finding[];
  onClose: () => void;
  onSaved: (revision: number) => void;
}

export function Review({ place, flag, draft, findings, onClose, onSaved }: Props) {
  const [reason, setReason] = useState('');
  const [isSaving, setSaving] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const client = useQueryClient();
  const edit = { key: flag.key, version: draft.version, base: draft.base, body: draft.body };
  const preview = useQuery({
    queryKey: ['preview', place.project, place.environment, edit],
    queryFn: async ({ signal }) => (await tryEdit(place, edit, signal)).data,
    enabled: !draft.isBehind,
    retry: false,
    gcTime: 0,
    staleTime: 0,
  });
  const changes = differences(draft.base as unknown as Json, draft.body as unknown as Json);
  const refetch = () => client.invalidateQueries({ queryKey: flagQuery(place, flag.key).queryKey });

  useEffect(() => {
    if (isStale(preview.error)) {
      void client.invalidateQueries({ queryKey: flagQuery(place, flag.key).queryKey });
    }
  }, [preview.error, client, place, flag.key]);

  // What nobody contests is merged without a question.
  useEffect(() => {
    if (draft.isBehind) {
      const { merged, contests } = mergeDraft(draft);
      if (contests.length === 0) {
        draft.rebase(flag, merged);
        say(texts.conflict.mergedAlone);
      }
    }
  }, [draft, flag]);

  const save = async () => {
    setSaving(true);
    setFailure(undefined);
    try {
      const { data } = await saveEdit(place, edit, reason);
      await refetch();
      draft.discard();
      await client.invalidateQueries({ queryKey: ['projectFlags', place.project] });
      await client.invalidateQueries({ queryKey: ['history', place.project, place.environment, flag.key] });
      onSaved(data.revision);
    } catch (error) {
      setFailure(isStale(error) ? undefined : error);
      if (isStale(error)) {
        await refetch();
      }
    }
    setSaving(false);
  };

  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="34rem"
      title={texts.review.title(flag.key, place.environment)}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      {draft.isBehind ? (
        <Conflict draft={draft} onMerged={(body) => draft.rebase(flag, body)} />
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <section className="stack tight" aria-labelledby="what-changes">
            <h2 id="what-changes">{texts.review.changes(draft.changes)}</h2>
            <DiffList differences={changes} />
            <Findings all={findings.filter((each) => each.severity !== 'info')} />
          </section>
          {preview.isPending && <Loading lines={3} />}
          {preview.isError && !isStale(preview.error) && (
            <Refusal error={preview.error} retry={() => preview.refetch()} />
          )}
          {preview.data !== undefined && <Impact preview={preview.data} draft={draft} changes={changes} />}
          <ReasonField description={texts.review.reasonHint} reason={reason} onReason={setReason} data-autofocus />
          {failure !== undefined && <Failure error={failure} />}
          <div className="row">
            <Button type="submit" loading={isSaving} disabled={!preview.isSuccess}>
              {texts.review.save}
            </Button>
            <Button variant="default" onClick={onClose}>
              {texts.review.goOn}
            </Button>
          </div>
        </form>
      )}
    </Drawer>
  );
}

/** Whether somebody else has saved the flag since the draft began */
function isStale(error: unknown): boolean {
  return error instanceof Problem && error.status === 412;
}

function mergeDraft(draft: Draft): { merged: FlagBody; contests: ReturnType<typeof merge>['contests'] } {
  const json = (body: FlagBody) => body as unknown as Json;
  const { merged, contests } = merge(json(draft.base), json(draft.body), json(draft.current));
  return { merged: merged as unknown as FlagBody, contests };
}

/** Every reason of a refusal, with the place of each */
function Refusal({ error, retry }: { error: unknown; retry: () => void }) {
  const errors = error instanceof Problem ? error.errors : [];
  if (errors.length === 0) {
    return <Failure error={error} retry={retry} />;
  }
  return (
    <div className="note bad" role="alert">
      <strong>{texts.review.refused}</strong>
      <ul>
        {errors.map(({ pointer, message }) => (
          <li key={pointer + message}>
            {placeText(pointerInFlag(pointer))}: {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whether a change is of which users reach a rule: its condition, its place, whether it is there, and the prerequisites */
function isOfReach({ pointer }: Difference): boolean {
  return /^\/(rules(\/[^/]*(\/when.*)?)?|prerequisites.*)$/.test(pointer);
}

function Impact({ preview, draft, changes }: { preview: Preview; draft: Draft; changes: readonly Difference[] }) {
  const now = useNow();
  const moves = preview.moves ?? [];
  const coming = boundaries(draft.body).filter((boundary) => boundary.at > now);
  const overrides = overrideCount(draft.body);
  const hasReach = changes.some(isOfReach);
  const prerequisites = (draft.body.prerequisites ?? []).map((each) => each.flag);
  const nameOf = (pointer: string, isGone: boolean) => {
    const index = ruleIndex(pointer);
    const rule = index === undefined ? undefined : (isGone ? draft.base : draft.body).rules?.[index];
    return index === undefined ? texts.rules.everybodyElse : texts.rules.name(rule?.id, index);
  };
  return (
    <>
      <section className="stack tight" aria-labelledby="who-moves">
        <h2 id="who-moves">{texts.impact.title}</h2>
        {hasReach && <p className="note small">{texts.impact.reach}</p>}
        {(moves.length > 0 || !hasReach) && <Moves moves={moves} nameOf={nameOf} />}
        {prerequisites.length > 0 && <p>{texts.impact.prerequisites(prerequisites)}</p>}
        <p>{texts.impact.overrides(overrides)}</p>
      </section>
      {coming.length > 0 && (
        <section className="stack tight" aria-labelledby="what-time-does">
          <h2 id="what-time-does">{texts.impact.time}</h2>
          <ul>
            {coming.slice(0, 5).map(({ at, text }) => (
              <li key={`${at} ${text}`}>
                {text}: <Time at={at} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
