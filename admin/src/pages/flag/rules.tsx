// The rules of a flag in their order, as sentences. The first one that applies decides.

import { Button, Menu, TextInput } from '@mantine/core';
import { type KeyboardEvent, useState } from 'react';
import { below, type FieldError } from '../../api/request';
import type { Finding } from '../../api/save-flag';
import { type Condition, hashed, newRuleId, type Rule } from '../../model/language';
import { serveText } from '../../model/sentence';
import { texts } from '../../texts';
import { Icon } from '../../ui/icon';
import { SortableList, useSortableItem } from '../../ui/sortable';
import { ConditionEditor } from './condition-editor';
import { Findings } from './findings';
import { ServeEditor } from './serve-editor';
import { WindowFields } from './window-fields';

interface Props {
  rules: readonly Rule[];
  variants: readonly string[];
  attributes: readonly string[];
  /** What the server refused, with pointers below `/rules` */
  errors: readonly FieldError[];
  /** What the lint finds, with pointers into the flag */
  findings: readonly Finding[];
  onChange: (rules: Rule[]) => void;
}

/** Those of a rule */
function inRule<T extends { pointer: string }>(all: readonly T[], index: number): T[] {
  const place = `/rules/${index}`;
  return all.filter(({ pointer }) => pointer === place || pointer.startsWith(`${place}/`));
}

