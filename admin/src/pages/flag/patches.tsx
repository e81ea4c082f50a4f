// The patches of an object flag for one context, level by level, with the merged value and the level that decided each part of it.

import { Button, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { contextFlag } from '../../api/context-flag';
import { putOverride, removeOverride } from '../../api/overrides';
import { flag as flagQuery, type Place } from '../../api/queries';
import { isSame } from '../../model/diff';
import { type FlagRead, type Json, type JsonObject, levelsOf, type Override } from '../../model/language';
import { reasonText } from '../../model/reason';
import { overrideText } from '../../model/sentence';
import { texts } from '../../texts';
import { ObjectField } from '../../ui/object-field';
import { explain, Failure, Loading } from '../../ui/parts';
import { Sources } from '../../ui/sources';
import { complain, say } from '../../ui/toasts';

const words = texts.patches;

/** The context whose kinds have these keys: docs/spec/language.md, CTX-5 */
function contextOf(keys: { [level: string]: string }): JsonObject {
  const given = Object.entries(keys).filter(([, key]) => key !== '');
  return Object.fromEntries(given.map(([level, key]) => (level === 'user' ? ['targetingKey', key] : [level, { key }])));
}

export function Patches({ place, flag }: { place: Place; flag: FlagRead }) {
  const [keys, setKeys] = useState<{ [level: string]: string }>({});
  // From the general to the specific, as the patches are applied
  const levels = levelsOf(flag).toReversed();
  const context = contextOf(keys);
  const query = useQuery({
    queryKey: ['patched', place.project, place.environment, flag.key, flag.version, context],
    queryFn: ({ signal }) => contextFlag(place, flag.key, context, signal),
    placeholderData: keepPreviousData,
  });
  const client = useQueryClient();
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: flagQuery(place, flag.key).queryKey });
    await client.invalidateQueries({ queryKey: ['overrides', place.project, place.environment, flag.key] });
    await client.invalidateQueries({ queryKey: ['patched', place.project, place.environment, flag.key] });
  };
  return (
    <section className="card stack" aria-labelledby="patches">
      <h2 id="patches">{words.title}</h2>
      <p className="dim">{words.hint}</p>
      {levels.map((level) => {
        const key = keys[level] ?? '';
        return (
          <div key={level} className="stack tight">
            <TextInput
              size="xs"
              label={words.keyOf(level)}
              value={key}
              onChange={(event) => setKeys({ ...keys, [level]: event.currentTarget.value })}
              spellCheck={false}
              autoComplete="off"
            />
            {key !== '' && (
              <Patch
                key={key}
                place={place}
                at={{ key: flag.key, level, contextKey: key }}
                override={flag.overrides?.[level]?.[key]}
                onChanged={refresh}
              />
            )}
          </div>
        );
      })}
      <h3>{words.result}</h3>
      {query.isPending && <Loading lines={2} />}
      {query.isError && <Failure error={query.error} retry={() => query.refetch()} />}
      {query.data !== undefined && (
        <>
          <p className="dim small">
            {query.data.variant} · {reasonText(query.data)}
          </p>
          <Sources value={query.data.value as Json} sources={query.data.sources} />
        </>
      )}
    </section>
  );
}

interface PatchProps {
  place: Place;
  at: { key: string; level: string; contextKey: string };
  override: Override | undefined;
  onChanged: () => Promise<void>;
}

function Patch({ place, at, override, onChanged }: PatchProps) {
  const stored = typeof override === 'object' && 'patch' in override ? override.patch : undefined;
  const [patch, setPatch] = useState<JsonObject>(stored ?? {});
  const act = async (change: () => Promise<void>, done: string) => {
    try {
      await change();
      await onChanged();
      say(done);
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <>
      <ObjectField label={words.patchOf(at.level, at.contextKey)} value={patch} onChange={setPatch} />
      {override !== undefined && stored === undefined && (
        <p className="note small">{words.otherOverride(overrideText(override))}</p>
      )}
      <div className="row">
        <Button
          size="compact-sm"
          disabled={stored === undefined ? Object.keys(patch).length === 0 : isSame(patch, stored)}
          aria-label={words.save(at.level)}
          onClick={() => act(() => putOverride(place, at, { patch }), words.saved(at.contextKey))}
        >
          {texts.review.save}
        </Button>
        {stored !== undefined && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            aria-label={words.remove(at.level)}
            onClick={() => {
              setPatch({});
              void act(() => removeOverride(place, at), words.removed(at.contextKey));
            }}
          >
            {texts.common.remove}
          </Button>
        )}
      </div>
    </>
  );
}
