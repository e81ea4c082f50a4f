/** Converts objects of a program to plain objects and arrays, the only ones that JSON has. */

/**
 * The property by which another copy of this package reads a prepared context: an application may load one as a module and one as CommonJS,
 * and their classes differ.
 */
export const PREPARED_TEXT = Symbol.for('flagstaff.context');

/** Whether `value` is a plain object: of a literal, of `JSON.parse` or without prototype, of this realm or another. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * A plain object, an array or a scalar for any object: a `Map` is an object of its entries, a `Set` an array, an object with `toJSON` (a `Date`, a
 * `URL`, an id of a database) what that returns, and any other instance an object of its own fields. `undefined` if there is nothing
 * readable: binary data, a promise, or a `toJSON` that throws.
 */
export function toPlain(value: object): unknown {
  const isPlain: boolean = Array.isArray(value) || isPlainObject(value);
  if (isPlain) {
    return value;
  }
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value).filter(([name]) => typeof name === 'string'));
  }
  if (value instanceof Set) {
    return Array.from(value);
  }
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return value.valueOf();
  }
  try {
    const { toJSON, then } = value as { toJSON?: unknown; then?: unknown };
    // Binary data, whose fields are its bytes, and a promise that was not awaited.
    if (ArrayBuffer.isView(value) || typeof then === 'function') {
      return undefined;
    }
    return typeof toJSON === 'function' ? (toJSON.call(value) as unknown) : { ...value };
  } catch {
    return undefined;
  }
}

/**
 * Converts a context that the language does not have to a valid one: an instance of a class, a `Map`, or a `targetingKey` that
 * is an integer or an object with `toJSON`. Returns `undefined` if that is not possible, or if the context is valid already.
 */
export function repairContext(context: unknown): object | undefined {
  try {
    if (typeof context !== 'object' || context === null || PREPARED_TEXT in context) {
      return undefined;
    }
    const plain = toPlain(context);
    if (!isPlainObject(plain)) {
      return undefined;
    }
    const { targetingKey } = plain as { targetingKey?: unknown };
    const text = keyText(targetingKey);
    if (text !== undefined) {
      return { ...plain, targetingKey: text };
    }
    return plain === context ? undefined : plain;
  } catch {
    // A revoked proxy.
    return undefined;
  }
}

/** The text of a targeting key that is not text; `undefined` if it is text already, or cannot be converted. */
function keyText(key: unknown): string | undefined {
  switch (typeof key) {
    case 'number':
      return Number.isSafeInteger(key) ? String(key) : undefined;
    case 'bigint':
      return String(key);
    case 'object': {
      const plain = key === null ? undefined : toPlain(key);
      return typeof plain === 'string' ? plain : undefined;
    }
    default:
      return undefined;
  }
}
