import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Place } from '../../api/queries';
import { changeId, type IdAt, loadIds, type SegmentRead, segmentIds } from '../../api/segments';
import { texts } from '../../texts';
import { LinesField } from '../../ui/lines-field';
import { Listing } from '../../ui/listing';
import { explain } from '../../ui/parts';
import { complain, say } from '../../ui/toasts';

/** The ids of a segment: searched, added one by one or pasted, removed and taken back */
export function Ids({ place, segment }: { place: Place; segment: SegmentRead }) {
  const [list, setList] = useState('include');
  const [kind, setKind] = useState('user');
  const [search, setSearch] = useState('');
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(search, 200);
  const client = useQueryClient();
  const query = useInfiniteQuery(segmentIds(place, segment.key, { list, kind, search: asked }));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const kinds = [
    ...new Set([
      'user',
      'organization',
      ...Object.keys(segment.counts.include),
      ...Object.keys(segment.counts.exclude),
    ]),
  ];
  const wanted = text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter(Boolean);

  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ['segmentIds', place.project, place.environment, segment.key] });
    await client.invalidateQueries({ queryKey: ['segment', place.project, place.environment, segment.key] });
  };
  const change = async (method: 'put' | 'delete', at: IdAt) => {
    try {
      await changeId(method, place, segment.key, at);
      await refresh();
      if (method === 'delete') {
        say(texts.segments.idRemoved(at.id), { label: texts.common.undo, run: () => void change('put', at) });
      }
    } catch (error) {
      complain(explain(error));
    }
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await loadIds(place, segment.key, { list, kind }, wanted);
      setText('');
      say(texts.segments.idsAdded(wanted.length));
      await refresh();
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <section className="card stack" aria-labelledby="ids">
      <h2 id="ids">{texts.segments.ids}</h2>
      <div className="row">
        <SegmentedControl
          aria-label={texts.segments.list}
          value={list}
          onChange={setList}
          data={Object.entries(texts.segments.lists).map(([value, label]) => ({ value, label }))}
        />
        <Select
          aria-label={texts.person.kind}
          data={kinds}
          value={kind}
          allowDeselect={false}
          onChange={(chosen) => chosen !== null && setKind(chosen)}
        />
        <TextInput
          type="search"
          aria-label={texts.overrides.search}
          placeholder={texts.overrides.search}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        {query.data?.pages[0]?.total !== undefined && (
          <span className="dim" role="status">
            {texts.segments.idCount(query.data.pages[0].total)}
          </span>
        )}
      </div>
      <form className="row bottom" onSubmit={add}>
        <LinesField
          className="grow"
          label={texts.segments.addIds}
          description={texts.segments.addHint}
          autosize
          maxRows={8}
          text={text}
          onText={setText}
        />
        <Button type="submit" disabled={wanted.length === 0}>
          {texts.segments.add(wanted.length)}
        </Button>
      </form>
      <Listing query={query} isEmpty={items.length === 0} empty={null}>
        <ul className="ids">
          {items.map((item) => (
            <li key={`${item.list} ${item.kind} ${item.id}`}>
              <span className="code">{item.id}</span>
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={texts.segments.removeId(item.id)}
                onClick={() => change('delete', { list: item.list, kind: item.kind, id: item.id })}
              >
                {texts.common.remove}
              </Button>
            </li>
          ))}
        </ul>
      </Listing>
    </section>
  );
}
