// The history of a flag by its rules: differences by position, as the server has them, become differences by rule.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byRule, type Changed, movedOne } from '../src/model/earlier';
import type { Json } from '../src/model/language';

const rule = (id: string, value = id) => ({
  id,
  when: { attribute: 'plan', op: 'equals', value },
  serve: 'on',
});
const change = (...changes: Changed[]) => ({ changes });

test('a rule that was moved is one difference, whatever its neighbours became', () => {
  const before = ['a', 'b', 'c'].map((id) => rule(id));
  const after = [before[2], before[0], before[1]] as Json;
  const positional = ['c', 'a', 'b'].flatMap((id, index) => [
    { pointer: `/rules/${index}/id`, before: before[index]?.id, after: id },
    { pointer: `/rules/${index}/when/value`, before: before[index]?.id, after: id },
  ]);
  const enabled = { pointer: '/enabled', before: false, after: true };
  assert.deepEqual(byRule([change(enabled, ...positional)], after), [
    change(enabled, { pointer: '/rules/', before: ['a', 'b', 'c'], after: ['c', 'a', 'b'] }),
  ]);
});

test('each change is undone before the one that was made earlier is looked at', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => rule(id)) as unknown as [Json, Json, Json];
  const history = [
    // c was put in front.
    change({ pointer: '/rules/0', after: c }),
    // b was deleted, which was at the end.
    change({ pointer: '/rules/1', before: b }),
    change({ pointer: '/rules/1/when/value', before: 'old', after: 'b' }),
    change({ pointer: '/rules', after: [a, rule('b', 'old')] }),
    change({ pointer: '', after: { type: 'boolean' } }),
  ];
  assert.deepEqual(byRule(history, [c, a]), [
    change({ pointer: '/rules/c', after: c }),
    change({ pointer: '/rules/b', before: b }),
    change({ pointer: '/rules/b/when/value', before: 'old', after: 'b' }),
    change({ pointer: '/rules', after: [a, rule('b', 'old')] }),
    change({ pointer: '', after: { type: 'boolean' } }),
  ]);
});

test('several elements that were added or removed at once are where they were', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id) => rule(id)) as unknown as [Json, Json, Json, Json];
  const history = [
    change({ pointer: '/rules/1', before: b }, { pointer: '/rules/2', before: c }),
    change({ pointer: '/rules/1', after: b }, { pointer: '/rules/2', after: c }),
    change({ pointer: '/rules', after: [a, d] }),
  ];
  assert.deepEqual(byRule(history, [a, d]), [
    change({ pointer: '/rules/b', before: b }, { pointer: '/rules/c', before: c }),
    change({ pointer: '/rules/b', after: b }, { pointer: '/rules/c', after: c }),
    change({ pointer: '/rules', after: [a, d] }),
  ]);
});

test('a flag that was deleted and created again begins anew', () => {
  const [a, b] = [rule('a'), rule('b')];
  const history = [
    change({ pointer: '', after: { rules: [b] } }),
    change({ pointer: '', before: { rules: [a, b] } }),
    change({ pointer: '/rules/1', after: b }),
  ];
  assert.deepEqual(byRule(history, [b])[2], change({ pointer: '/rules/b', after: b }));
});

test('differences that do not fit to the rules stay as they are, and so do those before them', () => {
  const history = [
    change({ pointer: '/rules/0/id', before: 'a', after: 'x' }),
    change({ pointer: '/rules/0/serve', before: 'off', after: 'on' }),
  ];
  assert.deepEqual(byRule(history, [rule('b')]), history);
  assert.deepEqual(byRule(history, undefined), history);
});

test('rules without ids are one list', () => {
  const [a, b] = [{ serve: 'a' }, { serve: 'b' }];
  const positional = change(
    { pointer: '/rules/0/serve', before: 'a', after: 'b' },
    { pointer: '/rules/1/serve', before: 'b', after: 'a' },
  );
  assert.deepEqual(byRule([positional], [b, a]), [change({ pointer: '/rules', before: [a, b], after: [b, a] })]);
});

test('one element that was moved is known by where it was and is', () => {
  const all = ['a', 'b', 'c', 'd', 'e'];
  assert.deepEqual(movedOne(all, ['e', 'a', 'b', 'c', 'd']), { from: 4, to: 0 });
  assert.deepEqual(movedOne(all, ['b', 'c', 'd', 'a', 'e']), { from: 0, to: 3 });
  assert.deepEqual(movedOne(all, ['a', 'c', 'b', 'd', 'e']), { from: 2, to: 1 });
  for (const other of [all, ['e', 'b', 'c', 'd', 'a'], ['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd', 'x']]) {
    assert.equal(movedOne(all, other), undefined);
  }
});
