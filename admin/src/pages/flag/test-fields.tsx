// The test of one attribute: its name, an operator, and what it is compared with; known attributes and values are offered.

import { Autocomplete, Checkbox, Select, TagsInput } from '@mantine/core';
import { useState } from 'react';
import { type KnownAttribute, operatorsFor } from '../../model/attributes';
import {
  literalsOf,
  OPERATORS,
  type Operator,
  operatorOf,
  parseLiteral,
  showLiteral,
  withLiterals,
  withOperator,
} from '../../model/condition';
import type { Test } from '../../model/language';
import { operatorWords } from '../../model/sentence';
import { texts } from '../../texts';

export function TestFields({
  test,
  attributes,
  known: seen,
  onChange,
}: {
  test: Test;
  attributes: readonly string[];
  /** What other conditions of the environment, and contexts, tell of attributes */
  known: readonly KnownAttribute[];
  onChange: (test: Test) => void;
}) {
  const { literal, takesCase } = operatorOf(test.op);
  const literals = literalsOf(test).map(showLiteral);
  const own = seen.find(({ name }) => name === test.attribute);
  const { fitting, others } = operatorsFor(own?.type);
  const groups = [...new Set(others.map((operator) => operator.group))];
  const option = ({ op }: Operator) => ({ value: op, label: operatorWords(op) });
  const isListed = OPERATORS.some((operator) => operator.op === test.op);
  return (
    <>
      <Autocomplete
        label={texts.rules.attribute}
        description={texts.rules.attributeHint}
        value={test.attribute}
        data={[...new Set([...attributes, ...seen.map(({ name }) => name)])].sort()}
        onChange={(attribute) => onChange({ ...test, attribute })}
        data-autofocus
        openOnFocus={false}
        comboboxProps={{ withinPortal: false }}
      />
      <Select
        label={texts.rules.operator}
        value={test.op}
        searchable
        selectFirstOptionOnChange
        onFocus={(event) => event.currentTarget.select()}
        allowDeselect={false}
        comboboxProps={{ withinPortal: false }}
        data={[
          ...(isListed ? [] : [{ group: '', items: [{ value: test.op, label: test.op }] }]),
          ...(own?.type === undefined
            ? []
            : [{ group: texts.rules.fitting(texts.rules.types[own.type]), items: fitting.map(option) }]),
          ...groups.map((group) => ({
            group: texts.rules.groups[group] ?? group,
            items: others.filter((operator) => operator.group === group).map(option),
          })),
        ]}
        onChange={(op) => op !== null && onChange(withOperator(test, op))}
      />
      {literal === 'many' && (
        <TagsInput
          label={texts.rules.values}
          description={texts.rules.valuesHint}
          value={literals}
          data={own?.values ?? []}
          openOnFocus={false}
          splitChars={[',', '\n']}
          acceptValueOnBlur
          comboboxProps={{ withinPortal: false }}
          onChange={(values) =>
            onChange(
              withLiterals(
                test,
                values.map((value) => parseLiteral(value, literal)),
              ),
            )
          }
        />
      )}
      {literal !== 'many' && literal !== 'none' && (
        <OneLiteral test={test} values={own?.values ?? []} onChange={onChange} />
      )}
      {takesCase && (
        <Checkbox
          label={texts.rules.ignoreCase}
          checked={test.ignoreCase === true}
          onChange={(event) => {
            const { ignoreCase: _, ...rest } = test;
            onChange(event.currentTarget.checked ? { ...rest, ignoreCase: true } : rest);
          }}
        />
      )}
    </>
  );
}

function OneLiteral({
  test,
  values,
  onChange,
}: {
  test: Test;
  values: readonly string[];
  onChange: (test: Test) => void;
}) {
  const { literal } = operatorOf(test.op);
  const [first] = literalsOf(test);
  // What is typed stays as it is: `2.` is on its way to be `2.1`.
  const [typed, setTyped] = useState(first === undefined ? '' : literal === 'one' ? showLiteral(first) : String(first));
  const value = parseLiteral(typed, literal);
  const isWrong =
    typed !== '' &&
    ((literal === 'number' && Number.isNaN(value)) || (literal === 'instant' && Number.isNaN(Date.parse(typed))));
  return (
    <Autocomplete
      label={texts.rules.value}
      description={texts.rules.literals[literal]}
      value={typed}
      data={[...values]}
      error={isWrong ? texts.rules.literalWrong : undefined}
      onChange={(text) => {
        setTyped(text);
        const next = parseLiteral(text, literal);
        onChange(withLiterals(test, text.trim() === '' || Number.isNaN(next) ? [] : [next]));
      }}
      openOnFocus={false}
      comboboxProps={{ withinPortal: false }}
    />
  );
}
