// JSON Schema: what a value violates, and which names and values it allows at a place.

import { type Schema, Validator } from '@cfworker/json-schema';
import { partsOf } from '../model/diff';
import type { Json } from '../model/language';

export type JsonSchema = Schema;

export interface Violation {
  pointer: string;
  message: string;
}

export interface Offer {
  label: string;
  /** What the schema says of it */
  info: string | undefined;
}

type Rec = { [name: string]: unknown };

/** Keywords that only say that something inside of them is violated */
const OUTER = new Set([
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'properties',
  'patternProperties',
  'items',
  'prefixItems',
]);
const MOST_AT_ONE_PLACE = 2;

/** What is wrong with a value, at the deepest place of each violation; throws if the schema cannot be used. */
export function violations(schema: JsonSchema, value: Json): Violation[] {
  const { errors } = validatorOf(schema).validate(value);
  const inner = errors.filter(({ keyword, error }) => !OUTER.has(keyword) && !error.includes('Expected "null"'));
  const told = inner.length > 0 ? inner : errors;
  const byPlace = new Map<string, Set<string>>();
  for (const { instanceLocation, error } of told) {
    const pointer = decodeURI(instanceLocation.replace(/^#/, ''));
    byPlace.set(pointer, (byPlace.get(pointer) ?? new Set()).add(error));
  }
  const pointers = [...byPlace.keys()];
  return pointers
    .filter((pointer) => !pointers.some((other) => other.startsWith(`${pointer}/`)))
    .map((pointer) => ({ pointer, message: [...(byPlace.get(pointer) ?? [])].slice(0, MOST_AT_ONE_PLACE).join(' ') }));
}

const validators = new WeakMap<object, Validator>();

function validatorOf(schema: JsonSchema): Validator {
  const known = validators.get(schema);
  // The library writes into the schema that it is given.
  const validator = known ?? new Validator(structuredClone(schema), '2020-12', false);
  validators.set(schema, validator);
  return validator;
}

/** The fields that an object may have at a path */
export function namesAt(schema: JsonSchema, path: readonly (string | number)[]): Offer[] {
  const found = new Map<string, Offer>();
  for (const each of schemasAt(schema as Rec, path)) {
    for (const [label, field] of Object.entries(record(each['properties']))) {
      found.set(label, { label, info: found.get(label)?.info ?? text(record(field)['description']) });
    }
  }
  return [...found.values()];
}

/** The values that are named at a path: those of an enumeration, and of a boolean */
export function valuesAt(schema: JsonSchema, path: readonly (string | number)[]): Offer[] {
  const all = schemasAt(schema as Rec, path).flatMap((each) => {
    const named = [...list(each['enum']), ...('const' in each ? [each['const']] : [])];
    const values = each['type'] === 'boolean' ? [true, false, ...named] : named;
    return values.filter((value) => value !== null).map((value) => JSON.stringify(value));
  });
  return [...new Set(all)].map((label) => ({ label, info: undefined }));
}

function schemasAt(root: Rec, path: readonly (string | number)[]): Rec[] {
  let found = alternatives(root, root);
  for (const step of path) {
    const next = found.flatMap((each) => childOf(each, step));
    found = next.flatMap((each) => alternatives(root, each));
  }
  return found;
}

/** A schema, and all that it refers to or chooses from at the same place */
function alternatives(root: Rec, schema: unknown, seen = new Set<unknown>()): Rec[] {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) {
    return [];
  }
  seen.add(schema);
  const own = schema as Rec;
  const others = [
    referred(root, own['$ref']),
    ...list(own['anyOf']),
    ...list(own['oneOf']),
    ...list(own['allOf']),
    own['then'],
    own['else'],
  ];
  return [own, ...others.flatMap((each) => alternatives(root, each, seen))];
}

function referred(root: Rec, reference: unknown): unknown {
  if (typeof reference !== 'string' || !reference.startsWith('#')) {
    return undefined;
  }
  return partsOf(reference).reduce<unknown>((found, name) => record(found)[name], root);
}

function childOf(schema: Rec, step: string | number): unknown[] {
  if (typeof step === 'number') {
    return [list(schema['prefixItems'])[step] ?? schema['items']];
  }
  const properties = record(schema['properties']);
  if (Object.hasOwn(properties, step)) {
    return [properties[step]];
  }
  return [...Object.values(record(schema['patternProperties'])), schema['additionalProperties']];
}

function record(value: unknown): Rec {
  return typeof value === 'object' && value !== null ? (value as Rec) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
