/** The last values of a page in `localStorage`, for the next page. Storage that is full or forbidden counts as empty. */

import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';

interface Entry {
  readonly flags: readonly EvaluatedFlag[];
  /** The entity tag that the server gave them. */
  readonly etag: string | undefined;
  /** When they were stored, in milliseconds since 1970. */
  readonly time: number;
}

const PREFIX = 'flagstaff:';
const MAX_AGE_MS = 30 * 24 * 3_600_000;
/** Contexts per browser and origin; a page rarely has more than an anonymous one and that of the signed-in user. */
const MAX_ENTRIES = 5;

/** The values that were stored under a name, which begins with the prefix, unless they are too old. */
export function loadValues(name: string): Entry | undefined {
  try {
    const entry = JSON.parse(localStorage.getItem(name) as string) as Entry;
    return Date.now() - entry.time < MAX_AGE_MS && Array.isArray(entry.flags) ? entry : undefined;
  } catch {
    // Nothing is stored, or not by this code.
    return undefined;
  }
}

/** Stores the values of a context, and removes those that are too old or too many. */
export function storeValues(name: string, flags: readonly EvaluatedFlag[], etag: string | undefined): void {
  try {
    localStorage.setItem(name, JSON.stringify({ flags, etag, time: Date.now() } satisfies Entry));
    Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => ({ key, time: loadValues(key)?.time ?? 0 }))
      .sort((a, b) => b.time - a.time)
      .forEach(({ key, time }, index) => {
        if (index >= MAX_ENTRIES || time === 0) {
          localStorage.removeItem(key);
        }
      });
  } catch {
    // Private mode, blocked or full: the next page starts without values.
  }
}

/**
 * The hash of a text in hexadecimal digits, so that the stored data contains neither a context nor a key. It is fast and not cryptographic: it
 * does not hide a context from somebody who guesses it.
 */
export function hashText(text: string): string {
  let a = 1;
  let b = 2;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
    // Low bits must depend on high ones too.
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  return (a >>> 0).toString(16) + (b >>> 0).toString(16);
}
