/**
 * The context as JSON text. Not `JSON.stringify`: that throws on a cycle or a bigint, calls `toJSON` of strangers, writes `null`
 * for NaN and text for a Date, and would so make up values that the caller never gave. Here a value that JSON has no word for is
 * left out, which the core reads as missing.
 */

/** Containers inside one another that are read; the core's limit, and what lies deeper is out of reach of any path. */
const DEPTH = 64;

/** Attributes of a context; the core's limit. */
const MAX_ATTRIBUTES = 1_000;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The text of a context that is invalid, for which the core answers `INVALID_CONTEXT`. */
const INVALID = 'null';

/** Encodes a context; `undefined` stands for the empty one. */
export function encodeContext(context: unknown): string {
  return readContext(context).text;
}

/** Encodes a context and says whether it is a valid one. It is read once, so that the two are of the same context. */
export function readContext(context: unknown): { text: string; isValid: boolean } {
  if (context === undefined) {
    return { text: '{}', isValid: true };
  }
  try {
    return isPlainObject(context) && !isTooLarge(context) ? readMembers(context) : { text: INVALID, isValid: false };
  } catch {
    // A revoked proxy: nothing can be read of it, not even what it is.
    return { text: INVALID, isValid: false };
  }
}

/** Encodes any value, `undefined` where JSON has no word for it; `ancestors` are what it was reached through, the context first. */
export function encodeValue(value: unknown, ancestors: readonly object[] = []): string | undefined {
  try {
    return encode(value, ancestors);
  } catch {
    return undefined;
  }
}

/** Whether a context's `targetingKey` is one or absent. */
export function isTargetingKey(key: unknown): boolean {
  return key === undefined || key === null || typeof key === 'string';
}

/** Whether a text is one of Unicode scalar values, which the core's texts are. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Whether a context has more attributes than it may. Counted without a list of them, since every evaluation asks. */
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
  // A targeting key of a foreign type is a key that is no string, which is not the same as no key.
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
  if (ancestors.length >= DEPTH || ancestors.includes(value)) {
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
  return isPlainObject(value) ? join(encodeMembers(value, ancestors)) : undefined;
}

/** A member that cannot be read, such as a revoked proxy, costs its owner that member only. */
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

/** Reads a property; a getter that throws reads as missing. */
function read(owner: object, name: PropertyKey): unknown {
  try {
    return Reflect.get(owner, name);
  } catch {
    return undefined;
  }
}

/** A member of the object itself, nothing that it inherits. */
export function ownMember(owner: object, name: string): unknown {
  return Object.hasOwn(owner, name) ? (owner as Record<string, unknown>)[name] : undefined;
}

/** Whether `value` is a bare object: of a literal, of `JSON.parse` or without prototype, of this realm or another. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}
