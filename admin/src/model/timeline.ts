// The instants at which a flag changes by itself.

import { texts } from '../texts';
import { type FlagBody, hashed, type Serve, serveOf } from './language';

export interface Boundary {
  at: number;
  text: string;
}

function millis(instant: string | number): number {
  return typeof instant === 'number' ? instant : Date.parse(instant);
}

/** All instants at which time alone may change what the flag serves, the earliest first */
export function boundaries(flag: FlagBody): Boundary[] {
  const found: Boundary[] = [];
  const add = (at: string | number | undefined, text: string) => {
    if (at !== undefined) {
      found.push({ at: millis(at), text });
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
