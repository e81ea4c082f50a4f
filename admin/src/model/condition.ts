// Conditions: which operators there are, and edits of a tree of conditions by its path.

import type { Condition, Json, Test } from './language';

/** What the literal of an operator is */
export type Literal = 'one' | 'many' | 'number' | 'instant' | 'version' | 'none';

export interface Operator {
  op: string;
  literal: Literal;
  group: string;
  takesCase?: true;
}

const TEXT = 'text';
const NUMBER = 'numbers';
const TIME = 'instants';
const VERSION = 'versions';
const OTHER = 'other';

/** The operators that the editor offers; their words are in texts.ts. */
export const OPERATORS: readonly Operator[] = [
  { op: 'equals', literal: 'one', group: TEXT, takesCase: true },
  { op: 'notEquals', literal: 'one', group: TEXT, takesCase: true },
  { op: 'in', literal: 'many', group: TEXT, takesCase: true },
  { op: 'notIn', literal: 'many', group: TEXT, takesCase: true },
  { op: 'contains', literal: 'many', group: TEXT, takesCase: true },
  { op: 'notContains', literal: 'many', group: TEXT, takesCase: true },
  { op: 'startsWith', literal: 'many', group: TEXT, takesCase: true },
  { op: 'notStartsWith', literal: 'many', group: TEXT, takesCase: true },
  { op: 'endsWith', literal: 'many', group: TEXT, takesCase: true },
  { op: 'notEndsWith', literal: 'many', group: TEXT, takesCase: true },
  { op: 'matches', literal: 'many', group: TEXT },
  { op: 'notMatches', literal: 'many', group: TEXT },
  { op: 'lessThan', literal: 'number', group: NUMBER },
  { op: 'lessOrEqual', literal: 'number', group: NUMBER },
  { op: 'greaterThan', literal: 'number', group: NUMBER },
  { op: 'greaterOrEqual', literal: 'number', group: NUMBER },
  { op: 'before', literal: 'instant', group: TIME },
  { op: 'after', literal: 'instant', group: TIME },
  { op: 'semverEqual', literal: 'version', group: VERSION },
  { op: 'semverLess', literal: 'version', group: VERSION },
  { op: 'semverLessOrEqual', literal: 'version', group: VERSION },
  { op: 'semverGreater', literal: 'version', group: VERSION },
  { op: 'semverGreaterOrEqual', literal: 'version', group: VERSION },
  { op: 'semverMatches', literal: 'many', group: VERSION },
  { op: 'notSemverMatches', literal: 'many', group: VERSION },
  { op: 'cidr', literal: 'many', group: OTHER },
  { op: 'notCidr', literal: 'many', group: OTHER },
  { op: 'exists', literal: 'none', group: OTHER },
  { op: 'notExists', literal: 'none', group: OTHER },
  { op: 'sizeEqual', literal: 'number', group: OTHER },
  { op: 'sizeGreaterOrEqual', literal: 'number', group: OTHER },
  { op: 'sizeLessOrEqual', literal: 'number', group: OTHER },
];

const BY_NAME = new Map(OPERATORS.map((operator) => [operator.op, operator]));

/** An operator; one that the list leaves out takes any literal. */
export function operatorOf(op: string): Operator {
  return BY_NAME.get(op) ?? { op, literal: 'one', group: OTHER };
}

export function isTest(condition: Condition): condition is Test {
  return 'attribute' in condition;
}

/** The literals of a test as a list */
export function literalsOf(test: Test): Json[] {
  return test.values ?? (test.value === undefined ? [] : [test.value]);
}

/** The same test with another operator: its literals stay where the new operator takes them. */
export function withOperator(test: Test, op: string): Test {
  const { literal, takesCase } = operatorOf(op);
  const { value: _value, values: _values, ignoreCase, ...rest } = test;
  const kept = takesCase === true && ignoreCase === true ? { ignoreCase } : {};
  return withLiterals({ ...rest, ...kept, op }, literal === 'none' ? [] : literalsOf(test));
}

