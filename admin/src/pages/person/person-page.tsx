// What one person, organization or customer gets of every flag, why, and overriding it here: the page that support keeps open.

import '../../styles/flag.css';
import { Autocomplete, Button, Menu, Select, TextInput } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { putOverride, removeOverride } from '../../api/overrides';
import { flag as flagQuery, followed, type Place, projects } from '../../api/queries';
import { get, type Schemas } from '../../api/request';
import type { Json, Override } from '../../model/language';
import { reasonText } from '../../model/reason';
import { valueText } from '../../model/sentence';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { AddressSearch } from '../../ui/address-search';
import { overrideChoices, parseOverride } from '../../ui/override-value';
import { Empty, explain, Failure, Loading } from '../../ui/parts';
import { Sources } from '../../ui/sources';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';

const route = getRouteApi('/projects/$project/people');

type Item = Schemas['ContextFlag'];
interface Person {
  kind: string;
  key: string;
}

const gets = (place: Place, { kind, key }: Person) =>
  infiniteQueryOptions({
    queryKey: ['person', place.project, place.environment, kind, key],
    queryFn: ({ pageParam, signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/contexts/{kind}/{contextKey}/flags', {
        path: { ...place, kind, contextKey: key },
        query: { limit: 200, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: followed,
  });

export function PersonPage() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known } = useQuery(projects());
  const environments = known?.find((each) => each.name === project)?.environments ?? [];
  const environment = search.env ?? environments[0];
  const kind = search.kind ?? 'user';
  const set = (change: typeof search) =>
    navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });

  return (
    <div className="stack">
      <ProtectedBar project={project} environment={environment} />
      <h1>{texts.person.title}</h1>
      <Ask
        kind={kind}
        contextKey={search.key ?? ''}
        environments={environments}
        environment={environment ?? ''}
        onAsk={(asked) => set(asked)}
      />
      {search.key === undefined || environment === undefined ? (
        <Empty title={texts.person.nobody}>
          <p className="dim">{texts.person.nobodyHint}</p>
        </Empty>
      ) : (
        <Flags
          key={`${environment} ${kind} ${search.key}`}
          place={{ project, environment }}
          person={{ kind, key: search.key }}
          wanted={search.q ?? ''}
          onWanted={(q) => navigate({ search: (before) => ({ ...before, q }), replace: true, resetScroll: false })}
        />
      )}
    </div>
  );
}

interface AskProps {
  kind: string;
  contextKey: string;
  environment: string;
  environments: readonly string[];
  onAsk: (asked: { kind: string; key: string; env: string }) => void;
}

function Ask({ kind, contextKey, environment, environments, onAsk }: AskProps) {
  const [asked, setAsked] = useState({ kind, key: contextKey });
  useEffect(() => setAsked({ kind, key: contextKey }), [kind, contextKey]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAsk({ ...asked, key: asked.key.trim(), env: environment });
  };
  return (
    <form className="card row bottom" onSubmit={submit}>
      <Autocomplete
        label={texts.person.kind}
        data={['user', 'organization', 'customer']}
        value={asked.kind}
        onChange={(value) => setAsked({ ...asked, kind: value })}
      />
      <TextInput
        className="grow"
        label={texts.person.key}
        placeholder={texts.person.keyHint}
        value={asked.key}
        onChange={(event) => setAsked({ ...asked, key: event.currentTarget.value })}
        spellCheck={false}
        autoComplete="off"
      />
      <Select
        label={texts.flags.environment}
        data={[...environments]}
        value={environment || null}
        allowDeselect={false}
        onChange={(env) => env !== null && onAsk({ ...asked, key: asked.key.trim(), env })}
      />
      <Button type="submit" disabled={asked.key.trim() === '' || asked.kind === ''}>
        {texts.person.ask}
      </Button>
    </form>
  );
}

interface FlagsProps {
  place: Place;
  person: Person;
  wanted: string;
  onWanted: (text: string) => void;
}

