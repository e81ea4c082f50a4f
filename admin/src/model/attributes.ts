// What is known of attributes: from the conditions that test them, and from the contexts that the server has seen.

import { childrenOf, isTest, literalsOf, OPERATORS, type Operator, operatorOf, showLiteral } from './condition';
import type { Condition, Json } from './language';

export type AttributeType = 'text' | 'number' | 'boolean' | 'instant' | 'version' | 'network' | 'list';

export interface KnownAttribute {
  name: string;
  /** The type of most tests; undefined if they only ask whether it is there */
  type: AttributeType | undefined;
  /** As they are typed, the most frequent first */
  values: string[];
}

/** More are not offered: a list of thousands helps nobody. */
const OFFERED = 20;
const EQUALITY = ['equals', 'notEquals', 'in', 'notIn'];
const PRESENCE = ['exists', 'notExists'];

/** The attributes of conditions, by name */
export function attributesOf(conditions: readonly (Condition | undefined)[]): KnownAttribute[] {
  const types = new Map<string, Map<AttributeType, number>>();
  const values = new Map<string, Map<string, number>>();
  const visit = (condition: Condition): void => {
    if (!isTest(condition)) {
      childrenOf(condition).forEach(visit);
      return;
    }
    const { attribute } = condition;
    const [ofType, ofValue] = [countsOf(types, attribute), countsOf(values, attribute)];
    const type = typeOf(condition.op, literalsOf(condition));
    if (type !== undefined) {
      ofType.set(type, (ofType.get(type) ?? 0) + 1);
    }
    if (operatorOf(condition.op).group !== 'other') {
      for (const literal of literalsOf(condition).map(showLiteral)) {
        ofValue.set(literal, (ofValue.get(literal) ?? 0) + 1);
      }
    }
  };
  conditions.filter((condition) => condition !== undefined).forEach(visit);
  const names = [...types.keys()].filter(Boolean).sort();
  return names.map((name) => ({
    name,
    type: mostFrequent(types.get(name))[0],
    values: mostFrequent(values.get(name)).slice(0, OFFERED),
  }));
}

function countsOf<K>(all: Map<string, Map<K, number>>, name: string): Map<K, number> {
  const counts = all.get(name) ?? new Map<K, number>();
  all.set(name, counts);
  return counts;
}

function mostFrequent<K>(counts: Map<K, number> | undefined): K[] {
  return [...(counts ?? [])].sort(([, one], [, other]) => other - one).map(([key]) => key);
}

function typeOf(op: string, literals: readonly unknown[]): AttributeType | undefined {
  const { literal, group } = operatorOf(op);
  if (op === 'cidr' || op === 'notCidr') {
    return 'network';
  }
  if (op.startsWith('size')) {
    return 'list';
  }
  if (literal === 'number' || literal === 'instant') {
    return literal;
  }
  if (group === 'versions') {
    return 'version';
  }
  const [first] = literals;
  if (EQUALITY.includes(op) && (typeof first === 'number' || typeof first === 'boolean')) {
    return typeof first as 'number' | 'boolean';
  }
  return group === 'text' ? 'text' : undefined;
}

/** An attribute as the server has seen it in contexts */
export interface SeenAttribute {
  attribute: string;
  types: readonly string[];
  values: readonly Json[];
}

const SEEN_TYPES: Record<string, AttributeType> = {
  array: 'list',
  boolean: 'boolean',
  number: 'number',
  string: 'text',
};

/** Adds what was seen: conditions know a type better (a version is a text), and their values come first */
export function withSeen(known: readonly KnownAttribute[], seen: readonly SeenAttribute[]): KnownAttribute[] {
  const all = new Map(known.map((each) => [each.name, each]));
  for (const { attribute: name, types, values } of seen) {
    const tested = all.get(name);
    const shown = [...new Set([...(tested?.values ?? []), ...values.map(showLiteral)])];
    const type = tested?.type ?? (types.length === 1 ? SEEN_TYPES[types[0] ?? ''] : undefined);
    all.set(name, { name, type, values: shown.slice(0, OFFERED) });
  }
  return [...all.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The operators for an attribute of a type: those that fit, and the others, which are offered too */
export function operatorsFor(type: AttributeType | undefined): { fitting: Operator[]; others: Operator[] } {
  const fits = ({ op, group, literal }: Operator): boolean => {
    switch (type) {
      case undefined:
        return false;
      case 'text':
        return group === 'text' || PRESENCE.includes(op);
      case 'number':
        return EQUALITY.includes(op) || group === 'numbers' || PRESENCE.includes(op);
      case 'boolean':
        return op === 'equals' || op === 'notEquals' || PRESENCE.includes(op);
      case 'instant':
        return literal === 'instant' || PRESENCE.includes(op);
      case 'version':
        return group === 'versions' || PRESENCE.includes(op);
      case 'network':
        return op === 'cidr' || op === 'notCidr' || PRESENCE.includes(op);
      default:
        return op.startsWith('size') || op === 'in' || op === 'notIn' || PRESENCE.includes(op);
    }
  };
  return { fitting: OPERATORS.filter(fits), others: OPERATORS.filter((operator) => !fits(operator)) };
}
