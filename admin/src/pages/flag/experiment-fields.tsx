// The experiment of a split: its key, the slice of a group that it takes, and the holdout that it keeps out of.

import { Button, Select, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ExclusionKind, exclusions } from '../../api/exclusions';
import type { Experiment } from '../../model/language';
import { texts } from '../../texts';
import { useFlagPlace } from './flag-place';
import { Share } from './split-editor';

const words = texts.experiment;
const WHOLE: [number, number][] = [[0, 100_000]];

interface Props {
  experiment: Experiment | undefined;
  onChange: (experiment: Experiment | undefined) => void;
}

export function ExperimentFields({ experiment, onChange }: Props) {
  if (experiment === undefined) {
    return (
      <div>
        <Button size="compact-sm" variant="default" onClick={() => onChange({ key: '' })}>
          {words.add}
        </Button>
      </div>
    );
  }
  const set = (change: { [F in keyof Experiment]?: Experiment[F] | undefined }) => {
    const fields = Object.entries({ ...experiment, ...change }).filter(([, value]) => value !== undefined);
    onChange(Object.fromEntries(fields) as unknown as Experiment);
  };
  const slice = experiment.slice ?? WHOLE;
  return (
    <fieldset className="inset stack tight">
      <legend>{words.title}</legend>
      <div className="row bottom">
        <TextInput
          size="xs"
          label={words.key}
          value={experiment.key}
          onChange={(event) => set({ key: event.currentTarget.value })}
          spellCheck={false}
        />
        <Choice
          kind="group"
          label={words.group}
          value={experiment.group}
          onChange={(group) => set({ group, slice: group === undefined ? undefined : slice })}
        />
        <Choice
          kind="holdout"
          label={words.holdout}
          value={experiment.holdout}
          onChange={(holdout) => set({ holdout })}
        />
      </div>
      {experiment.group !== undefined &&
        slice.map(([from, until], index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the ends of a part change while they are typed
          <div key={index} className="row">
            <span>{words.slice}</span>
            <Share
              label={words.sliceFrom(index + 1)}
              weight={from}
              onChange={(next) => set({ slice: slice.with(index, [next, until]) })}
            />
            <span>{words.sliceUntil}</span>
            <Share
              label={words.sliceEnd(index + 1)}
              weight={until}
              onChange={(next) => set({ slice: slice.with(index, [from, next]) })}
            />
            {slice.length > 1 && (
              <Button
                size="compact-sm"
                variant="subtle"
                aria-label={words.removePart(index + 1)}
                onClick={() => set({ slice: slice.toSpliced(index, 1) })}
              >
                {texts.common.remove}
              </Button>
            )}
          </div>
        ))}
      {experiment.group !== undefined && (
        <div>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => set({ slice: [...slice, [slice.at(-1)?.[1] ?? 0, 100_000]] })}
          >
            {words.addPart}
          </Button>
        </div>
      )}
      <p className="dim small">{words.hint}</p>
      <div>
        <Button size="compact-sm" variant="subtle" color="red" onClick={() => onChange(undefined)}>
          {words.remove}
        </Button>
      </div>
    </fieldset>
  );
}

interface ChoiceProps {
  kind: ExclusionKind;
  label: string;
  value: string | undefined;
  onChange: (key: string | undefined) => void;
}

function Choice({ kind, label, value, onChange }: ChoiceProps) {
  const { data } = useInfiniteQuery(exclusions(useFlagPlace(), kind, ''));
  const known = data?.pages.flatMap((page) => page.items.map((item) => item.key)) ?? [];
  // One that does not exist is shown too, so that it can be seen and replaced.
  const keys = value === undefined || known.includes(value) ? known : [value, ...known];
  return (
    <Select
      size="xs"
      label={label}
      placeholder={words.none}
      data={keys}
      value={value ?? null}
      clearable
      clearButtonProps={{ 'aria-label': texts.flags.clearOne(label) }}
      onChange={(key) => onChange(key ?? undefined)}
    />
  );
}
