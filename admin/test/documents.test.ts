import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  editAt,
  flip,
  join,
  negate,
  parseLiteral,
  showLiteral,
  withLiterals,
  withOperator,
} from '../src/model/condition';
import { differences, mergePatch } from '../src/model/diff';
import type { Condition } from '../src/model/language';
import { merge } from '../src/model/merge';

const rule = (id: string, serve: string) => ({ id, serve });

describe('differences', () => {
  test('follow rules by id, and tell a new order once', () => {
    const before = { rules: [rule('a', 'on'), rule('b', 'off')] };
    const after = { rules: [rule('b', 'on'), rule('a', 'on'), rule('c', 'on')] };
    assert.deepEqual(
      differences(before, after).map((difference) => difference.pointer),
      ['/rules/', '/rules/b/serve', '/rules/c'],
    );
  });

  test('are none where only the order of members differs', () => {
    assert.deepEqual(differences({ a: 1, b: [null] }, { b: [null], a: 1 }), []);
  });
});

describe('a merge patch', () => {
  test('removes what is gone and sets lists whole', () => {
    const before = { serve: { variant: 'on', rollout: 5 }, rules: [1], description: 'x' };
    const after = { serve: { arms: [] }, rules: [null] };
    assert.deepEqual(mergePatch(before, after), {
      serve: { variant: null, rollout: null, arms: [] },
      rules: [null],
      description: null,
    });
  });

  test('is impossible where a value has a null of its own', () => {
    assert.equal(mergePatch({ variants: { a: 1 } }, { variants: { a: { b: null } } }), undefined);
  });
});

describe('a merge', () => {
  const base = { enabled: true, rules: [rule('a', 'on'), rule('b', 'on')] };

  test('takes both edits of different rules, and an added one in its place', () => {
    const mine = { enabled: true, rules: [rule('a', 'off'), rule('b', 'on')] };
    const theirs = { enabled: false, rules: [rule('new', 'on'), rule('a', 'on'), rule('b', 'off')] };
    assert.deepEqual(merge(base, mine, theirs), {
      merged: { enabled: false, rules: [rule('new', 'on'), rule('a', 'off'), rule('b', 'off')] },
      contests: [],
    });
  });

  test('asks about one rule that both changed, and takes the chosen side', () => {
    const mine = { ...base, rules: [rule('a', 'off'), rule('b', 'on')] };
    const theirs = { ...base, rules: [rule('a', 'blue'), rule('b', 'on')] };
    const { contests, merged } = merge(base, mine, theirs);
    assert.deepEqual(contests, [{ pointer: '/rules/a/serve', base: 'on', mine: 'off', theirs: 'blue' }]);
    assert.deepEqual(merged, mine);
    assert.deepEqual(merge(base, mine, theirs, new Map([['/rules/a/serve', 'theirs']])).merged, theirs);
  });

  test('asks about an order that both changed', () => {
    const rules = ['a', 'b', 'c'].map((id) => rule(id, 'on'));
    const order = (...ids: string[]) => ({ rules: ids.map((id) => rule(id, 'on')) });
    const { contests } = merge({ rules }, order('b', 'a', 'c'), order('c', 'a', 'b'));
    assert.equal(contests.length, 1);
  });
});

describe('a condition', () => {
  const country: Condition = { attribute: 'country', op: 'in', values: ['se', 'dk'] };

  test('joins into the group that has the joiner, and into a new one otherwise', () => {
    const both = join(country, 'all', { segment: 'beta' });
    assert.deepEqual(both, { all: [country, { segment: 'beta' }] });
    assert.deepEqual(join(both, 'any', country), { any: [both, country] });
    assert.deepEqual(flip(both), { any: [country, { segment: 'beta' }] });
    assert.deepEqual(negate(negate(country)), country);
  });

  test('is edited by path, and a group that gets empty goes', () => {
    const tree: Condition = { all: [{ any: [country] }, { not: { segment: 'beta' } }] };
    assert.deepEqual(
      editAt(tree, [1, 0], () => ({ segment: 'gamma' })),
      { all: [{ any: [country] }, { not: { segment: 'gamma' } }] },
    );
    assert.deepEqual(
      editAt(tree, [0, 0], () => undefined),
      { all: [{ not: { segment: 'beta' } }] },
    );
  });

  test('keeps its literals when the operator takes them', () => {
    const test = { attribute: 'plan', op: 'equals', value: 'plus', ignoreCase: true };
    assert.deepEqual(withOperator(test, 'in'), { attribute: 'plan', op: 'in', values: ['plus'], ignoreCase: true });
    assert.deepEqual(withOperator(test, 'exists'), { attribute: 'plan', op: 'exists' });
    assert.deepEqual(withLiterals({ attribute: 'plan', op: 'contains' }, ['a', 'b']), {
      attribute: 'plan',
      op: 'contains',
      values: ['a', 'b'],
    });
  });

  test('a literal keeps its type through being shown and typed', () => {
    for (const value of ['', 'se', '17', 'true', '"', 17, -1.5, true, false, 'a b']) {
      assert.equal(parseLiteral(showLiteral(value), 'many'), value);
    }
  });
});
