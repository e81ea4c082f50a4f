// One test in a condition: its words are a button; the editor behind it keeps what is typed on Enter and forgets it on Escape.

import { Autocomplete, Button, Popover, SegmentedControl, Select, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useContext, useLayoutEffect, useRef, useState } from 'react';
import { known } from '../../api/known';
import { below } from '../../api/request';
import { CodeEditor } from '../../editor/code-editor';
import { isTest, literalsOf, operatorOf } from '../../model/condition';
import { type Condition, DIALECTS, type VendorExpression } from '../../model/language';
import { conditionText } from '../../model/sentence';
import { percent } from '../../model/split';
import { texts } from '../../texts';
import { FlagPlace } from './flag-place';
import { Share } from './split-editor';
import { TestFields } from './test-fields';
import { useConditionCheck } from './use-check';

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

type Kind = 'test' | 'segment' | 'flag' | 'bucket' | 'dialect';

export function Clause({ condition, attributes, isOpen, onOpen, onClose, onNegate, menu }: Props) {
  const text = conditionText(condition);
  // What was new and has not been filled in goes when its editor is left.
  const unchanged = isFilled(condition) ? condition : undefined;
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(isOpen);
  // The focus comes back to the words. What opened a new clause, as "+ and", is no longer there or stands elsewhere.
  useLayoutEffect(() => {
    if (wasOpen.current && !isOpen) {
      button.current?.focus();
    }
    wasOpen.current = isOpen;
  }, [isOpen]);
  const close = (changed: Condition | undefined) => {
    if (changed === undefined) {
      const sentence = button.current?.closest('.sentence');
      requestAnimationFrame(() => sentence?.querySelector('button')?.focus());
    }
    onClose(changed);
  };
  return (
    <>
      <Popover
        opened={isOpen}
        onChange={(open) => !open && close(unchanged)}
        position="bottom-start"
        width={`min(${'dialect' in condition ? '34rem' : '24rem'}, calc(100vw - 1.5rem))`}
        trapFocus
        shadow="md"
        withinPortal
      >
        <Popover.Target>
          <button
            type="button"
            className="clause"
            ref={button}
            onClick={onOpen}
            aria-haspopup="dialog"
            aria-expanded={isOpen}
          >
            {isFilled(condition) ? text : texts.rules.newClause}
          </button>
        </Popover.Target>
        <Popover.Dropdown aria-label={texts.rules.clause}>
          {isOpen && (
            <Form
              condition={condition}
              attributes={attributes}
              onClose={close}
              onNegate={onNegate}
              onCancel={() => close(unchanged)}
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
  const { data: has } = useQuery(known(useContext(FlagPlace)));
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
        // The editor of an expression has taken it: its list of offers was open.
        if (event.key === 'Escape' && !event.isDefaultPrevented()) {
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
      {isTest(edited) && (
        <TestFields test={edited} attributes={attributes} known={has?.attributes ?? []} onChange={setEdited} />
      )}
      {'segment' in edited && (
        <Autocomplete
          label={texts.rules.segment}
          value={edited.segment}
          data={[...(has?.segments ?? [])]}
          onChange={(segment) => setEdited({ segment })}
          data-autofocus
          openOnFocus={false}
          comboboxProps={{ withinPortal: false }}
        />
      )}
      {'flag' in edited && (
        <>
          <Autocomplete
            label={texts.rules.otherFlag}
            value={edited.flag}
            data={[...(has?.variants.keys() ?? [])]}
            onChange={(flag) => setEdited({ ...edited, flag })}
            data-autofocus
            openOnFocus={false}
            comboboxProps={{ withinPortal: false }}
          />
          <TagsInput
            label={texts.rules.servesOneOf}
            value={edited.variants}
            data={[...(has?.variants.get(edited.flag) ?? [])]}
            onChange={(variants) => setEdited({ ...edited, variants })}
            acceptValueOnBlur
            openOnFocus={false}
            comboboxProps={{ withinPortal: false }}
          />
        </>
      )}
      {'bucket' in edited && <BucketFields condition={edited} onChange={setEdited} />}
      {'dialect' in edited && <VendorFields condition={edited} onChange={setEdited} />}
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

function VendorFields({
  condition,
  onChange,
}: {
  condition: VendorExpression;
  onChange: (condition: Condition) => void;
}) {
  const problems = useConditionCheck(condition);
  const others = problems.filter(({ pointer }) => !pointer.startsWith('/expression'));
  return (
    <>
      <Select
        label={texts.rules.dialect}
        description={texts.rules.dialectHint}
        data={DIALECTS}
        value={condition.dialect}
        allowDeselect={false}
        onChange={(dialect) => dialect !== null && onChange({ ...condition, dialect })}
        comboboxProps={{ withinPortal: false }}
        error={others[0]?.message}
      />
      <CodeEditor
        label={texts.rules.expression}
        isLabelShown
        value={condition.expression}
        problems={below(problems, '/expression')}
        onChange={(expression) => onChange({ ...condition, expression })}
      />
    </>
  );
}

function kindOf(condition: Condition): Kind {
  if ('dialect' in condition) {
    return 'dialect';
  }
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
    case 'dialect':
      return { dialect: 'flagd', expression: {} };
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
