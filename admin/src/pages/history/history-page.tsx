// What an environment has been: its revisions, what each changed, the difference of any two, and going back to one.

import '../../styles/flag.css';
import { Button, NumberInput } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Place } from '../../api/queries';
import { get, type Schemas } from '../../api/request';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { EnvironmentSelect, useEnvironments } from '../../ui/environment-select';
import { Listing } from '../../ui/listing';
import { Empty, Time } from '../../ui/parts';
import { Comparison } from './comparison';
import { Rollback } from './rollback';

const route = getRouteApi('/projects/$project/history');
const words = texts.revisions;

const revisions = (place: Place) =>
  infiniteQueryOptions({
    queryKey: ['revisions', place.project, place.environment],
    queryFn: ({ pageParam, signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/revisions', {
        path: { ...place },
        query: { limit: 50, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export function HistoryPage() {
  const { project } = route.useParams();
  const { env } = route.useSearch();
  const navigate = route.useNavigate();
  const environments = useEnvironments(project);
  const environment = env ?? environments[0];
  return (
    <div className="stack">
      <ProtectedBar project={project} environment={environment} />
      <div className="row apart">
        <h1>{words.title}</h1>
        <EnvironmentSelect
          environments={environments}
          value={environment}
          onChange={(chosen) => navigate({ search: { env: chosen } })}
        />
      </div>
      <p className="dim">{words.hint}</p>
      {environment !== undefined && <Revisions key={`${project} ${environment}`} place={{ project, environment }} />}
    </div>
  );
}

function Revisions({ place }: { place: Place }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(revisions(place));
  const [target, setTarget] = useState<number>();
  const all = query.data?.pages.flatMap((page) => page.items) ?? [];
  const current = all[0]?.revision;
  const [from, to] = [revisionOf(search.from), revisionOf(search.to)];
  const compare = (before: number, after: number) =>
    navigate({ search: { env: place.environment, from: String(before), to: String(after) } });
  return (
    <>
      {current !== undefined && (
        <Choose key={`${from} ${to}`} from={from ?? Math.max(current - 1, 0)} to={to ?? current} onCompare={compare} />
      )}
      {from !== undefined && to !== undefined && (
        <Comparison
          place={place}
          before={from}
          after={to}
          onClose={() => navigate({ search: { env: place.environment } })}
        />
      )}
      <Listing
        query={query}
        isEmpty={current === undefined}
        empty={
          <Empty title={words.none}>
            <p className="dim">{words.noneHint}</p>
          </Empty>
        }
      >
        <ol className="history">
          {all.map((each) => (
            <Revision
              key={each.revision}
              revision={each}
              isCurrent={each.revision === current}
              onChanged={() => compare(each.revision - 1, each.revision)}
              onSince={() => compare(each.revision, current ?? each.revision)}
              onRollback={() => setTarget(each.revision)}
            />
          ))}
        </ol>
      </Listing>
      {target !== undefined && current !== undefined && (
        <Rollback
          place={place}
          revision={target}
          undone={current - target}
          onClose={() => setTarget(undefined)}
          onDone={() => {
            setTarget(undefined);
            void navigate({ search: { env: place.environment } });
          }}
        />
      )}
    </>
  );
}

/** A revision of the address; undefined if it is none */
function revisionOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function Choose(props: { from: number; to: number; onCompare: (before: number, after: number) => void }) {
  const [from, setFrom] = useState<number | string>(props.from);
  const [to, setTo] = useState<number | string>(props.to);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onCompare(Number(from), Number(to));
  };
  const field = (label: string, value: number | string, set: (value: number | string) => void) => (
    <NumberInput
      label={label}
      value={value}
      onChange={set}
      min={0}
      allowDecimal={false}
      allowNegative={false}
      w={120}
    />
  );
  return (
    <form className="card row bottom" aria-label={words.form} onSubmit={submit}>
      {field(words.before, from, setFrom)}
      {field(words.after, to, setTo)}
      <Button type="submit" variant="default" disabled={from === '' || to === ''}>
        {words.compare}
      </Button>
    </form>
  );
}

interface RevisionProps {
  revision: Schemas['Revision'];
  isCurrent: boolean;
  onChanged: () => void;
  onSince: () => void;
  onRollback: () => void;
}

function Revision({ revision, isCurrent, onChanged, onSince, onRollback }: RevisionProps) {
  const { objects, objectCount } = revision;
  const names = objects.map(({ kind, key, action }) => words.object(kind, key, action));
  const others = objectCount - objects.length;
  const action = (text: string, label: string, act: () => void) => (
    <Button size="compact-sm" variant="default" aria-label={label} onClick={act}>
      {text}
    </Button>
  );
  return (
    <li className="card stack tight">
      <span className="row apart">
        <span>
          <strong>{words.name(revision.revision)}</strong> {words.by(revision.actor)} <Time at={revision.at} />
        </span>
        {isCurrent && <span className="tag on">{words.current}</span>}
      </span>
      {revision.reason !== null && <span className="reason">“{revision.reason}”</span>}
      <span>{[...names, ...(others > 0 ? [words.others(others)] : [])].join(', ')}</span>
      <span className="row">
        {action(words.changed, words.changedLabel(revision.revision), onChanged)}
        {!isCurrent && action(words.since, words.sinceLabel(revision.revision), onSince)}
        {!isCurrent && action(words.rollback, words.rollbackLabel(revision.revision), onRollback)}
      </span>
    </li>
  );
}
