// One test in a condition: its words are a button; the editor behind it keeps what is typed on Enter and forgets it on Escape.

import { Autocomplete, Button, Checkbox, Popover, SegmentedControl, Select, TagsInput, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import {
  isTest,
  literalsOf,
  OPERATORS,
  operatorOf,
  parseLiteral,
  showLiteral,
  withLiterals,
  withOperator,
} from '../../model/condition';
import type { Condition, Test } from '../../model/language';
import { conditionText, operatorWords } from '../../model/sentence';
import { percent } from '../../model/split';
import { texts } from '../../texts';
import { Share } from './split-editor';

interface Props {
  condition: Condition;
  attributes: readonly string[];
  isOpen: boolean;
  onOpen: () => void;
  /** Gets the condition as edited; undefined removes it */
  onClose: (condition: Condition | undefined) => void;
  onNegate: () => void;
  menu: ReactNode;
}

type Kind = 'test' | 'segment' | 'flag' | 'bucket';

export function Clause({ condition, attributes, isOpen, onOpen, onClose, onNegate, menu }: Props) {
  const text = conditionText(condition);
  // What was new and has not been filled in goes when its editor is left.
  const unchanged = isFilled(condition) ? condition : undefined;
  return (
    <>
      <Popover
        opened={isOpen}
        onChange={(open) => !open && onClose(unchanged)}
        position="bottom-start"
        width="min(22.5rem, calc(100vw - 1.5rem))"
        trapFocus
        returnFocus
        shadow="md"
        withinPortal
      >
        <Popover.Target>
          <button type="button" className="clause" onClick={onOpen} aria-haspopup="dialog" aria-expanded={isOpen}>
            {isFilled(condition) ? text : texts.rules.newClause}
          </button>
        </Popover.Target>
        <Popover.Dropdown aria-label={texts.rules.clause}>
          {isOpen && (
            <Form
              condition={condition}
              attributes={attributes}
              onClose={onClose}
              onNegate={onNegate}
              onCancel={() => onClose(unchanged)}
            />
          )}
        </Popover.Dropdown>
      </Popover>
      {menu}
    </>
  );
}

interface FormProps {
  condition: Condition;
  attributes: readonly string[];
  onClose: (condition: Condition | undefined) => void;
  onCancel: () => void;
  onNegate: () => void;
}

function Form({ condition, attributes, onClose, onCancel, onNegate }: FormProps) {
  const [edited, setEdited] = useState<Condition>(condition);
  const kind = kindOf(edited);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isFilled(edited)) {
      onClose(edited);
    }
  };
  return (
    <form
      className="stack tight"
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onCancel();
        }
      }}
    >
      <SegmentedControl
        size="xs"
        aria-label={texts.rules.about}
        value={kind}
        onChange={(value) => setEdited(blank(value as Kind))}
        data={(Object.keys(texts.rules.kinds) as Kind[]).map((value) => ({ value, label: texts.rules.kinds[value] }))}
      />
      {isTest(edited) && <TestFields test={edited} attributes={attributes} onChange={setEdited} />}
      {'segment' in edited && (
        <TextInput
          label={texts.rules.segment}
          value={edited.segment}
          onChange={(event) => setEdited({ segment: event.currentTarget.value })}
          data-autofocus
        />
      )}
      {'flag' in edited && (
        <>
          <TextInput
            label={texts.rules.otherFlag}
            value={edited.flag}
            onChange={(event) => setEdited({ ...edited, flag: event.currentTarget.value })}
            data-autofocus
          />
          <TagsInput
            label={texts.rules.servesOneOf}
            value={edited.variants}
            onChange={(variants) => setEdited({ ...edited, variants })}
            acceptValueOnBlur
          />
        </>
      )}
      {'bucket' in edited && <BucketFields condition={edited} onChange={setEdited} />}
      <div className="row apart">
        <span className="row">
          <Button size="compact-sm" variant="subtle" onClick={onNegate}>
            {texts.rules.negate}
          </Button>
          <Button size="compact-sm" variant="subtle" color="red" onClick={() => onClose(undefined)}>
            {texts.common.remove}
          </Button>
        </span>
        <Button size="compact-sm" type="submit" disabled={!isFilled(edited)}>
          {texts.common.done}
        </Button>
      </div>
    </form>
  );
}

