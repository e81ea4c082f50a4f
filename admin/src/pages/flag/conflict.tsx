// Two people changed the same thing: both versions of each contested piece, and one choice for each.

import { Button, Radio, Stack } from '@mantine/core';
import { useState } from 'react';
import type { FlagBody, Json } from '../../model/language';
import { isOrder, merge, type Side } from '../../model/merge';
import { texts } from '../../texts';
import { DiffList, placeText } from '../../ui/diff-list';
import type { Draft } from './use-draft';

export function Conflict({ draft, onMerged }: { draft: Draft; onMerged: (body: FlagBody) => void }) {
  const [choices, setChoices] = useState<ReadonlyMap<string, Side>>(new Map());
  const json = (body: FlagBody) => body as unknown as Json;
  const { merged, contests } = merge(json(draft.base), json(draft.body), json(draft.current), choices);
  return (
    <div className="stack">
      <p className="note warn">{texts.conflict.text(contests.length)}</p>
      {contests.map(({ pointer, base, mine, theirs }) => {
        const place = isOrder(pointer) ? texts.diff.order : placeText(pointer);
        const side = (name: Side, value: unknown) => (
          <div className="stack tight">
            <Radio value={name} label={texts.conflict.sides[name]} />
            <DiffList differences={[{ pointer: isOrder(pointer) ? '/rules/' : pointer, before: base, after: value }]} />
          </div>
        );
        return (
          <Radio.Group
            key={pointer}
            label={place}
            value={choices.get(pointer) ?? null}
            onChange={(value) => setChoices(new Map([...choices, [pointer, value as Side]]))}
          >
            <Stack mt="xs">
              {side('mine', mine)}
              {side('theirs', theirs)}
            </Stack>
          </Radio.Group>
        );
      })}
      <div>
        <Button
          disabled={contests.some((contest) => !choices.has(contest.pointer))}
          onClick={() => onMerged(merged as unknown as FlagBody)}
        >
          {texts.conflict.goOn}
        </Button>
      </div>
    </div>
  );
}
