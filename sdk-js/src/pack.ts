/**
 * Writes the attributes that a flag may read into memory that the core reads; `bindings-js/src/packed.rs` describes the layout. The values are
 * those that `encode.ts` would write, attribute by attribute.
 */

import { encodeValue, isTargetingKey, isTooLarge, isWellFormed, MAX_DEPTH, ownMember } from './encode.js';
import { isPlainObject, toPlain } from './plain.js';

/** Enough for most contexts; a larger one is passed as text. */
export const CONTEXT_BYTES = 8_192;

const RECORDS = 8;
const RECORD = 16;

const MISSING = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const NUMBER = 4;
const STRING = 5;
const ARRAY = 6;
const OBJECT = 7;

/** From this length on the platform's encoder is faster than a loop. */
const LONG_STRING = 48;

const encoder = new TextEncoder();

/** Views of the same memory; detached together with it. */
export class SharedMemory {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly integers: Int32Array;
  readonly numbers: Float64Array;

  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, length } = bytes;
    this.bytes = bytes;
    this.words = new Uint32Array(buffer, byteOffset, length >> 2);
    this.integers = new Int32Array(buffer, byteOffset, length >> 2);
    this.numbers = new Float64Array(buffer, byteOffset, length >> 3);
  }

  /**
   * Writes the attributes at `paths`. `false` if the context is not valid, or does not fit; then it must be passed as text. Throws what
   * a getter of the context throws.
   */
  pack(context: unknown, paths: readonly (readonly string[])[]): boolean {
    if (!isPlainObject(context) || isTooLarge(context)) {
      return false;
    }
    const key: unknown = Object.hasOwn(context, 'targetingKey')
      ? (context as { targetingKey: unknown }).targetingKey
      : undefined;
    if (!isTargetingKey(key)) {
      return false;
    }
    let text = RECORDS + RECORD * paths.length;
    for (let position = 0; position < paths.length && text <= this.bytes.length; position += 1) {
      const path = paths[position] as readonly string[];
      const record = RECORDS + RECORD * position;
      const name = path[0] as string;
      const member = name === 'targetingKey' ? key : ownMember(context, name);
      if (path.length === 1 && (typeof member !== 'object' || member === null)) {
        text = this.#scalar(member, record, text);
      } else {
        text = this.#nested(context, member, path, record, text);
      }
    }
    return text <= this.bytes.length;
  }

  // The methods below return where the next string may begin, which is beyond the end if there was no room.

  /** Writes the value at the end of a path that begins at `member`. */
  #nested(context: object, member: unknown, path: readonly string[], record: number, text: number): number {
    const ancestors = [context];
    let value = this.#plain(member, ancestors);
    for (const name of path.slice(1)) {
      if (!isPlainObject(value)) {
        return this.#nothing(record, MISSING, text);
      }
      ancestors.push(value);
      value = this.#plain(ownMember(value, name), ancestors);
    }
    if (typeof value !== 'object' || value === null) {
      return this.#scalar(value, record, text);
    }
    if (!Array.isArray(value)) {
      return this.#nothing(record, OBJECT, text);
    }
    const elements = encodeValue(value, ancestors);
    return elements === undefined ? this.#nothing(record, MISSING, text) : this.#text(elements, ARRAY, record, text);
  }

  /** A scalar, a plain object or an array; `undefined` for an object that is inside itself. */
  #plain(value: unknown, ancestors: object[]): unknown {
    let plain = value;
    while (typeof plain === 'object' && plain !== null) {
      if (ancestors.includes(plain) || ancestors.length > MAX_DEPTH) {
        return undefined;
      }
      const next = toPlain(plain);
      if (next === plain) {
        return plain;
      }
      ancestors.push(plain);
      plain = next;
    }
    return plain;
  }

  #scalar(value: unknown, record: number, text: number): number {
    switch (typeof value) {
      case 'string':
        return this.#text(value, STRING, record, text);
      case 'number':
        return this.#number(value, record, text);
      case 'bigint':
        return this.#number(Number(value), record, text);
      case 'boolean':
        return this.#nothing(record, value ? TRUE : FALSE, text);
      default:
        return this.#nothing(record, value === null ? NULL : MISSING, text);
    }
  }

  #nothing(record: number, kind: number, text: number): number {
    this.words[record >> 2] = kind;
    return text;
  }

  #number(value: number, record: number, text: number): number {
    this.words[record >> 2] = Number.isFinite(value) ? NUMBER : MISSING;
    this.numbers[(record >> 3) + 1] = value;
    return text;
  }

  #text(value: string, kind: number, record: number, start: number): number {
    const { bytes, words } = this;
    if (start + value.length > bytes.length) {
      return Number.POSITIVE_INFINITY;
    }
    let length = 0;
    if (value.length < LONG_STRING) {
      while (length < value.length) {
        const unit = value.charCodeAt(length);
        if (unit > 0x7f) {
          break;
        }
        bytes[start + length] = unit;
        length += 1;
      }
    }
    if (length < value.length) {
      if (!isWellFormed(value)) {
        return this.#nothing(record, MISSING, start);
      }
      const { read, written } = encoder.encodeInto(value, bytes.subarray(start));
      if (read < value.length) {
        return Number.POSITIVE_INFINITY;
      }
      length = written;
    }
    const word = record >> 2;
    words[word] = kind;
    words[word + 1] = length;
    words[word + 2] = start;
    return start + length;
  }
}
