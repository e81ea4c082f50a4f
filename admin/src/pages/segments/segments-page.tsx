// The segments of an environment: reusable conditions with lists of ids, and which flags use them.

import '../../styles/flag.css';
import { Button, Select, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { projects } from '../../api/queries';
import { createSegment, type SegmentRead, segments } from '../../api/segments';
import { conditionText } from '../../model/sentence';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { AddressSearch } from '../../ui/address-search';
import { Listing } from '../../ui/listing';
import { Empty, explain } from '../../ui/parts';
import { Table } from '../../ui/table';
import { complain } from '../../ui/toasts';

const route = getRouteApi('/projects/$project/segments');

export function SegmentsPage() {
  const { project } = route.useParams();
  const { env, q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known } = useQuery(projects());
  const environments = known?.find((each) => each.name === project)?.environments ?? [];
  const environment = env ?? environments[0];
  return (
    <div className="stack">
      <ProtectedBar project={project} environment={environment} />
      <div className="row apart">
        <h1>{texts.segments.title}</h1>
        <Select
          aria-label={texts.flags.environment}
          data={environments}
          value={environment ?? null}
          allowDeselect={false}
          onChange={(chosen) => chosen !== null && navigate({ search: (before) => ({ ...before, env: chosen }) })}
        />
      </div>
      <p className="dim">{texts.segments.hint}</p>
      {environment !== undefined && (
        <List
          key={environment}
          project={project}
          environment={environment}
          search={q}
          onSearch={(text) => navigate({ search: (before) => ({ ...before, q: text }), replace: true })}
        />
      )}
    </div>
  );
}

interface ListProps {
  project: string;
  environment: string;
  search: string;
  onSearch: (text: string) => void;
}

function List({ project, environment, search, onSearch }: ListProps) {
  const place = { project, environment };
  const query = useInfiniteQuery(segments(place, search));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Create project={project} environment={environment} />
      <search>
        <AddressSearch label={texts.segments.search} value={search} onSearch={onSearch} />
      </search>
      <Listing
        query={query}
        isEmpty={items.length === 0}
        empty={<Empty title={search === '' ? texts.segments.none : texts.segments.noMatch} />}
      >
        <Table caption={texts.segments.title} columns={[texts.segments.key, texts.segments.who, texts.segments.usedBy]}>
          {items.map((item) => (
            <tr key={item.key}>
              <td>
                <Link
                  className="key"
                  to="/projects/$project/segments/$segment"
                  params={{ project, segment: item.key }}
                  search={{ env: environment }}
                >
                  {item.key}
                </Link>
              </td>
              <td>{whoText(item)}</td>
              <td>{texts.segments.uses(new Set(item.usedBy.map((use) => `${use.kind} ${use.key}`)).size)}</td>
            </tr>
          ))}
        </Table>
      </Listing>
    </>
  );
}

/** Who is in a segment, in words: its lists and its condition */
function whoText({ counts, when }: SegmentRead): string {
  const listed = Object.entries(counts.include).map(([kind, count]) => texts.segments.listed(count, kind));
  return (
    [...listed, ...(when === undefined ? [] : [conditionText(when)])].join(texts.sentence.or) || texts.segments.nobody
  );
}

function Create({ project, environment }: { project: string; environment: string }) {
  const [key, setKey] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await createSegment({ project, environment }, key);
      await client.invalidateQueries({ queryKey: ['segments', project, environment] });
      await navigate({
        to: '/projects/$project/segments/$segment',
        params: { project, segment: key },
        search: { env: environment },
      });
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <form className="card row bottom" onSubmit={submit}>
      <TextInput
        className="grow"
        label={texts.segments.newKey}
        value={key}
        onChange={(event) => setKey(event.currentTarget.value)}
        spellCheck={false}
      />
      <Button type="submit" disabled={key === ''}>
        {texts.segments.create}
      </Button>
    </form>
  );
}
