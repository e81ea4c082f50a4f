// The rules of a flag before each of its changes. The history has differences by position, of which a rule that was moved makes many; with
// the rules themselves they are told as one.

import { differences, isObject, isSame, partsOf } from './diff';
import type { Json, JsonObject } from './language';

/** A difference as the history has it, with a pointer into the flag */
export interface Changed {
  pointer: string;
  before?: unknown;
  after?: unknown;
}

/**
 * The differences of each change of a flag, newest first, where those of the rules are by their ids and not by their positions; `now` are the
 * rules after the first of them. What does not fit to them, since the history is newer or older than the flag, stays as it is.
 */
export function byRule<C extends { changes: readonly Changed[] }>(history: readonly C[], now: Json | undefined): C[] {
  let after: State | undefined = { rules: now };
  return history.map((change) => {
    const inRules = change.changes.filter(({ pointer }) => /^\/rules(\/|$)/.test(pointer));
    const whole = change.changes.find(({ pointer }) => pointer === '');
    const then: State | undefined = after;
    const found: State | undefined = then && (whole === undefined ? before(then, inRules) : stateOf(whole.before));
    after = found;
    if (then === undefined || found === undefined || inRules.length === 0) {
      return change;
    }
    const others = change.changes.filter((each) => !inRules.includes(each));
    return { ...change, changes: [...others, ...differences(found.rules, then.rules, '/rules')] };
  });
}

/** What is known of a flag at a time: its rules, if it had any */
interface State {
  rules: Json | undefined;
}

function stateOf(flag: unknown): State {
  return { rules: isObject(flag) ? flag['rules'] : undefined };
}

/** What was before these differences, or undefined if they are not of these rules */
function before(after: State, changes: readonly Changed[]): State | undefined {
  const root: JsonObject = after.rules === undefined ? {} : { rules: structuredClone(after.rules) };
  // Elements of a list that were added are taken out from the last one on, and those that were removed are put back from the first one on.
  const removed = changes.filter((change) => change.after === undefined);
  const others = changes.filter((change) => change.after !== undefined).toReversed();
  for (const change of [...others, ...removed]) {
    if (!undo(root, partsOf(change.pointer), change)) {
      return undefined;
    }
  }
  return stateOf(root);
}

/** Puts what was at the end of a path back; false if what is there is not what the difference left */
function undo(root: Json, names: readonly string[], { before, after }: Changed): boolean {
  let place: Json | undefined = root;
  for (const name of names.slice(0, -1)) {
    place = Array.isArray(place) ? place[Number(name)] : isObject(place) ? place[name] : undefined;
  }
  const last = names.at(-1) ?? '';
  if (Array.isArray(place)) {
    const index = Number(last);
    if (after === undefined) {
      place.splice(index, 0, before as Json);
      return index < place.length;
    }
    const is = place[index];
    place.splice(index, 1, ...(before === undefined ? [] : [before as Json]));
    return isSame(is, after);
  }
  if (!isObject(place)) {
    return false;
  }
  const is = place[last];
  if (before === undefined) {
    delete place[last];
  } else {
    place[last] = before as Json;
  }
  return isSame(is, after);
}

/** The one element that stands elsewhere in a list that has the same elements otherwise, by its index before and after */
export function movedOne(
  before: readonly unknown[],
  after: readonly unknown[],
): { from: number; to: number } | undefined {
  const start = before.findIndex((value, index) => !isSame(value, after[index]));
  const end = before.findLastIndex((value, index) => !isSame(value, after[index]));
  if (start < 0 || before.length !== after.length) {
    return undefined;
  }
  const ways = [
    { from: end, to: start },
    { from: start, to: end },
  ];
  return ways.find(({ from, to }) => isSame(before.toSpliced(from, 1).toSpliced(to, 0, before[from]), after));
}
