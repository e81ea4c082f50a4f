/**
 * The context as JSON text. Not `JSON.stringify`: it throws on a cycle or a bigint, writes `null` for NaN and for a function in an array, and
 * so produces values that the caller never passed. Here a value that JSON cannot represent is left out, which the core treats as missing.
 */

import { isPlainObject, toPlain } from './plain.js';

/** The maximum depth of nested containers: the core's limit, beyond which no path reaches. */
export const MAX_DEPTH = 64;

/** Attributes of a context; the core's limit. */
const MAX_ATTRIBUTES = 1_000;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The text of an invalid context, for which the core returns `INVALID_CONTEXT`. */
const INVALID = 'null';

/** Encodes a context; `undefined` is the empty one. */
export function encodeContext(context: unknown): string {
  return readContext(context).text;
}

/** Encodes a context and checks it. It is read once, so that text and check agree. */
export function readContext(context: unknown): { text: string; isValid: boolean } {
  if (context === undefined) {
    return { text: '{}', isValid: true };
  }
  try {
    return isPlainObject(context) && !isTooLarge(context) ? readMembers(context) : { text: INVALID, isValid: false };
  } catch {
    // A revoked proxy, which cannot be read.
    return { text: INVALID, isValid: false };
  }
}

/** Encodes any value; returns `undefined` if JSON cannot represent it. `ancestors` are the objects and arrays around it, the context first. */
export function encodeValue(value: unknown, ancestors: readonly object[] = []): string | undefined {
  try {
    return encode(value, ancestors);
  } catch {
    return undefined;
  }
}

/** Whether a context's `targetingKey` is valid or absent. */
export function isTargetingKey(key: unknown): boolean {
  return key === undefined || key === null || typeof key === 'string';
}

/** Whether a string has no lone surrogate: the core's strings are sequences of Unicode scalar values. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Whether a context has more attributes than the limit. */
export function isTooLarge(context: object): boolean {
  let count = 0;
  for (const _ in context) {
    count += 1;
    if (count > MAX_ATTRIBUTES) {
      return true;
    }
  }
  return false;
}

function readMembers(context: object): { text: string; isValid: boolean } {
  const members = encodeMembers(context, []);
  // A targeting key that JSON cannot represent is invalid, not missing.
  if (!members.has('targetingKey') && !isTargetingKey(ownMember(context, 'targetingKey'))) {
    members.set('targetingKey', 'false');
  }
  const key = members.get('targetingKey');
  return { text: join(members), isValid: key === undefined || key === 'null' || key.startsWith('"') };
}

function encode(value: unknown, ancestors: readonly object[]): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    case 'bigint':
      return encode(Number(value), ancestors);
    case 'string':
      return encodeString(value);
    case 'object':
      return value === null ? 'null' : encodeContainer(value, ancestors);
    default:
      return undefined;
  }
}

function encodeString(value: string): string | undefined {
  return isWellFormed(value) ? JSON.stringify(value) : undefined;
}

function encodeContainer(value: object, ancestors: readonly object[]): string | undefined {
  if (ancestors.length >= MAX_DEPTH || ancestors.includes(value)) {
    return undefined;
  }
  if (Array.isArray(value)) {
    const elements: string[] = [];
    for (let index = 0; index < value.length; index += 1) {
      const text = encode(read(value, index), [...ancestors, value]);
      if (text !== undefined) {
        elements.push(text);
      }
    }
    return `[${elements.join(',')}]`;
  }
  if (isPlainObject(value)) {
    return join(encodeMembers(value, ancestors));
  }
  return encode(toPlain(value), [...ancestors, value]);
}

/** A member that cannot be read, such as a revoked proxy, is left out. */
function encodeMembers(value: object, ancestors: readonly object[]): Map<string, string> {
  const inside = [...ancestors, value];
  const members = new Map<string, string>();
  for (const name of Object.getOwnPropertyNames(value)) {
    const text = isWellFormed(name) ? encodeValue(read(value, name), inside) : undefined;
    if (text !== undefined) {
      members.set(name, text);
    }
  }
  return members;
}

function join(members: Map<string, string>): string {
  return `{${Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}

/** Reads a property; one whose getter throws is missing. */
function read(owner: object, name: PropertyKey): unknown {
  try {
    return Reflect.get(owner, name);
  } catch {
    return undefined;
  }
}

/** An own member of an object, not an inherited one. */
export function ownMember(owner: object, name: string): unknown {
  return Object.hasOwn(owner, name) ? (owner as Record<string, unknown>)[name] : undefined;
}
