// The instants at which a flag changes by itself.

import { texts } from '../texts';
import { millisOf } from '../ui/time';
import { type FlagBody, hashed, type Serve, serveOf } from './language';
import { shareAt } from './rollout';

export interface Boundary {
  at: number;
  text: string;
}

/** The share that a rule, or the serve for everybody else, has over time */
export interface Lane {
  name: string;
  /** From the begin to the end of the whole time line; two points at one instant are a jump */
  points: readonly { at: number; percent: number }[];
}

export interface TimeLine {
  from: number;
  until: number;
  expiresAt: number | undefined;
  lanes: readonly Lane[];
}

/** What is shown before the first and after the last instant, as a part of what is between them */
const MARGIN = 0.08;
const DAY_MS = 86_400_000;

/** All instants at which time alone may change what the flag serves, the earliest first */
export function boundaries(flag: FlagBody): Boundary[] {
  const found: Boundary[] = [];
  const add = (at: string | number | undefined, text: string) => {
    if (at !== undefined) {
      found.push({ at: millisOf(at), text });
    }
  };
  for (const [index, rule] of (flag.rules ?? []).entries()) {
    const name = texts.rules.name(rule.id, index);
    add(rule.from, texts.timeline.begins(name));
    add(rule.until, texts.timeline.ends(name));
    addRollout(rule.serve, name, add);
  }
  addRollout(serveOf(flag), texts.rules.everybodyElse, add);
  add(flag.expiresAt, texts.timeline.expires);
  return found.sort((one, other) => one.at - other.at);
}

function addRollout(serve: Serve, name: string, add: (at: string | number, text: string) => void): void {
  const { rollout } = hashed(serve);
  if (rollout === undefined || typeof rollout === 'number') {
    return;
  }
  if ('steps' in rollout) {
    for (const step of rollout.steps) {
      add(step.at, texts.timeline.step(name, step.percent));
    }
  } else {
    add(rollout.from, texts.timeline.rampBegins(name, rollout.start));
    add(rollout.until, texts.timeline.rampEnds(name, rollout.end));
  }
}

/** The shares over time of all that changes by time, from before the first instant to after the last one; `now` is always shown. */
export function timeLine(flag: FlagBody, now: number): TimeLine | undefined {
  const instants = boundaries(flag).map(({ at }) => at);
  if (instants.length === 0) {
    return undefined;
  }
  const [first, last] = [Math.min(now, ...instants), Math.max(now, ...instants)];
  const margin = Math.max((last - first) * MARGIN, DAY_MS / 24);
  const [from, until] = [first - margin, last + margin];
  const expiresAt = flag.expiresAt === undefined ? undefined : millisOf(flag.expiresAt);
  const rules = (flag.rules ?? []).map((rule, index) => ({ ...rule, name: texts.rules.name(rule.id, index) }));
  const all = [...rules, { serve: serveOf(flag), name: texts.rules.everybodyElse, from: undefined, until: undefined }];
  const lanes = all.flatMap(({ name, serve, from: begins, until: ends }) => {
    const { rollout = 100 } = hashed(serve);
    const limits = [begins, ends].map((at) => (at === undefined ? undefined : millisOf(at)));
    const own = [...limits, ...rolloutInstants(serve)].filter((at) => at !== undefined);
    const [begin = from, end = until] = limits;
    const at = (instant: number, before: boolean) => {
      const isIn = before ? begin < instant && instant <= end : begin <= instant && instant < end;
      // A step holds from its instant on: just before, the share is that of the millisecond before.
      return { at: instant, percent: isIn ? shareAt(rollout, before ? instant - 1 : instant) : 0 };
    };
    const inner = [...new Set(own)].sort((one, other) => one - other);
    const points = [at(from, false), ...inner.flatMap((each) => [at(each, true), at(each, false)]), at(until, true)];
    return own.length === 0 ? [] : [{ name, points }];
  });
  return { from, until, expiresAt, lanes };
}

function rolloutInstants(serve: Serve): number[] {
  const { rollout } = hashed(serve);
  if (rollout === undefined || typeof rollout === 'number') {
    return [];
  }
  return ('steps' in rollout ? rollout.steps.map(({ at }) => at) : [rollout.from, rollout.until]).map(millisOf);
}
