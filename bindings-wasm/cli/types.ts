/** TypeScript declarations of the flags of a document. */

import type { JsonValue } from '../../sdk-js/src/evaluator.js';

/** The parts of a document that matter here. */
export interface FlagDocument {
  flags: Record<string, FlagDefinition>;
}

interface FlagDefinition {
  type: string;
  variants?: Record<string, JsonValue>;
  clientSide?: boolean;
  description?: string;
}

/** A boolean flag may leave its variants out. */
const SWITCH: Record<string, JsonValue> = { on: true, off: false };

/** The declarations, in the order of the keys. */
export function generateTypes({ flags }: FlagDocument, { clientSideOnly }: { clientSideOnly: boolean }): string {
  const chosen = Object.entries(flags)
    .filter(([, { clientSide }]) => !clientSideOnly || clientSide === true)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const types = chosen.map(([key, flag]) => comment(flag) + member(key, valueType(flag), '    '));
  const variants = chosen.map(([key, flag]) => member(key, union(Object.keys(variantsOf(flag)).map(literal)), '  '));
  return [
    '// Written by `flagstaff codegen ts`: run it again instead of editing.',
    '',
    "import '@flagstaff/web';",
    '',
    "declare module '@flagstaff/web' {",
    '  interface FlagTypes {',
    ...types,
    '  }',
    '}',
    '',
    '/** The variants of each flag. */',
    'export interface FlagVariants {',
    ...variants,
    '}',
    '',
  ].join('\n');
}

function variantsOf({ type, variants }: FlagDefinition): Record<string, JsonValue> {
  return variants ?? (type === 'boolean' ? SWITCH : {});
}

/** Strings are those of the variants; numbers are any, since a fallback and a patch of an override often are others. */
function valueType(flag: FlagDefinition): string {
  const values = Object.values(variantsOf(flag));
  if (flag.type === 'string') {
    return union(values.map(literal));
  }
  return flag.type === 'object' ? shape(values) : flag.type;
}

/** The type of which all these values are. */
function shape(values: readonly JsonValue[]): string {
  const objects = values.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
  const lists = values.filter((value) => Array.isArray(value));
  const others = values.filter((value) => typeof value !== 'object' || value === null);
  const types: string[] = others.map((value) => (value === null ? 'null' : typeof value));
  if (lists.length > 0) {
    const elements = lists.flat() as JsonValue[];
    types.push(elements.length > 0 ? `ReadonlyArray<${shape(elements)}>` : 'readonly unknown[]');
  }
  if (objects.length > 0) {
    types.push(objectShape(objects as Record<string, JsonValue>[]));
  }
  return union(types);
}

/** A member that some of the objects lack is optional. */
function objectShape(objects: readonly Record<string, JsonValue>[]): string {
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))].sort();
  const members = names.map((name) => {
    const owners = objects.filter((object) => Object.hasOwn(object, name));
    const optional = owners.length < objects.length ? '?' : '';
    return `readonly ${literal(name)}${optional}: ${shape(owners.map((object) => object[name] as JsonValue))}`;
  });
  return members.length > 0 ? `{ ${members.join('; ')} }` : 'Readonly<Record<string, never>>';
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)].sort();
  return distinct.length > 0 ? distinct.join(' | ') : 'never';
}

function member(key: string, type: string, indent: string): string {
  return `${indent}${literal(key)}: ${type};`;
}

function literal(value: JsonValue): string {
  return JSON.stringify(value);
}

function comment({ description }: FlagDefinition): string {
  return description ? `    /** ${description.replaceAll('*/', '*\\/').replace(/\s+/g, ' ')} */\n` : '';
}
