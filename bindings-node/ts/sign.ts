/** Signatures of contexts, for pages whose key requires them: docs/signed-contexts.md. */

import { createHash, createHmac } from 'node:crypto';
import type { ContextInput } from '../../sdk-js/src/index.js';
import { toJson } from './bootstrap.js';

/** The first line of the signed text, which identifies its format. */
const FORMAT = 'flagstaff-context-1';
const LIFETIME_S = 3_600;

/**
 * The signature of a context, for a page whose `client` key requires signed contexts.
 *
 * `secret` is one of the key's secrets, and `key` the key itself, which the page has. The page sends the signature with exactly this
 * context. It expires in an hour, or at `expires`: a date, or seconds since 1970; at most 24 hours from now.
 */
export function signContext(
  secret: string,
  key: string,
  context: ContextInput,
  expires: Date | number = Date.now() / 1_000 + LIFETIME_S,
): string {
  const seconds = Math.floor(typeof expires === 'number' ? expires : expires.getTime() / 1_000);
  if (!Number.isSafeInteger(seconds) || seconds < 0) {
    throw new TypeError(`expires: expected a date or seconds since 1970, got ${expires}`);
  }
  const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const message = `${FORMAT}\n${id}\n${seconds}\n${canonical(toJson(context))}`;
  return `${seconds}.${createHmac('sha256', secret).update(message).digest('hex')}`;
}

/** Canonical JSON, RFC 8785. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical)}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)}}`;
  }
  return JSON.stringify(value);
}