/** The same test with other literals, in the field that its operator reads */
export function withLiterals(test: Test, literals: readonly Json[]): Test {
  const { value: _value, values: _values, ...rest } = test;
  const { literal } = operatorOf(test.op);
  if (literal === 'none') {
    return rest;
  }
  if (literal === 'many') {
    const isList = test.op === 'in' || test.op === 'notIn' || literals.length !== 1;
    return isList ? { ...rest, values: [...literals] } : { ...rest, value: literals[0] ?? '' };
  }
  return literals[0] === undefined ? rest : { ...rest, value: literals[0] };
}

/** A literal as it was typed: JSON for numbers and booleans, otherwise text; quotes make a text of a number. */
export function parseLiteral(text: string, literal: Literal): Json {
  const trimmed = text.trim();
  if (literal === 'number') {
    return Number(trimmed);
  }
  if (literal === 'instant' || literal === 'version') {
    return trimmed;
  }
  if (/^(true|false|-?\d+(\.\d+)?)$/.test(trimmed)) {
    return JSON.parse(trimmed) as Json;
  }
  const quoted = /^"(.*)"$/s.exec(trimmed);
  return quoted?.[1] ?? trimmed;
}

/** A literal as it is typed and shown: a text that would be read as something else is in quotes */
export function showLiteral(value: Json): string {
  if (typeof value !== 'string') {
    return JSON.stringify(value);
  }
  return value !== '' && parseLiteral(value, 'one') === value ? value : `"${value}"`;
}

/** A way into a tree of conditions: the index in `all` or `any`, 0 in `not` */
export type Path = readonly number[];

/** The conditions directly inside one */
export function childrenOf(condition: Condition): Condition[] {
  if ('all' in condition) {
    return condition.all;
  }
  if ('any' in condition) {
    return condition.any;
  }
  return 'not' in condition ? [condition.not] : [];
}

function withChildren(condition: Condition, children: Condition[]): Condition | undefined {
  if ('all' in condition) {
    return { all: children };
  }
  if ('any' in condition) {
    return { any: children };
  }
  return children[0] === undefined ? undefined : { not: children[0] };
}

/** Replaces the condition at a path by what `edit` returns; undefined removes it. Groups that get empty are removed. */
export function editAt(
  root: Condition,
  path: Path,
  edit: (condition: Condition) => Condition | undefined,
): Condition | undefined {
  const [index, ...rest] = path;
  if (index === undefined) {
    return edit(root);
  }
  const children = childrenOf(root);
  const child = children[index];
  if (child === undefined) {
    return root;
  }
  const edited = editAt(child, rest, edit);
  const others = edited === undefined ? children.toSpliced(index, 1) : children.with(index, edited);
  return others.length === 0 ? undefined : withChildren(root, others);
}

/** Adds a condition beside another one: into its group if that has the same joiner, else into a new group. */
export function join(condition: Condition | undefined, joiner: 'all' | 'any', added: Condition): Condition {
  if (condition === undefined) {
    return added;
  }
  if (joiner === 'all') {
    return 'all' in condition ? { all: [...condition.all, added] } : { all: [condition, added] };
  }
  return 'any' in condition ? { any: [...condition.any, added] } : { any: [condition, added] };
}

/** The other joiner for a group: "and" becomes "or" */
export function flip(condition: Condition): Condition {
  if ('all' in condition) {
    return { any: condition.all };
  }
  return 'any' in condition ? { all: condition.any } : condition;
}

/** Negates a condition; a negation is taken away instead of doubled */
export function negate(condition: Condition): Condition {
  return 'not' in condition ? condition.not : { not: condition };
}

/** The attributes that conditions refer to, for suggestions */
export function attributesIn(condition: Condition | undefined): string[] {
  if (condition === undefined) {
    return [];
  }
  return isTest(condition) ? [condition.attribute] : childrenOf(condition).flatMap(attributesIn);
}
