// Differences as a list: the place in words, what it was, what it is. A sign and a word tell added from removed, not a colour alone.

import { isObject, partsOf } from '../model/diff';
import { movedOne } from '../model/earlier';
import type { Condition, Json, Rollout, Rule, Serve } from '../model/language';
import { armsText, conditionText, rolloutText, serveText, valueText } from '../model/sentence';
import type { Arm } from '../model/split';
import { texts } from '../texts';

export interface Shown {
  pointer: string;
  before?: unknown;
  after?: unknown;
}

export function DiffList({ differences }: { differences: readonly Shown[] }) {
  return (
    <ul className="diff">
      {differences.map(toMove).map((difference) => (
        <li key={difference.pointer}>
          <span className="place">{placeText(difference.pointer)}</span>
          <span className="values">
            {'before' in difference && difference.before !== undefined && (
              <del>
                <span className="hidden">{texts.diff.was}</span>
                {shownText(difference.pointer, difference.before)}
              </del>
            )}
            {'after' in difference && difference.after !== undefined && (
              <ins>
                <span className="hidden">{texts.diff.is}</span>
                {shownText(difference.pointer, difference.after)}
              </ins>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The order of rules of which one stands elsewhere, as the place of this rule */
function toMove(difference: Shown): Shown {
  const { pointer, before, after } = difference;
  if (!/^\/rules\/?$/.test(pointer) || !Array.isArray(before) || !Array.isArray(after)) {
    return difference;
  }
  const move = movedOne(before, after);
  if (move === undefined) {
    return difference;
  }
  const rule: unknown = before[move.from];
  const name = typeof rule === 'string' ? rule : ruleText(rule as Rule);
  return {
    pointer: '/rules/',
    before: [texts.diff.place(name, move.from + 1)],
    after: [texts.diff.place(name, move.to + 1)],
  };
}

/** `/rules/nordics/serve` as "rule nordics › serve" */
export function placeText(pointer: string): string {
  const parts = partsOf(pointer);
  if (parts[0] === 'rules' && parts[1] !== undefined) {
    if (parts[1] === '') {
      return texts.diff.order;
    }
    const rule = /^\d+$/.test(parts[1]) ? texts.rules.name(undefined, Number(parts[1])) : texts.rules.name(parts[1], 0);
    return [rule, ...parts.slice(2).map(partText)].join(' › ');
  }
  const first = texts.diff.places[parts[0] ?? ''] ?? parts[0];
  return parts.length === 0 ? texts.diff.whole : [first, ...parts.slice(1).map(partText)].join(' › ');
}

function partText(part: string): string {
  return texts.diff.parts[part] ?? part;
}

function ruleText({ when, serve }: Rule): string {
  return when === undefined ? serveText(serve) : `${conditionText(when)}: ${serveText(serve)}`;
}

function shownText(pointer: string, value: unknown): string {
  const json = value as Json;
  const last = pointer.split('/').at(-1);
  try {
    if (last === 'serve' && (typeof json === 'string' || isObject(json))) {
      return serveText(json as Serve);
    }
    if (last === 'arms' && Array.isArray(json)) {
      return armsText(json as unknown as Arm[]);
    }
    if (last === 'rollout') {
      return rolloutText(json as unknown as Rollout);
    }
    if (last === 'when' && isObject(json)) {
      return conditionText(json as Condition);
    }
    if (pointer === '/rules/' && Array.isArray(json)) {
      return json.join(', ');
    }
    if (pointer === '/rules' && Array.isArray(json)) {
      return (json as unknown as Rule[]).map(ruleText).join(' · ');
    }
    if (/^\/rules\/[^/]+$/.test(pointer) && isObject(json) && 'serve' in json) {
      return ruleText(json as unknown as Rule);
    }
  } catch {
    // A part of a rule that cannot be told in words is shown as it is.
  }
  return typeof json === 'string' ? json : valueText(json, 400);
}
