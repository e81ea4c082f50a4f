// A segment: its condition, with who moves in which flag before saving, where it is used, and its lists of ids.

import '../../styles/flag.css';
import { Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type Place, projects } from '../../api/queries';
import { changeSegment, deleteSegment, type SegmentEdit, type SegmentRead, segment } from '../../api/segments';
import { attributesIn } from '../../model/condition';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { Behind } from '../../ui/behind';
import { Moves, ruleIndex } from '../../ui/moves';
import { explain, Failure, Loading } from '../../ui/parts';
import { ReasonField } from '../../ui/reason-field';
import { complain, say } from '../../ui/toasts';
import { useForm } from '../../ui/use-form';
import { ConditionEditor } from '../flag/condition-editor';
import { Ids } from './ids';

const route = getRouteApi('/projects/$project/segments/$segment');

export function SegmentPage() {
  const { project, segment: key } = route.useParams();
  const { env } = route.useSearch();
  const { data: known } = useQuery(projects());
  const environment = env ?? known?.find((each) => each.name === project)?.environments[0];
  return (
    <div className="stack">
      <ProtectedBar project={project} environment={environment} />
      <nav aria-label={texts.flag.path}>
        <Link to="/projects/$project/segments" params={{ project }} search={{ env: environment ?? '' }}>
          {texts.pages.segments}
        </Link>
      </nav>
      <div className="row">
        <h1 className="code">{key}</h1>
        {environment !== undefined && <span className="tag">{environment}</span>}
      </div>
      {environment !== undefined && <Segment place={{ project, environment }} segmentKey={key} />}
    </div>
  );
}

function Segment({ place, segmentKey }: { place: Place; segmentKey: string }) {
  const query = useQuery(segment(place, segmentKey));
  if (query.data === undefined) {
    return query.isError ? <Failure error={query.error} retry={() => query.refetch()} /> : <Loading />;
  }
  return (
    <div className="editor">
      <div className="stack">
        <Edit place={place} read={query.data} />
        <Ids place={place} segment={query.data} />
      </div>
      <UsedBy place={place} read={query.data} />
    </div>
  );
}

function Edit({ place, read }: { place: Place; read: SegmentRead }) {
  const form = useForm(read, ({ when, description = '' }: SegmentRead) => ({ when, description }));
  const { fields: edited, base, isChanged } = form;
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const client = useQueryClient();
  const edit: SegmentEdit = {
    key: base.key,
    version: base.version,
    patch: { when: edited.when ?? null, description: edited.description === '' ? null : edited.description },
  };
  const preview = useQuery({
    queryKey: ['segmentPreview', place.project, place.environment, edit],
    queryFn: async () => (await changeSegment(place, edit, { dryRun: true })).data,
    enabled: isChanged,
    retry: false,
    gcTime: 0,
  });
  const save = async () => {
    setFailure(undefined);
    try {
      await changeSegment(place, edit, reason === '' ? {} : { reason });
      setReason('');
      await client.invalidateQueries({ queryKey: ['segment', place.project, place.environment, read.key] });
      say(texts.segments.saved(read.key));
    } catch (error) {
      setFailure(error);
    }
  };
  const nameOf = (pointer: string) => {
    const index = ruleIndex(pointer);
    return index === undefined ? texts.rules.everybodyElse : texts.rules.name(undefined, index);
  };
  return (
    <form
      className="card stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h2>{texts.segments.condition}</h2>
      <div className="sentence">
        <span className="dim">{edited.when === undefined ? texts.segments.byLists : texts.segments.whoMatches}</span>
        <ConditionEditor
          condition={edited.when}
          attributes={['targetingKey', ...attributesIn(edited.when)]}
          emptyText=""
          onChange={(when) => form.set({ when })}
        />
      </div>
      <TextInput
        label={texts.details.description}
        value={edited.description}
        onChange={(event) => form.set({ description: event.currentTarget.value })}
      />
      {isChanged && (
        <>
          {preview.isPending && <Loading lines={2} />}
          <Behind form={form} />
          {preview.isError && <Failure error={preview.error} retry={() => preview.refetch()} />}
          {preview.data !== undefined && (
            <section className="stack tight" aria-labelledby="segment-moves">
              <h2 id="segment-moves">{texts.impact.title}</h2>
              <p>{texts.segments.affected(new Set(read.usedBy.map((use) => use.key)).size)}</p>
              {(preview.data.moves ?? []).length > 0 && <Moves moves={preview.data.moves ?? []} nameOf={nameOf} />}
            </section>
          )}
          <ReasonField reason={reason} onReason={setReason} />
          {failure !== undefined && <Failure error={failure} />}
          <div className="row">
            <Button type="submit" disabled={!preview.isSuccess}>
              {texts.review.save}
            </Button>
            <Button variant="default" onClick={form.reset}>
              {texts.review.discard}
            </Button>
          </div>
        </>
      )}
    </form>
  );
}

function UsedBy({ place, read }: { place: Place; read: SegmentRead }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = async () => {
    try {
      await deleteSegment(place, read.key, read.version);
      await client.invalidateQueries({ queryKey: ['segments', place.project, place.environment] });
      say(texts.segments.deleted(read.key));
      await navigate({
        to: '/projects/$project/segments',
        params: { project: place.project },
        search: { env: place.environment },
      });
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <section className="card stack" aria-labelledby="used-by">
      <h2 id="used-by">{texts.segments.usedBy}</h2>
      {read.usedBy.length === 0 && <p className="dim">{texts.segments.unused}</p>}
      <ul>
        {read.usedBy.map((use) => (
          <li key={use.pointer}>
            {use.kind === 'flag' ? (
              <Link
                to="/projects/$project/flags/$flag"
                params={{ project: place.project, flag: use.key }}
                search={{ env: place.environment }}
              >
                {use.key}
              </Link>
            ) : (
              <Link
                to="/projects/$project/segments/$segment"
                params={{ project: place.project, segment: use.key }}
                search={{ env: place.environment }}
              >
                {use.key}
              </Link>
            )}{' '}
            <code className="dim">{use.pointer.replace(/^\/\w+\/[^/]+/, '')}</code>
          </li>
        ))}
      </ul>
      <div>
        <Button variant="default" disabled={read.usedBy.length > 0} onClick={remove}>
          {texts.segments.delete}
        </Button>
        {read.usedBy.length > 0 && <p className="dim small">{texts.segments.deleteHint}</p>}
      </div>
    </section>
  );
}
