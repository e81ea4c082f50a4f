import { Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';
import { projects, useProjectFlags } from '../../api/queries';
import { load } from '../../lost-chunks';
import { texts } from '../../texts';
import { AddressSearch } from '../../ui/address-search';
import { Empty, Failure, Loading } from '../../ui/parts';
import { choices, type Filter, matching, SORTS } from './filter';
import { FlagTable } from './flag-table';

const NewFlag = lazy(() => load(() => import('./new-flag')).then((module) => ({ default: module.NewFlag })));
const BulkBar = lazy(() => load(() => import('./bulk-bar')).then((module) => ({ default: module.BulkBar })));
const route = getRouteApi('/projects/$project/flags');

export function FlagsPage() {
  const { project } = route.useParams();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const query = useProjectFlags(project, filter.lifecycle === 'archived');
  const { data: known } = useQuery(projects());

  const all = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const shown = useMemo(() => matching(all, filter), [all, filter]);
  const environments = useMemo(
    () => known?.find((each) => each.name === project)?.environments ?? [],
    [known, project],
  );
  const select = useCallback(
    (keys: readonly string[], isSelected: boolean) =>
      setSelected((before) => {
        const next = new Set(before);
        for (const key of keys) {
          if (isSelected) {
            next.add(key);
          } else {
            next.delete(key);
          }
        }
        return next;
      }),
    [],
  );
  // What a filter hides is not acted on.
  const chosen = shown.filter((flag) => selected.has(flag.key));
  const set = (change: Partial<Filter>) =>
    navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });
  const isFiltered = Object.entries(filter).some(
    ([name, value]) => name !== 'sort' && name !== 'new' && value !== undefined,
  );

  return (
    <div className="stack">
      <div className="row apart">
        <div className="row">
          <h1>{texts.flags.title}</h1>
          {query.data !== undefined && (
            <span className="dim" role="status">
              {texts.flags.count(shown.length, query.data.pages[0]?.total ?? all.length)}
            </span>
          )}
        </div>
        <Button onClick={() => navigate({ search: (before) => ({ ...before, new: '1' }) })}>
          {texts.flags.create}
        </Button>
      </div>
      <Filters filter={filter} environments={environments} all={choices(all)} set={set} />
      {query.isError && <Failure error={query.error} retry={() => query.refetch()} />}
      {query.isPending && !query.isError && <Loading lines={8} />}
      {query.data !== undefined && all.length === 0 && !query.isFetching && !isFiltered && (
        <Empty title={texts.flags.none}>
          <p>{texts.flags.noneHint}</p>
          <Button onClick={() => navigate({ search: { new: '1' } })}>{texts.flags.create}</Button>
        </Empty>
      )}
      {query.data !== undefined && shown.length === 0 && (all.length > 0 || isFiltered) && !query.hasNextPage && (
        <Empty title={texts.flags.noMatch}>
          <Button variant="default" onClick={() => navigate({ search: {} })}>
            {texts.flags.clear}
          </Button>
        </Empty>
      )}
      {shown.length > 0 && <FlagTable {...{ flags: shown, environments, project, selected }} onSelect={select} />}
      {chosen.length > 0 && (
        <Suspense>
          <BulkBar project={project} flags={chosen} onClear={() => setSelected(new Set())} />
        </Suspense>
      )}
      {filter.new !== undefined && (
        <Suspense>
          <NewFlag
            project={project}
            environments={environments}
            onClose={() => navigate({ search: ({ new: _, ...rest }) => rest })}
          />
        </Suspense>
      )}
    </div>
  );
}

interface FiltersProps {
  filter: Filter;
  environments: readonly string[];
  all: { tags: string[]; owners: string[] };
  set: (change: Partial<Filter>) => void;
}

function Filters({ filter, environments, all, set }: FiltersProps) {
  const choice = (name: keyof Filter, label: string, data: readonly { value: string; label: string }[]) => (
    <Select
      key={name}
      className="filter"
      size="sm"
      aria-label={label}
      placeholder={label}
      data={[...data]}
      value={filter[name] ?? null}
      clearable
      clearButtonProps={{ 'aria-label': texts.flags.clearOne(label) }}
      onChange={(value) => set({ [name]: value ?? '' })}
    />
  );
  const plain = (values: readonly string[]) => values.map((value) => ({ value, label: value }));
  const named = (words: Record<string, string>) => Object.entries(words).map(([value, label]) => ({ value, label }));
  return (
    <search className="filters">
      <AddressSearch label={texts.flags.search} value={filter.q ?? ''} onSearch={(q) => set({ q })} />
      {choice('env', texts.flags.environment, plain(environments))}
      {choice('state', texts.flags.state, named(texts.flags.states))}
      {choice('type', texts.flags.type, named(texts.flags.types))}
      {choice('kind', texts.flags.kind, named(texts.flags.kinds))}
      {choice('lifecycle', texts.flags.lifecycle, named(texts.flags.lifecycles))}
      {all.tags.length > 0 && choice('tag', texts.flags.tag, plain(all.tags))}
      {all.owners.length > 0 && choice('owner', texts.flags.owner, plain(all.owners))}
      <Select
        className="filter"
        size="sm"
        aria-label={texts.flags.sort}
        data={SORTS.map((value) => ({ value, label: texts.flags.sorts[value] }))}
        value={filter.sort ?? 'key'}
        allowDeselect={false}
        onChange={(value) => set({ sort: value === 'key' ? '' : (value ?? '') })}
      />
    </search>
  );
}
