// The overrides of a flag: single people, organizations and customers that get something whatever the rules say.

import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, lazy, Suspense, useState } from 'react';
import { overrides, putOverride, removeOverride } from '../../api/overrides';
import type { Place } from '../../api/queries';
import { load } from '../../lost-chunks';
import { type FlagRead, levelsOf, type Override } from '../../model/language';
import { overrideText } from '../../model/sentence';
import { texts } from '../../texts';
import { Listing } from '../../ui/listing';
import { OverrideValue, overrideChoices, parseOverride } from '../../ui/override-value';
import { Empty, explain, Time } from '../../ui/parts';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';
import { Patches } from './patches';

const Paste = lazy(() => load(() => import('./paste')).then((module) => ({ default: module.Paste })));

interface Props {
  place: Place;
  flag: FlagRead;
}

export function Overrides({ place, flag }: Props) {
  const [search, setSearch] = useState('');
  const [level, setLevel] = useState('');
  const [isPasting, setPasting] = useState(false);
  const [asked] = useDebouncedValue(search, 200);
  const client = useQueryClient();
  const query = useInfiniteQuery(overrides(place, flag.key, { search: asked, level }));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const total = query.data?.pages[0]?.total ?? items.length;
  const refresh = () =>
    client.invalidateQueries({ queryKey: ['overrides', place.project, place.environment, flag.key] });

  const set = async (at: { level: string; contextKey: string }, value: Override, reason?: string) => {
    try {
      await putOverride(place, { key: flag.key, ...at }, value, reason);
      await refresh();
      return true;
    } catch (error) {
      complain(explain(error));
      return false;
    }
  };
  const remove = async (item: (typeof items)[number]) => {
    const at = { key: flag.key, level: item.level, contextKey: item.contextKey };
    try {
      await removeOverride(place, at);
      await refresh();
      const undo = () => void set(at, item.value as Override, item.reason ?? undefined);
      say(texts.overrides.removed(item.contextKey), { label: texts.common.undo, run: undo });
    } catch (error) {
      complain(explain(error));
    }
  };

  return (
    <div className="stack">
      <p className="dim">{texts.overrides.hint}</p>
      {flag.type === 'object' && <Patches place={place} flag={flag} />}
      <Add flag={flag} onAdd={set} onPaste={() => setPasting(true)} />
      <search className="row">
        <TextInput
          type="search"
          aria-label={texts.overrides.search}
          placeholder={texts.overrides.search}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Select
          aria-label={texts.overrides.level}
          placeholder={texts.overrides.anyLevel}
          data={levelsOf(flag)}
          value={level || null}
          clearable
          clearButtonProps={{ 'aria-label': texts.flags.clearOne(texts.overrides.level) }}
          onChange={(chosen) => setLevel(chosen ?? '')}
        />
        {query.data !== undefined && (
          <span className="dim" role="status">
            {texts.overrides.count(total)}
          </span>
        )}
      </search>
      <Listing
        query={query}
        isEmpty={items.length === 0}
        empty={<Empty title={asked === '' && level === '' ? texts.overrides.none : texts.overrides.noMatch} />}
      >
        <Table
          caption={texts.overrides.title}
          columns={[
            texts.overrides.level,
            texts.overrides.key,
            texts.overrides.gets,
            texts.overrides.why,
            texts.overrides.changed,
          ]}
          actions={texts.common.remove}
        >
          {items.map((item) => (
            <tr key={`${item.level} ${item.contextKey}`}>
              <td>{item.level}</td>
              <td>
                <Link
                  className="code"
                  to="/projects/$project/people"
                  params={{ project: place.project }}
                  search={{ env: place.environment, kind: item.level, key: item.contextKey }}
                >
                  {item.contextKey}
                </Link>
              </td>
              <td>{overrideText(item.value as Override)}</td>
              <td>{item.reason ?? <span className="dim">–</span>}</td>
              <td>
                <Time at={item.updatedAt} />{' '}
                {item.updatedBy !== null && <span className="dim">{texts.overrides.by(item.updatedBy)}</span>}
              </td>
              <td>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={texts.overrides.remove(item.contextKey)}
                  onClick={() => remove(item)}
                >
                  {texts.common.remove}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      </Listing>
      {isPasting && (
        <Suspense>
          <Paste
            place={place}
            flag={flag}
            onClose={() => {
              setPasting(false);
              void refresh();
            }}
          />
        </Suspense>
      )}
    </div>
  );
}

interface AddProps {
  flag: FlagRead;
  onAdd: (at: { level: string; contextKey: string }, value: Override, reason: string) => Promise<boolean>;
  onPaste: () => void;
}

function Add({ flag, onAdd, onPaste }: AddProps) {
  const levels = levelsOf(flag);
  const [level, setLevel] = useState(levels[0] ?? 'user');
  const [contextKey, setContextKey] = useState('');
  const [choice, setChoice] = useState(overrideChoices(flag)[0]?.value ?? null);
  const [reason, setReason] = useState('');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (choice !== null && (await onAdd({ level, contextKey: contextKey.trim() }, parseOverride(choice), reason))) {
      setContextKey('');
      setReason('');
    }
  };
  return (
    <form className="card row bottom" onSubmit={submit}>
      <Select
        label={texts.overrides.level}
        data={levels}
        value={level}
        allowDeselect={false}
        onChange={(value) => value !== null && setLevel(value)}
      />
      <TextInput
        label={texts.overrides.key}
        value={contextKey}
        onChange={(event) => setContextKey(event.currentTarget.value)}
        required
        spellCheck={false}
      />
      <OverrideValue flag={flag} label={texts.overrides.gets} value={choice} onChange={setChoice} />
      <TextInput
        className="grow"
        label={texts.overrides.why}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
      />
      <Button type="submit" disabled={contextKey.trim() === '' || choice === null}>
        {texts.overrides.add}
      </Button>
      <Button variant="default" onClick={onPaste}>
        {texts.overrides.paste}
      </Button>
    </form>
  );
}