function Flags({ place, person, wanted, onWanted }: FlagsProps) {
  const query = useInfiniteQuery(gets(place, person));
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError) {
      void fetchNextPage();
    }
  }, [hasNextPage, isFetchingNextPage, isError, fetchNextPage]);
  const all = query.data?.pages.flatMap((page) => page.items as Item[]) ?? [];
  const shown = all.filter((item) => item.key.toLowerCase().includes(wanted.toLowerCase()));
  if (query.data === undefined) {
    return query.isError ? <Failure error={query.error} retry={() => query.refetch()} /> : <Loading />;
  }
  return (
    <>
      <div className="row apart">
        <h2>
          {texts.person.gets(person.kind)} <span className="code">{person.key}</span>
        </h2>
        <AddressSearch label={texts.person.filter} value={wanted} onSearch={onWanted} />
      </div>
      <p className="dim small">{texts.person.keyOnly}</p>
      {shown.length === 0 && <Empty title={texts.flags.noMatch} />}
      {shown.length > 0 && (
        <Table
          caption={texts.person.title}
          columns={[texts.flags.flag, texts.person.value, texts.person.because]}
          actions={texts.person.override}
          className="person"
        >
          {shown.map((item) => (
            <Row key={item.key} item={item} place={place} person={person} />
          ))}
        </Table>
      )}
    </>
  );
}

function Row({ item, place, person }: { item: Item; place: Place; person: Person }) {
  const isBoolean = typeof item.value === 'boolean';
  return (
    <tr>
      <td>
        <Link
          to="/projects/$project/flags/$flag"
          params={{ project: place.project, flag: item.key }}
          search={{ env: place.environment }}
          className="key"
        >
          {item.key}
        </Link>
      </td>
      <td>
        {isBoolean ? (
          <span className={item.value ? 'tag on' : 'tag'}>
            {item.value ? texts.flags.states.on : texts.flags.states.off}
          </span>
        ) : (
          <code>{valueText(item.value as never)}</code>
        )}
        {!isBoolean && item.variant !== null && <span className="dim small"> {item.variant}</span>}
        {Object.values(item.sources).some((source) => source !== 'default') && (
          <details>
            <summary className="small">{texts.patches.result}</summary>
            <Sources value={item.value as Json} sources={item.sources} />
          </details>
        )}
      </td>
      <td>{reasonText(item)}</td>
      <td>
        <OverrideMenu item={item} place={place} person={person} />
      </td>
    </tr>
  );
}

function OverrideMenu({ item, place, person }: { item: Item; place: Place; person: Person }) {
  const [isOpen, setOpen] = useState(false);
  const client = useQueryClient();
  // What a flag can be overridden with is read only when it is asked for.
  const { data } = useQuery({ ...flagQuery(place, item.key), enabled: isOpen, refetchInterval: false });
  const at = { key: item.key, level: person.kind, contextKey: person.key };
  const own = data?.overrides?.[person.kind]?.[person.key];
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ['person', place.project, place.environment] });
    await client.invalidateQueries({ queryKey: ['overrides', place.project, place.environment, item.key] });
    await client.invalidateQueries({ queryKey: ['flag', place.project, place.environment, item.key] });
  };
  const apply = async (value: Override | undefined) => {
    try {
      await (value === undefined ? removeOverride(place, at) : putOverride(place, at, value));
      await refresh();
      const undo = () => void apply(own);
      say(texts.person.done(item.key, person.key), { label: texts.common.undo, run: undo });
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <Menu opened={isOpen} onChange={setOpen} position="bottom-end">
      <Menu.Target>
        <Button size="compact-sm" variant="default" aria-label={texts.person.overrideLabel(item.key)}>
          {texts.person.override}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {data === undefined && <Menu.Item disabled>{texts.common.loading}</Menu.Item>}
        {data !== undefined &&
          overrideChoices(data).map(({ value, label }) => (
            <Menu.Item key={value} onClick={() => apply(parseOverride(value))}>
              {label}
            </Menu.Item>
          ))}
        {own !== undefined && (
          <Menu.Item color="red" onClick={() => apply(undefined)}>
            {texts.person.removeOverride}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
