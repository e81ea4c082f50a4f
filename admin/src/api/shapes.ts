// Differences as the pages show them: what was created or deleted as a whole, member by member.

import { differences, isObject } from '../model/diff';
import type { Json } from '../model/language';
import type { Shown } from '../ui/diff-list';

export function shownDifferences(changes: readonly Shown[]): Shown[] {
  return changes.flatMap((change) => {
    const { pointer, before, after } = change;
    const isWhole = pointer === '' && isObject(after ?? before) && (before === undefined || after === undefined);
    return isWhole ? differences((before ?? {}) as Json, (after ?? {}) as Json) : [change];
  });
}