function TestFields({
  test,
  attributes,
  onChange,
}: {
  test: Test;
  attributes: readonly string[];
  onChange: (test: Test) => void;
}) {
  const { literal, takesCase } = operatorOf(test.op);
  const literals = literalsOf(test).map(showLiteral);
  const groups = [...new Set(OPERATORS.map((operator) => operator.group))];
  const isListed = OPERATORS.some((operator) => operator.op === test.op);
  return (
    <>
      <Autocomplete
        label={texts.rules.attribute}
        description={texts.rules.attributeHint}
        value={test.attribute}
        data={[...attributes]}
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
          ...groups.map((group) => ({
            group: texts.rules.groups[group] ?? group,
            items: OPERATORS.filter((operator) => operator.group === group).map(({ op }) => ({
              value: op,
              label: operatorWords(op),
            })),
          })),
        ]}
        onChange={(op) => op !== null && onChange(withOperator(test, op))}
      />
      {literal === 'many' && (
        <TagsInput
          label={texts.rules.values}
          description={texts.rules.valuesHint}
          value={literals}
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
      {literal !== 'many' && literal !== 'none' && <OneLiteral test={test} onChange={onChange} />}
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

function OneLiteral({ test, onChange }: { test: Test; onChange: (test: Test) => void }) {
  const { literal } = operatorOf(test.op);
  const [first] = literalsOf(test);
  // What is typed stays as it is: `2.` is on its way to be `2.1`.
  const [typed, setTyped] = useState(first === undefined ? '' : literal === 'one' ? showLiteral(first) : String(first));
  const value = parseLiteral(typed, literal);
  const isWrong =
    typed !== '' &&
    ((literal === 'number' && Number.isNaN(value)) || (literal === 'instant' && Number.isNaN(Date.parse(typed))));
  return (
    <TextInput
      label={texts.rules.value}
      description={texts.rules.literals[literal]}
      value={typed}
      error={isWrong ? texts.rules.literalWrong : undefined}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        const next = parseLiteral(event.currentTarget.value, literal);
        onChange(withLiterals(test, event.currentTarget.value.trim() === '' || Number.isNaN(next) ? [] : [next]));
      }}
    />
  );
}

function BucketFields({
  condition,
  onChange,
}: {
  condition: Condition & { bucket: unknown };
  onChange: (condition: Condition) => void;
}) {
  const { bucket } = condition as Extract<Condition, { bucket: unknown }>;
  const set = (change: Partial<typeof bucket>) => onChange({ bucket: { ...bucket, ...change } });
  return (
    <>
      <TextInput
        label={texts.rules.unit}
        value={bucket.unit ?? 'user'}
        onChange={(event) => set({ unit: event.currentTarget.value })}
        data-autofocus
      />
      <TextInput
        label={texts.rules.salt}
        value={bucket.salt}
        onChange={(event) => set({ salt: event.currentTarget.value })}
      />
      <span className="row">
        <Share label={texts.rules.from} weight={bucket.from} onChange={(from) => set({ from })} />
        <span>–</span>
        <Share label={texts.rules.until} weight={bucket.until} onChange={(until) => set({ until })} />
      </span>
      <span className="dim small">{texts.rules.slots(percent(Math.max(bucket.until - bucket.from, 0)))}</span>
    </>
  );
}

function kindOf(condition: Condition): Kind {
  if ('segment' in condition) {
    return 'segment';
  }
  if ('bucket' in condition) {
    return 'bucket';
  }
  return 'flag' in condition ? 'flag' : 'test';
}

function blank(kind: Kind): Condition {
  switch (kind) {
    case 'segment':
      return { segment: '' };
    case 'flag':
      return { flag: '', variants: [] };
    case 'bucket':
      return { bucket: { salt: '', from: 0, until: 50_000 } };
    default:
      return { attribute: '', op: 'equals' };
  }
}

/** Whether a clause says enough to be kept */
export function isFilled(condition: Condition): boolean {
  if (isTest(condition)) {
    const { literal } = operatorOf(condition.op);
    return condition.attribute !== '' && (literal === 'none' || literalsOf(condition).length > 0);
  }
  if ('segment' in condition) {
    return condition.segment !== '';
  }
  if ('bucket' in condition) {
    return condition.bucket.salt !== '' && condition.bucket.from < condition.bucket.until;
  }
  return !('flag' in condition) || (condition.flag !== '' && condition.variants.length > 0);
}
