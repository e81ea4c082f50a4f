// Shares that change by time: what a schedule begins with when somebody chooses one.

import { millisOf } from '../ui/time';
import type { Ramp, Rollout, RolloutSteps } from './language';

export type RolloutKind = 'fixed' | 'steps' | 'ramp';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const FIRST_PERCENT = 5;

export function kindOf(rollout: Rollout): RolloutKind {
  if (typeof rollout === 'number') {
    return 'fixed';
  }
  return 'steps' in rollout ? 'steps' : 'ramp';
}

/** The share in force at an instant, in percent: docs/spec/language.md, TIME-7 and TIME-8, without the rounding of a ramp to minutes */
export function shareAt(rollout: Rollout, now: number): number {
  if (typeof rollout === 'number') {
    return rollout;
  }
  if ('steps' in rollout) {
    return rollout.steps.filter((step) => millisOf(step.at) <= now).at(-1)?.percent ?? 0;
  }
  const [from, until] = [millisOf(rollout.from), millisOf(rollout.until)];
  const passed = Math.min(Math.max((now - from) / (until - from), 0), 1);
  return Math.round((rollout.start + (rollout.end - rollout.start) * passed) * 1_000) / 1_000;
}

/** The next full hour */
function soon(now: number): number {
  return Math.ceil(now / HOUR_MS) * HOUR_MS;
}

function instant(millis: number): string {
  return new Date(millis).toISOString().replace('.000Z', 'Z');
}

/** Where a schedule begins: at a share that is fixed now, unless that is everybody */
function startOf(rollout: Rollout): number {
  return typeof rollout === 'number' && rollout < 100 ? rollout : FIRST_PERCENT;
}

/** The share as it is from the next hour on, and everybody a day later */
export function firstSteps(rollout: Rollout, now: number): RolloutSteps {
  return {
    steps: [
      { at: instant(soon(now)), percent: startOf(rollout) },
      { at: instant(soon(now) + DAY_MS), percent: 100 },
    ],
  };
}

/** From the share as it is to everybody, in a week from the next hour on */
export function firstRamp(rollout: Rollout, now: number): Ramp {
  return { from: instant(soon(now)), until: instant(soon(now) + 7 * DAY_MS), start: startOf(rollout), end: 100 };
}

/** A step a day after the last one, with its share */
export function nextStep(steps: RolloutSteps['steps']): RolloutSteps['steps'][number] {
  const last = steps.at(-1);
  const at = last === undefined ? soon(Date.now()) : millisOf(last.at);
  return { at: instant(at + DAY_MS), percent: last?.percent ?? 100 };
}
