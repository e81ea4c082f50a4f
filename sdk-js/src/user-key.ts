/** Reads the user's key from another attribute than `targetingKey`. */

import { isPlainObject, repairContext, toPlain } from './plain.js';
import { type ContextInput, contextOf } from './prepared.js';

/** Reads the context of an evaluation; returns another one if its user has the key in the attribute. */
export type UserKey = (context: ContextInput | undefined) => ContextInput | undefined;

/**
 * Puts the attribute, a name or a JSON pointer, in the place of a missing `targetingKey`. Throws a `TypeError` if it is neither.
 */
export function userKeyOf(attribute: string): UserKey {
  const path = parsePath(attribute);
  return (context) => {
    try {
      const read = contextOf(context);
      const members: unknown = repairContext(read) ?? read;
      if (!isPlainObject(members) || (members as { targetingKey?: unknown }).targetingKey != null) {
        return context;
      }
      const key = path.reduce(memberOf, members);
      return isKey(key) ? { ...members, targetingKey: String(key) } : context;
    } catch {
      // A getter of the context throws; the evaluation reports it.
      return context;
    }
  };
}

function parsePath(attribute: string): string[] {
  if (attribute === '' || (attribute.startsWith('/') && /~(?![01])/.test(attribute))) {
    throw new TypeError(`\`targetingKeyAttribute\`: expected a name or a JSON pointer, got \`${attribute}\``);
  }
  const unescapePart = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');
  return attribute.startsWith('/') ? attribute.slice(1).split('/').map(unescapePart) : [attribute];
}

function memberOf(value: unknown, name: string): unknown {
  const plain: unknown = typeof value === 'object' && value !== null ? toPlain(value) : value;
  return isPlainObject(plain) && Object.hasOwn(plain, name) ? (plain as Record<string, unknown>)[name] : undefined;
}

/** Whether a value can be a unit: a text that is not empty, or an integer. */
function isKey(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'bigint' || Number.isSafeInteger(value);
}
