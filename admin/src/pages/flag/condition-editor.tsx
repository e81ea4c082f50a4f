// A condition as a sentence in which every clause is a button that opens its own small editor. Groups are indented.

import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { childrenOf, editAt, flip, join, negate, type Path } from '../../model/condition';
import type { Condition } from '../../model/language';
import { conditionText } from '../../model/sentence';
import { texts } from '../../texts';
import { Icon } from '../../ui/icon';
import { Clause } from './clause';

interface Props {
  condition: Condition | undefined;
  attributes: readonly string[];
  /** What stands in place of a condition that is not there */
  emptyText?: string;
  onChange: (condition: Condition | undefined) => void;
}

const NEW: Condition = { attribute: '', op: 'equals' };

export function ConditionEditor({ condition, attributes, emptyText = texts.rules.everybody, onChange }: Props) {
  const [opened, setOpened] = useState<string>();
  if (condition === undefined) {
    return (
      <span className="row">
        <span>{emptyText}</span>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            setOpened('');
            onChange(NEW);
          }}
        >
          {texts.rules.addCondition}
        </Button>
      </span>
    );
  }
  const edit = (path: Path, change: (condition: Condition) => Condition | undefined) =>
    onChange(editAt(condition, path, change));
  const add = (path: Path, joiner: 'all' | 'any') => {
    const own = nodeAt(condition, path);
    const isIn = joiner in own;
    setOpened([...path, isIn ? childrenOf(own).length : 1].join('.'));
    edit(path, (before) => join(before, joiner, NEW));
  };
  return <Node {...{ condition, path: [], attributes, opened, setOpened, edit, add }} />;
}

interface NodeProps {
  condition: Condition;
  path: Path;
  attributes: readonly string[];
  /** The path of the clause whose editor is open */
  opened: string | undefined;
  setOpened: (path: string | undefined) => void;
  edit: (path: Path, change: (condition: Condition) => Condition | undefined) => void;
  add: (path: Path, joiner: 'all' | 'any') => void;
}

function Node(props: NodeProps) {
  const { condition, path, edit } = props;
  if ('not' in condition) {
    return (
      <span className="negated">
        <Button
          size="compact-sm"
          variant="subtle"
          aria-label={texts.rules.removeNot}
          onClick={() => edit(path, negate)}
        >
          {texts.rules.not}
        </Button>
        <Node {...props} condition={condition.not} path={[...path, 0]} />
      </span>
    );
  }
  if ('all' in condition || 'any' in condition) {
    return <Group {...props} />;
  }
  const id = path.join('.');
  return (
    <Clause
      condition={condition}
      attributes={props.attributes}
      isOpen={props.opened === id}
      onOpen={() => props.setOpened(id)}
      onClose={(changed) => {
        props.setOpened(undefined);
        edit(path, () => changed);
      }}
      onNegate={() => edit(path, negate)}
      menu={path.length === 0 ? <Joiners {...props} /> : undefined}
    />
  );
}

function Group(props: NodeProps) {
  const { condition, path, edit } = props;
  const children = childrenOf(condition);
  const isAll = 'all' in condition;
  const joiner = isAll ? texts.rules.and : texts.rules.or;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a part of a sentence
    <span className="group" role="group" aria-label={conditionText(condition)}>
      {children.map((child, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a condition has no identity but its place
        <span key={index} className="member">
          {index > 0 && (
            <button
              type="button"
              className="joiner"
              onClick={() => edit(path, flip)}
              aria-label={texts.rules.flip(joiner)}
              title={texts.rules.flip(joiner)}
            >
              {joiner}
            </button>
          )}
          <Node {...props} condition={child} path={[...path, index]} />
        </span>
      ))}
      <Joiners {...props} />
    </span>
  );
}

/** "and" and "or" are equal buttons side by side. */
function Joiners({ path, add, edit, condition }: NodeProps) {
  return (
    <span className="joiners">
      <Button size="compact-xs" variant="default" onClick={() => add(path, 'all')}>
        + {texts.rules.and}
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => add(path, 'any')}>
        + {texts.rules.or}
      </Button>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button size="compact-xs" variant="subtle" aria-label={texts.rules.groupMenu(conditionText(condition))}>
            <Icon name="more" />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => edit(path, negate)}>{texts.rules.negate}</Menu.Item>
          <Menu.Item onClick={() => edit(path, () => undefined)}>{texts.common.remove}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </span>
  );
}

function nodeAt(root: Condition, path: Path): Condition {
  return path.reduce((node, index) => childrenOf(node)[index] ?? node, root);
}
