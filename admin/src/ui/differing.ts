// Differences of documents by the flag, segment, group or holdout that they are in

import { escapePart, partsOf } from '../model/diff';
import type { Shown } from './diff-list';

/** The sections of a document that have differences to show */
export const SECTIONS = ['flags', 'segments', 'groups', 'holdouts'] as const;

/** The differences of one flag, segment, group or holdout */
export interface Differing {
  /** The section that it is in */
  kind: string;
  key: string;
  /** With pointers into it */
  differences: Shown[];
  isBefore: boolean;
  isAfter: boolean;
}

/** Differences by the thing that they are in: `/flags/K/…` */
export function grouped(all: readonly Shown[]): Differing[] {
  const groups = new Map<string, Differing>();
  for (const difference of all) {
    const [kind = '', key = '', ...rest] = partsOf(difference.pointer);
    const group = groups.get(`${kind}/${key}`) ?? { kind, key, differences: [], isBefore: true, isAfter: true };
    groups.set(`${kind}/${key}`, group);
    if (rest.length === 0) {
      group.isBefore = difference.before !== undefined;
      group.isAfter = difference.after !== undefined;
    }
    group.differences.push({ ...difference, pointer: rest.map((part) => `/${escapePart(part)}`).join('') });
  }
  return [...groups.values()];
}
