// The variants of a flag with their values, typed by the type of the flag.

import { ActionIcon, Button, NumberInput, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { below, type FieldError } from '../../api/request';
import { escapePart } from '../../model/diff';
import { type FlagBody, type Json, type JsonObject, offVariantOf, onVariantOf, variantsOf } from '../../model/language';
import { texts } from '../../texts';
import { Icon } from '../../ui/icon';
import { ObjectField } from '../../ui/object-field';

interface Props {
  flag: FlagBody;
  /** What the server refuses, by pointers into the flag */
  errors: readonly FieldError[];
  onChange: (change: Partial<FlagBody>) => void;
}

export function Variants({ flag, errors, onChange }: Props) {
  const [added, setAdded] = useState('');
  const variants = variantsOf(flag);
  const names = Object.keys(variants);
  const set = (next: { [name: string]: Json }) => onChange({ variants: next });
  const isTaken = names.includes(added);
  const isFixed = flag.type === 'boolean' && flag.variants === undefined;

  return (
    <section className="card stack" aria-labelledby="variants">
      <h2 id="variants">{texts.variants.title}</h2>
      {isFixed ? (
        <p className="dim">{texts.variants.fixed}</p>
      ) : (
        <>
          <ul className="variants">
            {names.map((name) => (
              <li key={name}>
                <span className="row apart">
                  <span className="code">{name}</span>
                  <ActionIcon
                    variant="subtle"
                    aria-label={texts.variants.remove(name)}
                    onClick={() => {
                      const { [name]: _, ...rest } = variants;
                      set(rest);
                    }}
                  >
                    <Icon name="close" />
                  </ActionIcon>
                </span>
                <Value
                  flag={flag}
                  name={name}
                  value={variants[name] ?? null}
                  problems={below(errors, `/variants/${escapePart(name)}`)}
                  onChange={(value) => set({ ...variants, [name]: value })}
                />
              </li>
            ))}
          </ul>
          <form
            className="row"
            onSubmit={(event) => {
              event.preventDefault();
              set({ ...variants, [added]: firstValue(flag) });
              setAdded('');
            }}
          >
            <TextInput
              size="xs"
              aria-label={texts.variants.name}
              placeholder={texts.variants.name}
              value={added}
              onChange={(event) => setAdded(event.currentTarget.value)}
              error={isTaken ? texts.variants.taken : undefined}
            />
            <Button size="xs" variant="default" type="submit" disabled={added === '' || isTaken}>
              {texts.variants.add}
            </Button>
          </form>
          {flag.type === 'object' && <SchemaField flag={flag} errors={errors} onChange={onChange} />}
          <div className="row">
            <Select
              label={texts.variants.off}
              description={texts.variants.offHint}
              data={names}
              value={offVariantOf(flag) ?? null}
              onChange={(value) => value !== null && onChange({ offVariant: value })}
            />
            <Select
              label={texts.variants.on}
              description={texts.variants.onHint}
              data={names}
              value={onVariantOf(flag) ?? null}
              clearable
              clearButtonProps={{ 'aria-label': texts.variants.clearOn }}
              onChange={(value) => onChange({ onVariant: value ?? undefined } as Partial<FlagBody>)}
            />
          </div>
        </>
      )}
    </section>
  );
}

function SchemaField({ flag: { jsonSchema }, errors, onChange }: Props) {
  return (
    <>
      {jsonSchema !== undefined && (
        <ObjectField
          label={texts.variants.schema}
          isLabelShown
          description={texts.variants.schemaHint}
          value={jsonSchema}
          problems={below(errors, '/jsonSchema')}
          onChange={(next) => onChange({ jsonSchema: next })}
        />
      )}
      <div>
        <Button
          size="xs"
          variant="default"
          onClick={() =>
            onChange({ jsonSchema: jsonSchema === undefined ? { type: 'object' } : undefined } as Partial<FlagBody>)
          }
        >
          {jsonSchema === undefined ? texts.variants.addSchema : texts.variants.removeSchema}
        </Button>
      </div>
    </>
  );
}

interface ValueProps {
  flag: FlagBody;
  name: string;
  value: Json;
  problems: readonly FieldError[];
  onChange: (value: Json) => void;
}

function Value({ flag, name, value, problems, onChange }: ValueProps) {
  const label = texts.variants.value(name);
  switch (flag.type) {
    case 'boolean':
      return (
        <Select
          size="xs"
          aria-label={label}
          data={['true', 'false']}
          value={String(value)}
          allowDeselect={false}
          onChange={(chosen) => onChange(chosen === 'true')}
        />
      );
    case 'number':
      return (
        <NumberInput
          size="xs"
          aria-label={label}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => typeof next === 'number' && onChange(next)}
        />
      );
    case 'string':
      return (
        <TextInput
          size="xs"
          aria-label={label}
          value={String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return (
        <ObjectField
          label={label}
          value={value as JsonObject}
          schema={flag.jsonSchema}
          problems={flag.jsonSchema === undefined ? problems : []}
          onChange={onChange}
        />
      );
  }
}

function firstValue(flag: FlagBody): Json {
  return { boolean: false, string: '', number: 0, object: {} }[flag.type];
}
