// Every change of a project, with filters that are in the address, an export, and the end of the chain of hashes.

import '../../styles/flag.css';
import { Button, Select, TextInput } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { projects } from '../../api/queries';
import { address, get, send } from '../../api/request';
import { shownDifferences } from '../../api/shapes';
import { texts } from '../../texts';
import { DiffList } from '../../ui/diff-list';
import { Listing } from '../../ui/listing';
import { Empty, explain, Time } from '../../ui/parts';
import { complain } from '../../ui/toasts';

const route = getRouteApi('/projects/$project/audit');

interface Filter {
  env?: string;
  flag?: string;
  actor?: string;
  action?: string;
  kind?: string;
}

function queryOf({ env, ...filter }: Filter): Record<string, string> {
  const given = Object.entries({ ...filter, environment: env }).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  return Object.fromEntries(given) as Record<string, string>;
}

const audit = (project: string, filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['audit', project, queryOf(filter)],
    queryFn: ({ pageParam, signal }) =>
      get('/api/v1/projects/{project}/audit', {
        path: { project },
        query: { ...queryOf(filter), limit: 50, ...(pageParam === '' ? {} : { cursor: pageParam }) } as never,
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export function AuditPage() {
  const { project } = route.useParams();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known } = useQuery(projects());
  const environments = known?.find((each) => each.name === project)?.environments ?? [];
  const query = useInfiniteQuery(audit(project, filter));
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const set = (change: Filter) => navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const choice = (name: keyof Filter, label: string, data: readonly string[] | { value: string; label: string }[]) => (
    <Select
      className="filter"
      aria-label={label}
      placeholder={label}
      data={[...data]}
      value={filter[name] ?? null}
      clearable
      clearButtonProps={{ 'aria-label': texts.flags.clearOne(label) }}
      onChange={(value) => set({ [name]: value ?? '' })}
    />
  );
  const named = (words: Record<string, string>) => Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <div className="stack">
      <div className="row apart">
        <h1>{texts.audit.title}</h1>
        <Button variant="default" onClick={() => download(project, filter)}>
          {texts.audit.export}
        </Button>
      </div>
      <Head project={project} />
      <search className="filters">
        <Text label={texts.audit.flag} value={filter.flag ?? ''} onChange={(flag) => set({ flag })} />
        <Text label={texts.audit.actor} value={filter.actor ?? ''} onChange={(actor) => set({ actor })} />
        {choice('env', texts.flags.environment, environments)}
        {choice('action', texts.audit.action, named(texts.history.actions))}
        {choice('kind', texts.audit.kind, named(texts.audit.kinds))}
      </search>
      <Listing query={query} isEmpty={rows.length === 0} empty={<Empty title={texts.audit.none} />}>
        <ol className="history">
          {rows.map((row) => (
            <li key={row.sequence} className="card stack tight">
              <span className="row apart">
                <span>
                  <strong>
                    {texts.history.actions[row.action] ?? row.action} {texts.audit.kinds[row.kind] ?? row.kind}{' '}
                    <span className="code">{row.key}</span>
                  </strong>{' '}
                  {row.environment !== null && texts.audit.in(row.environment)} {texts.history.by(row.actor)}{' '}
                  <Time at={row.at} />
                </span>
                <span className="dim small">#{row.sequence}</span>
              </span>
              {row.reason !== null && <span className="reason">“{row.reason}”</span>}
              <DiffList differences={shownDifferences(row.changes ?? [])} />
            </li>
          ))}
        </ol>
      </Listing>
    </div>
  );
}

/** A filter that is asked for when it is complete: the server compares whole names */
function Text({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onChange(typed.trim());
      }}
    >
      <TextInput
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => onChange(typed.trim())}
      />
    </form>
  );
}

function Head({ project }: { project: string }) {
  const { data } = useQuery({
    queryKey: ['auditHead', project],
    queryFn: ({ signal }) => get('/api/v1/projects/{project}/audit/head', { path: { project }, signal }),
  });
  return data === undefined ? null : (
    <p className="dim small">
      {texts.audit.chain(data.sequence)} <code>{data.hash.slice(0, 16)}…</code> {texts.audit.verify}
    </p>
  );
}

async function download(project: string, filter: Filter): Promise<void> {
  try {
    const response = await send(address('/api/v1/projects/{project}/audit/export', { project }, queryOf(filter)), {});
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = `audit-${project}.ndjson`;
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    complain(explain(error));
  }
}
