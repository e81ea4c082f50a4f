// A context as a form of attributes, or as JSON. The text is what is evaluated; the form is another view of it.

import { Button, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { JsonObject } from '../../model/language';
import { texts } from '../../texts';
import { Icon } from '../../ui/icon';
import { type Row, rowsOf, textOf } from './context';

const words = texts.playground;

interface Props {
  text: string;
  /** Why the text is not a context */
  error: string | undefined;
  onChange: (text: string) => void;
}

export function ContextEditor({ text, error, onChange }: Props) {
  const [way, setWay] = useState('form');
  return (
    <section className="card stack" aria-labelledby="context">
      <div className="row apart">
        <h2 id="context">{words.context}</h2>
        <SegmentedControl
          size="xs"
          aria-label={words.context}
          value={error === undefined ? way : 'json'}
          onChange={setWay}
          data={Object.entries(words.ways).map(([value, label]) => ({
            value,
            label,
            disabled: value === 'form' && error !== undefined,
          }))}
        />
      </div>
      {way === 'json' || error !== undefined ? (
        <Textarea
          aria-label={words.json}
          classNames={{ input: 'code' }}
          value={text}
          error={error === undefined ? undefined : words.contextWrong(error)}
          onChange={(event) => onChange(event.currentTarget.value)}
          autosize
          minRows={4}
          maxRows={16}
          spellCheck={false}
        />
      ) : (
        <Form context={JSON.parse(text)} onChange={onChange} />
      )}
    </section>
  );
}

function Form({ context, onChange }: { context: JsonObject; onChange: (text: string) => void }) {
  // What is typed stays as it is, also where it is not yet what it will be: `tru` on its way to `true`.
  const [rows, setRows] = useState<readonly Row[]>(() => rowsOf(context));
  const typed = textOf(rows);
  const current = JSON.stringify(context);
  // Another context than that of these rows: an example was chosen.
  const shown = JSON.stringify(JSON.parse(typed)) === current ? rows : rowsOf(context);
  const set = (next: readonly Row[]) => {
    setRows(next);
    onChange(textOf(next));
  };
  const change = (index: number, fields: Partial<Row>) =>
    set(shown.map((row, each) => (each === index ? { ...row, ...fields } : row)));
  return (
    <div className="stack tight">
      {shown.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the name changes while it is typed
        <div key={index} className="row keep">
          <TextInput
            className="grow"
            size="xs"
            aria-label={words.attribute(index + 1)}
            placeholder={words.attributePlaceholder}
            value={row.name}
            onChange={(event) => change(index, { name: event.currentTarget.value })}
            spellCheck={false}
          />
          <TextInput
            className="grow"
            size="xs"
            aria-label={words.value(row.name)}
            placeholder={words.valuePlaceholder}
            value={row.text}
            onChange={(event) => change(index, { text: event.currentTarget.value })}
            spellCheck={false}
          />
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={words.remove(row.name)}
            onClick={() => set(shown.filter((_, each) => each !== index))}
          >
            <Icon name="close" />
          </Button>
        </div>
      ))}
      <div>
        <Button size="compact-sm" variant="default" onClick={() => setRows([...shown, { name: '', text: '' }])}>
          {words.add}
        </Button>
      </div>
    </div>
  );
}
