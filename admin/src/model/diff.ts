// Differences of two JSON values by pointer. Elements of a list with an `id` are the same element wherever they stand.

import type { Json, JsonObject } from './language';

export interface Difference {
  pointer: string;
  before?: Json;
  after?: Json;
}

/** A name as a part of a JSON pointer (RFC 6901) */
export function escapePart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The names and indices of a JSON pointer */
export function partsOf(pointer: string): string[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two values are the same JSON; the order of members has no meaning. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) {
    return true;
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => isSame(value, other[index]));
  }
  if (isObject(one) && isObject(other)) {
    const names = Object.keys(one);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => name in other && isSame(one[name], other[name]))
    );
  }
  return false;
}

/** Every place at which two values differ, in the order of the document */
export function differences(before: Json | undefined, after: Json | undefined, pointer = ''): Difference[] {
  if (isSame(before, after)) {
    return [];
  }
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => differences(before[name], after[name], `${pointer}/${escapePart(name)}`));
  }
  const [one, other] = [byId(before), byId(after)];
  if (one !== undefined && other !== undefined) {
    const ids = [...new Set([...one.keys(), ...other.keys()])];
    const inside = ids.flatMap((id) => differences(one.get(id), other.get(id), `${pointer}/${escapePart(id)}`));
    return isMoved(one, other)
      ? [{ pointer: `${pointer}/`, before: [...one.keys()], after: [...other.keys()] }, ...inside]
      : inside;
  }
  return [{ pointer, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

/** The elements of a list by id, if each has one of its own */
export function byId(value: unknown): Map<string, JsonObject> | undefined {
  if (!Array.isArray(value)) {
    return undefined;
  }
  const elements = value.flatMap((element) =>
    isObject(element) && typeof element['id'] === 'string' ? [[element['id'], element] as const] : [],
  );
  const map = new Map(elements);
  return map.size === value.length ? map : undefined;
}

/** Whether the elements that both lists have stand in another order */
function isMoved(one: Map<string, Json>, other: Map<string, Json>): boolean {
  const common = (from: Map<string, Json>, to: Map<string, Json>) => [...from.keys()].filter((id) => to.has(id));
  return !isSame(common(one, other), common(other, one));
}

/** The JSON merge patch (RFC 7396) from one object to another, or undefined where a null inside makes it impossible */
export function mergePatch(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [one, other] = [before[name], after[name]];
    if (isSame(one, other)) {
      continue;
    }
    if (other === undefined) {
      patch[name] = null;
    } else if (isObject(one) && isObject(other)) {
      const inside = mergePatch(one, other);
      if (inside === undefined) {
        return undefined;
      }
      patch[name] = inside;
    } else if (hasNullMember(other)) {
      return undefined;
    } else {
      patch[name] = other;
    }
  }
  return patch;
}

/** Whether a merge patch would take a null in it for a removal: lists are set whole, so nulls inside them stay */
function hasNullMember(value: Json): boolean {
  return value === null || (isObject(value) && Object.values(value).some(hasNullMember));
}