/** Focuses an element of a rule, once it is drawn where it is now */
function focusIn(index: number, selector: string): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-rule="${index}"] ${selector}`)?.focus());
}

export function Rules({ rules, variants, attributes, errors, findings, onChange }: Props) {
  const [announced, setAnnounced] = useState('');
  const [opened, setOpened] = useState<number>();

  const move = (index: number, to: number) => {
    const rule = rules[index];
    if (rule === undefined || to < 0 || to >= rules.length) {
      return;
    }
    onChange(rules.toSpliced(index, 1).toSpliced(to, 0, rule));
    setAnnounced(texts.rules.moved(texts.rules.name(rule.id, index), to + 1, rules.length));
    // What moved it keeps the focus: the grip after a drag.
    focusIn(to, document.activeElement?.classList.contains('grip') ? '.grip' : '.handle');
  };
  return (
    <section className="stack" aria-label={texts.rules.title}>
      <SortableList names={rules.map((rule, index) => texts.rules.name(rule.id, index))} onMove={move}>
        <ol className="rules">
          {rules.map((rule, index) => (
            <RuleCard
              key={rule.id ?? index}
              {...{ rule, index, variants, attributes }}
              count={rules.length}
              errors={inRule(errors, index)}
              findings={inRule(findings, index)}
              isOpen={opened === index}
              onToggle={() => setOpened(opened === index ? undefined : index)}
              onChange={(next) => onChange(rules.with(index, next))}
              onMove={(to) => move(index, to)}
              onRemove={() => onChange(rules.toSpliced(index, 1))}
              onCopy={() => {
                const copy = { ...structuredClone(rule), id: newRuleId(rules) };
                onChange(rules.toSpliced(index + 1, 0, copy));
              }}
            />
          ))}
        </ol>
      </SortableList>
      <span className="hidden" role="status">
        {announced}
      </span>
      <div>
        <Button
          variant="default"
          onClick={() => {
            setOpened(rules.length);
            onChange([...rules, { id: newRuleId(rules), serve: variants[0] ?? '' }]);
            // Who works with the keyboard goes on in the new rule.
            focusIn(rules.length, '.sentence button');
          }}
        >
          {texts.rules.add}
        </Button>
      </div>
    </section>
  );
}

interface CardProps {
  rule: Rule;
  index: number;
  count: number;
  variants: readonly string[];
  attributes: readonly string[];
  errors: readonly FieldError[];
  findings: readonly Finding[];
  isOpen: boolean;
  onToggle: () => void;
  onChange: (rule: Rule) => void;
  onMove: (to: number) => void;
  onRemove: () => void;
  onCopy: () => void;
}

function RuleCard(props: CardProps) {
  const { rule, index, count, onChange, onMove, isOpen } = props;
  const name = texts.rules.name(rule.id, index);
  const set = (change: { [F in keyof Rule]?: Rule[F] | undefined }) => {
    const fields = Object.entries({ ...rule, ...change }).filter(([, value]) => value !== undefined && value !== '');
    onChange(Object.fromEntries(fields) as unknown as Rule);
  };
  const key = (event: KeyboardEvent) => {
    const step = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : undefined;
    if (step !== undefined) {
      event.preventDefault();
      onMove(index + step);
    }
  };
  const { ref, style, isDragged, grip } = useSortableItem(index, texts.rules.drag(index + 1, name));
  const isPartial = ![undefined, 100].includes(hashed(rule.serve).rollout as number | undefined);
  return (
    <li
      className={isDragged ? 'card rule dragged' : 'card rule'}
      data-rule={index}
      onKeyDown={key}
      ref={ref}
      style={style}
    >
      <div className="row apart">
        <span className="row">
          {count > 1 && grip}
          <span className="tag">{index === 0 ? texts.rules.first : texts.rules.otherwise}</span>
          <strong>{name}</strong>
          {rule.description !== undefined && <span className="dim">{rule.description}</span>}
        </span>
        <span className="row">
          <Button
            className="handle"
            size="compact-sm"
            variant="subtle"
            onClick={() => onMove(index === 0 ? 1 : index - 1)}
            disabled={count < 2}
            aria-label={texts.rules.moveLabel(index + 1, name)}
            title={texts.rules.moveHint}
          >
            <Icon name={index === 0 ? 'down' : 'up'} />
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="compact-sm" variant="subtle" aria-label={texts.rules.menu(name)}>
                <Icon name="more" />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item disabled={index === 0} onClick={() => onMove(0)}>
                {texts.rules.toTop}
              </Menu.Item>
              <Menu.Item disabled={index === 0} onClick={() => onMove(index - 1)}>
                {texts.rules.up}
              </Menu.Item>
              <Menu.Item disabled={index === count - 1} onClick={() => onMove(index + 1)}>
                {texts.rules.down}
              </Menu.Item>
              <Menu.Item disabled={index === count - 1} onClick={() => onMove(count - 1)}>
                {texts.rules.toBottom}
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item onClick={props.onCopy}>{texts.rules.copy}</Menu.Item>
              <Menu.Item color="red" onClick={props.onRemove}>
                {texts.rules.remove}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </span>
      </div>
      <div className="sentence">
        <span className="dim">{rule.when === undefined ? texts.rules.for : texts.rules.if}</span>
        <ConditionEditor
          condition={rule.when}
          attributes={props.attributes}
          onChange={(when: Condition | undefined) => set({ when })}
        />
        <button type="button" className="clause serves" aria-expanded={isOpen} onClick={props.onToggle}>
          {serveText(rule.serve)}
        </button>
      </div>
      {isPartial && <p className="dim small">{texts.rules.goesOn}</p>}
      <WindowText rule={rule} />
      {isOpen && (
        <div className="inset stack">
          <ServeEditor
            serve={rule.serve}
            variants={props.variants}
            problems={below(props.errors, `/rules/${index}/serve`)}
            onChange={(serve) => set({ serve })}
          />
          <WindowFields from={rule.from} until={rule.until} onChange={set} />
          <div className="row">
            <RuleId key={rule.id} id={rule.id ?? ''} onChange={(id) => set({ id })} />
            <TextInput
              size="xs"
              className="grow"
              label={texts.rules.description}
              value={rule.description ?? ''}
              onChange={(event) => set({ description: event.currentTarget.value })}
            />
          </div>
        </div>
      )}
      {props.errors.map((error) => (
        <p key={error.pointer + error.message} className="note bad small">
          {error.message}
        </p>
      ))}
      <Findings all={props.findings} />
    </li>
  );
}

/** The id is what the rule is known by, so it changes once, and not with every letter. */
function RuleId({ id, onChange }: { id: string; onChange: (id: string) => void }) {
  const [typed, setTyped] = useState(id);
  return (
    <TextInput
      size="xs"
      label={texts.rules.id}
      description={texts.rules.idHint}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={() => typed !== id && onChange(typed)}
    />
  );
}

function WindowText({ rule }: { rule: Rule }) {
  return rule.from === undefined && rule.until === undefined ? null : (
    <p className="dim small">{texts.rules.window(rule.from, rule.until)}</p>
  );
}
