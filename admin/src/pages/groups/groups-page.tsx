// The exclusion groups and holdouts of an environment: which flags name them, and creating, editing and deleting them.

import '../../styles/flag.css';
import { Button, Tabs, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import {
  createExclusion,
  deleteExclusion,
  type Exclusion,
  type ExclusionKind,
  exclusions,
  exclusionsKey,
} from '../../api/exclusions';
import type { Place } from '../../api/queries';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { AddressSearch } from '../../ui/address-search';
import { EnvironmentSelect, useEnvironments } from '../../ui/environment-select';
import { Listing } from '../../ui/listing';
import { Empty, explain } from '../../ui/parts';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';
import { Share } from '../flag/split-editor';
import { Edit } from './edit';

const route = getRouteApi('/projects/$project/groups');
const KINDS: readonly ExclusionKind[] = ['group', 'holdout'];

export function GroupsPage() {
  const { project } = route.useParams();
  const { env, tab, q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const environments = useEnvironments(project);
  const environment = env ?? environments[0];
  const kind = tab === 'holdout' ? 'holdout' : 'group';
  return (
    <div className="stack">
      <ProtectedBar project={project} environment={environment} />
      <div className="row apart">
        <h1>{texts.groups.title}</h1>
        <EnvironmentSelect
          environments={environments}
          value={environment}
          onChange={(chosen) => navigate({ search: (before) => ({ ...before, env: chosen }) })}
        />
      </div>
      <Tabs
        value={kind}
        keepMounted={false}
        onChange={(next) => next !== null && navigate({ search: ({ q: _, ...rest }) => ({ ...rest, tab: next }) })}
      >
        <Tabs.List aria-label={texts.groups.title}>
          {KINDS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {texts.groups.tabs[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {KINDS.map((each) => (
          <Tabs.Panel key={each} value={each} pt="md">
            {environment !== undefined && (
              <List
                key={environment}
                place={{ project, environment }}
                kind={each}
                search={q}
                onSearch={(text) => navigate({ search: (before) => ({ ...before, q: text }), replace: true })}
              />
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  );
}

interface ListProps {
  place: Place;
  kind: ExclusionKind;
  search: string;
  onSearch: (text: string) => void;
}

function List({ place, kind, search, onSearch }: ListProps) {
  const [edited, setEdited] = useState<Exclusion>();
  const client = useQueryClient();
  const query = useInfiniteQuery(exclusions(place, kind, search));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const refresh = () => client.invalidateQueries({ queryKey: exclusionsKey(place, kind) });
  const remove = async (item: Exclusion) => {
    if (item.usedBy.length > 0) {
      complain(texts.groups.inUse(item.key, usersOf(item).length));
      return;
    }
    try {
      await deleteExclusion(place, kind, item);
      await refresh();
      say(texts.groups.deleted(item.key));
    } catch (error) {
      complain(explain(error));
    }
  };
  const columns = [
    texts.groups.key,
    texts.groups.unit,
    ...(kind === 'holdout' ? [texts.groups.percent] : []),
    texts.groups.usedBy,
  ];
  return (
    <div className="stack">
      <p className="dim">{texts.groups.hints[kind]}</p>
      <Create place={place} kind={kind} onCreated={refresh} />
      <search>
        <AddressSearch label={texts.groups.search} value={search} onSearch={onSearch} />
      </search>
      <Listing
        query={query}
        isEmpty={items.length === 0}
        empty={
          <Empty title={search === '' ? texts.groups.none[kind] : texts.groups.noMatch}>
            {search === '' && <p className="dim">{texts.groups.noneHints[kind]}</p>}
          </Empty>
        }
      >
        <Table caption={texts.groups.tabs[kind]} columns={columns} actions={texts.groups.actions}>
          {items.map((item) => (
            <tr key={item.key}>
              <td className="code">{item.key}</td>
              <td className="code">{item.unit ?? 'user'}</td>
              {item.percent !== undefined && <td>{item.percent} %</td>}
              <td>
                <Users place={place} item={item} />
              </td>
              <td>
                <span className="row keep">
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={texts.groups.editLabel(item.key)}
                    onClick={() => setEdited(item)}
                  >
                    {texts.groups.edit}
                  </Button>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={texts.groups.deleteLabel(item.key)}
                    onClick={() => remove(item)}
                  >
                    {texts.groups.delete}
                  </Button>
                </span>
              </td>
            </tr>
          ))}
        </Table>
      </Listing>
      {edited !== undefined && (
        <Edit place={place} kind={kind} item={edited} onSaved={refresh} onClose={() => setEdited(undefined)} />
      )}
    </div>
  );
}

/** The keys of the flags that name it, each once */
function usersOf(item: Exclusion): string[] {
  return [...new Set(item.usedBy.map((use) => use.key))];
}

function Users({ place, item }: { place: Place; item: Exclusion }) {
  const keys = usersOf(item);
  if (keys.length === 0) {
    return <span className="dim">{texts.groups.unused}</span>;
  }
  return (
    <span className="row">
      {keys.map((key) => (
        <Link
          key={key}
          className="code"
          to="/projects/$project/flags/$flag"
          params={{ project: place.project, flag: key }}
          search={{ env: place.environment }}
        >
          {key}
        </Link>
      ))}
    </span>
  );
}

const FULL = 100_000;
const FIRST_WEIGHT = 5_000;

function Create({ place, kind, onCreated }: { place: Place; kind: ExclusionKind; onCreated: () => Promise<void> }) {
  const [key, setKey] = useState('');
  const [unit, setUnit] = useState('');
  const [weight, setWeight] = useState(FIRST_WEIGHT);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const body = {
      key,
      ...(unit === '' ? {} : { unit }),
      ...(kind === 'holdout' ? { percent: (weight * 100) / FULL } : {}),
    };
    try {
      await createExclusion(place, kind, body);
      await onCreated();
      say(texts.groups.created(key));
      setKey('');
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <form className="card row bottom" onSubmit={submit}>
      <TextInput
        className="grow"
        label={texts.groups.newKey}
        value={key}
        onChange={(event) => setKey(event.currentTarget.value)}
        spellCheck={false}
      />
      <TextInput
        className="grow"
        label={texts.groups.unit}
        placeholder="user"
        value={unit}
        onChange={(event) => setUnit(event.currentTarget.value.trim())}
        spellCheck={false}
      />
      {kind === 'holdout' && (
        <div className="stack tight">
          <span>{texts.groups.percent}</span>
          <Share label={texts.groups.percentLabel} weight={weight} onChange={setWeight} />
        </div>
      )}
      <Button type="submit" disabled={key === ''}>
        {texts.groups.create[kind]}
      </Button>
    </form>
  );
}
