// Two environments side by side, flag by flag, and copying selected flags from one to the other.

import '../../styles/flag.css';
import { Button, Checkbox, Drawer, Select } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { type Place, projects } from '../../api/queries';
import { get, Problem, request, type Schemas } from '../../api/request';
import { shownDifferences } from '../../api/shapes';
import { isSame } from '../../model/diff';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { DiffList } from '../../ui/diff-list';
import { grouped } from '../../ui/differing';
import { Moves, ruleIndex } from '../../ui/moves';
import { Empty, Failure, Loading } from '../../ui/parts';
import { ReasonField } from '../../ui/reason-field';
import { say } from '../../ui/toasts';

const route = getRouteApi('/projects/$project/compare');

const compare = (place: Place, other: string) =>
  infiniteQueryOptions({
    queryKey: ['compare', place.project, place.environment, other],
    queryFn: ({ pageParam, signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/compare', {
        path: { ...place },
        query: { with: other, limit: 200, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export function ComparePage() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known } = useQuery(projects());
  const environments = known?.find((each) => each.name === project)?.environments ?? [];
  const from = search.from ?? environments[1];
  const to = search.to ?? environments[0];
  const choose = (name: 'from' | 'to', label: string, value: string | undefined) => (
    <Select
      label={label}
      data={environments}
      value={value ?? null}
      allowDeselect={false}
      onChange={(chosen) => chosen !== null && navigate({ search: { from: from ?? '', to: to ?? '', [name]: chosen } })}
    />
  );
  return (
    <div className="stack">
      <ProtectedBar project={project} environment={to} />
      <h1>{texts.compare.title}</h1>
      <div className="card row bottom">
        {choose('from', texts.compare.from, from)}
        {choose('to', texts.compare.to, to)}
      </div>
      {from !== undefined && to !== undefined && from !== to && (
        <Differences key={`${from} ${to}`} place={{ project, environment: to }} from={from} />
      )}
      {from === to && <Empty title={texts.compare.same} />}
    </div>
  );
}

function Differences({ place, from }: { place: Place; from: string }) {
  const query = useInfiniteQuery(compare(place, from));
  const [selected, setSelected] = useState<readonly string[]>([]);
  const [isCopying, setCopying] = useState(false);
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError) {
      void fetchNextPage();
    }
  }, [hasNextPage, isFetchingNextPage, isError, fetchNextPage]);
  if (query.data === undefined) {
    return query.isError ? <Failure error={query.error} retry={() => query.refetch()} /> : <Loading />;
  }
  const all = grouped(query.data.pages.flatMap((page) => shownDifferences(page.items)));
  const toggle = (key: string, isSelected: boolean) =>
    setSelected(isSelected ? [...selected, key] : selected.filter((each) => each !== key));
  if (all.length === 0) {
    return <Empty title={texts.compare.equal(from, place.environment)} />;
  }
  return (
    <>
      <div className="row apart">
        <span role="status">{texts.compare.count(all.length)}</span>
        <Button disabled={selected.length === 0} onClick={() => setCopying(true)}>
          {texts.compare.copy(selected.length, place.environment)}
        </Button>
      </div>
      <ul className="history">
        {all.map((each) => (
          <li key={`${each.kind} ${each.key}`} className="card stack tight">
            <span className="row">
              {each.kind === 'flags' && each.isAfter && (
                <Checkbox
                  aria-label={texts.compare.select(each.key)}
                  checked={selected.includes(each.key)}
                  onChange={(event) => toggle(each.key, event.currentTarget.checked)}
                />
              )}
              {each.kind === 'flags' ? (
                <Link to="/projects/$project/flags/$flag" params={{ project: place.project, flag: each.key }}>
                  <strong>{each.key}</strong>
                </Link>
              ) : (
                <strong>
                  {texts.compare.kinds[each.kind] ?? each.kind} {each.key}
                </strong>
              )}
              {!each.isBefore && <span className="tag on">{texts.compare.only(from)}</span>}
              {!each.isAfter && <span className="tag warn">{texts.compare.only(place.environment)}</span>}
            </span>
            {each.isBefore && each.isAfter && <DiffList differences={each.differences} />}
          </li>
        ))}
      </ul>
      {isCopying && (
        <Copy
          place={place}
          from={from}
          flags={selected}
          onClose={() => setCopying(false)}
          onDone={() => {
            setCopying(false);
            setSelected([]);
          }}
        />
      )}
    </>
  );
}

interface CopyProps {
  place: Place;
  from: string;
  flags: readonly string[];
  onClose: () => void;
  onDone: () => void;
}

type Copied = Schemas['Copied'];

/** The dry run of the copy, then the copy; what has changed in between is shown, and not copied */
function Copy({ place, from, flags, onClose, onDone }: CopyProps) {
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const client = useQueryClient();
  const send = (query: { dryRun?: boolean; reason?: string }, seen?: Copied) =>
    request('post', '/api/v1/projects/{project}/environments/{environment}/copy', {
      path: { ...place },
      query,
      body: { from, flags, ...(seen === undefined ? {} : { fromRevision: seen.fromRevision }) },
      ...(seen === undefined ? {} : { ifMatch: seen.revision }),
    });
  const preview = useQuery({
    queryKey: ['copy', place.project, place.environment, from, flags],
    queryFn: async () => (await send({ dryRun: true })).data,
    retry: false,
    gcTime: 0,
  });
  const [isOutdated, setOutdated] = useState(false);
  /** Copies what was looked at; false if an environment has another revision by now */
  const isCopied = async (seen: Copied) => {
    try {
      await send(reason === '' ? {} : { reason }, seen);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.status === 412) {
        return false;
      }
      throw error;
    }
  };
  const copy = async () => {
    setFailure(undefined);
    setOutdated(false);
    try {
      let seen = preview.data;
      while (seen !== undefined && !(await isCopied(seen))) {
        const { data } = await preview.refetch({ throwOnError: true });
        if (!isSame(seen.changes, data?.changes)) {
          setOutdated(true);
          return;
        }
        // Something else has changed: the copy would do the same.
        seen = data;
      }
      say(texts.compare.copied(flags.length, place.environment));
      onDone();
      await client.invalidateQueries();
    } catch (error) {
      setFailure(error);
    }
  };
  const nameOf = (pointer: string) => {
    const index = ruleIndex(pointer);
    return index === undefined ? texts.rules.everybodyElse : texts.rules.name(undefined, index);
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="34rem"
      title={texts.compare.copyTitle(flags.length, from, place.environment)}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void copy();
        }}
      >
        <p>{flags.join(', ')}</p>
        {preview.isPending && <Loading lines={3} />}
        {preview.isError && <Failure error={preview.error} retry={() => preview.refetch()} />}
        {preview.data !== undefined && (
          <section className="stack tight" aria-labelledby="copy-moves">
            <h2 id="copy-moves">{texts.impact.title}</h2>
            <Moves moves={preview.data.moves ?? []} nameOf={nameOf} />
          </section>
        )}
        <ReasonField reason={reason} onReason={setReason} data-autofocus />
        {isOutdated && (
          <p className="note warn" role="alert">
            {texts.compare.outdated}
          </p>
        )}
        {failure !== undefined && <Failure error={failure} />}
        <div className="row">
          <Button type="submit" disabled={!preview.isSuccess}>
            {texts.compare.copyNow}
          </Button>
          <Button variant="default" onClick={onClose}>
            {texts.common.cancel}
          </Button>
        </div>
      </form>
    </Drawer>
  );
}
