// Merges two edits of one document. What only one side changed is taken; what both changed differently is contested.

import { byId, differences, isObject, isSame } from './diff';
import type { Json, JsonObject } from './language';

export interface Contest {
  pointer: string;
  base: Json | undefined;
  mine: Json | undefined;
  theirs: Json | undefined;
}

export type Side = 'mine' | 'theirs';

export interface Merge {
  merged: Json | undefined;
  contests: Contest[];
}

/** The pointer of the order of a list whose elements have ids */
const ORDER = '\u0000order';

/** Merges by member, and lists of elements with ids by element; `choices` decides contested places, mine unless chosen otherwise. */
export function merge(
  base: Json | undefined,
  mine: Json | undefined,
  theirs: Json | undefined,
  choices: ReadonlyMap<string, Side> = new Map(),
  pointer = '',
): Merge {
  if (isSame(mine, theirs) || isSame(base, theirs)) {
    return { merged: mine, contests: [] };
  }
  if (isSame(base, mine)) {
    return { merged: theirs, contests: [] };
  }
  if (isObject(mine) && isObject(theirs)) {
    return mergeMembers(isObject(base) ? base : {}, mine, theirs, choices, pointer);
  }
  const lists = [byId(base ?? []), byId(mine), byId(theirs)];
  if (lists.every((list) => list !== undefined)) {
    const [old, own, other] = lists as [ById, ById, ById];
    return mergeLists(old, own, other, choices, pointer);
  }
  const merged = choices.get(pointer) === 'theirs' ? theirs : mine;
  return { merged, contests: [{ pointer, base, mine, theirs }] };
}

type ById = Map<string, JsonObject>;

function mergeMembers(
  base: JsonObject,
  mine: JsonObject,
  theirs: JsonObject,
  choices: ReadonlyMap<string, Side>,
  pointer: string,
): Merge {
  const merged: JsonObject = {};
  const contests: Contest[] = [];
  for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs), ...Object.keys(base)])) {
    const inside = merge(base[name], mine[name], theirs[name], choices, `${pointer}/${name}`);
    contests.push(...inside.contests);
    if (inside.merged !== undefined) {
      merged[name] = inside.merged;
    }
  }
  return { merged, contests };
}

function mergeLists(base: ById, mine: ById, theirs: ById, choices: ReadonlyMap<string, Side>, pointer: string): Merge {
  const contests: Contest[] = [];
  const elements = new Map<string, Json>();
  for (const id of new Set([...mine.keys(), ...theirs.keys()])) {
    const inside = merge(base.get(id), mine.get(id), theirs.get(id), choices, `${pointer}/${id}`);
    contests.push(...inside.contests);
    if (inside.merged !== undefined) {
      elements.set(id, inside.merged);
    }
  }
  const orders = { base: kept(base, elements), mine: kept(mine, elements), theirs: kept(theirs, elements) };
  const place = `${pointer}/${ORDER}`;
  const order = orderOf(orders, choices.get(place));
  if (order.isContested) {
    contests.push({ pointer: place, base: orders.base, mine: orders.mine, theirs: orders.theirs });
  }
  // Elements that only the other side has are put behind the one that they follow there.
  const keys = [...order.keys];
  for (const list of [orders.mine, orders.theirs]) {
    for (const [index, id] of list.entries()) {
      if (!keys.includes(id)) {
        const before = index === 0 ? -1 : keys.indexOf(list[index - 1] ?? '');
        keys.splice(before + 1, 0, id);
      }
    }
  }
  return { merged: keys.flatMap((id) => elements.get(id) ?? []), contests };
}

function kept(list: ById, elements: ReadonlyMap<string, Json>): string[] {
  return [...list.keys()].filter((id) => elements.has(id));
}

function orderOf(
  orders: { base: string[]; mine: string[]; theirs: string[] },
  choice: Side | undefined,
): { keys: string[]; isContested: boolean } {
  const common = orders.mine.filter((id) => orders.theirs.includes(id));
  const among = (list: string[]) => list.filter((id) => common.includes(id) && orders.base.includes(id));
  const [base, mine, theirs] = [among(orders.base), among(orders.mine), among(orders.theirs)];
  if (isSame(base, theirs) || isSame(mine, theirs)) {
    return { keys: orders.mine, isContested: false };
  }
  if (isSame(base, mine)) {
    return { keys: orders.theirs, isContested: false };
  }
  return { keys: choice === 'theirs' ? orders.theirs : orders.mine, isContested: true };
}

/** Whether a pointer is that of an order */
export function isOrder(pointer: string): boolean {
  return pointer.endsWith(`/${ORDER}`);
}

/** How many places an edit changes */
export function countChanges(before: Json, after: Json): number {
  return differences(before, after).length;
}
