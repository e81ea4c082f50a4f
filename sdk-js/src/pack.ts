/**
 * Writes the attributes that a flag may read into memory that the core sees; the layout is told in `core/src/text/packed.rs`. What is
 * written is what `encode.ts` would have made of the context, attribute by attribute.
 */

import { encodeValue, isPlainObject, isTargetingKey, isTooLarge, isWellFormed, ownMember } from './encode.js';

/** Enough for any sensible context; what does not fit crosses as text. */
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

/** From here on the encoder of the platform is faster than a loop. */
const LONG = 48;

const encoder = new TextEncoder();

/** The same memory in three ways; detached with it. */
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
   * Writes the attributes at `paths`. `false` where that cannot be done: the context is not a valid one, something does not fit, or
   * something throws when it is read; then the context crosses as text.
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
        text = this.#inside(context, member, path, record, text);
      }
    }
    return text <= this.bytes.length;
  }

  // What writes returns where the next text may begin: beyond the end where there was no room.

  /** Writes what lies at the end of a path, `member` being where it begins. */
  #inside(context: object, member: unknown, path: readonly string[], record: number, text: number): number {
    const ancestors = [context];
    let value = member;
    for (const name of path.slice(1)) {
      if (!isPlainObject(value) || ancestors.includes(value)) {
        return this.#nothing(record, MISSING, text);
      }
      ancestors.push(value);
      value = ownMember(value, name);
    }
    if (typeof value !== 'object' || value === null) {
      return this.#scalar(value, record, text);
    }
    if (ancestors.includes(value)) {
      return this.#nothing(record, MISSING, text);
    }
    if (!Array.isArray(value)) {
      return this.#nothing(record, isPlainObject(value) ? OBJECT : MISSING, text);
    }
    const elements = encodeValue(value, ancestors);
    return elements === undefined ? this.#nothing(record, MISSING, text) : this.#text(elements, ARRAY, record, text);
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
    if (value.length < LONG) {
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
