import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Arm,
  apportion,
  equal,
  moveBorder,
  parsePercent,
  percent,
  removeArm,
  setWeight,
  WHOLE,
} from '../src/model/split';

const sum = (arms: readonly Arm[]) => arms.reduce((total, arm) => total + arm.weight, 0);

describe('a split', () => {
  test('in three equal parts sums to exactly 100 %', () => {
    assert.deepEqual(
      equal(['a', 'b', 'c']).map((arm) => percent(arm.weight)),
      ['33.334', '33.333', '33.333'],
    );
  });

  test('keeps its sum whatever is typed, locked, moved, added or removed', () => {
    // A fixed sequence of numbers that look random.
    let state = 7;
    const random = (below: number) => {
      state = (state * 48271) % 2147483647;
      return state % below;
    };
    for (let round = 0; round < 500; round += 1) {
      let arms = equal(Array.from({ length: 2 + random(5) }, (_, index) => `v${index}`));
      for (let step = 0; step < 10; step += 1) {
        const locked = new Set(arms.map((_, index) => index).filter(() => random(4) === 0));
        const index = random(arms.length);
        arms =
          random(2) === 0
            ? setWeight(arms, index, random(WHOLE + 1), locked)
            : moveBorder(arms, index, random(WHOLE) - WHOLE / 2);
        assert.equal(sum(arms), WHOLE);
        assert.ok(arms.every((arm) => arm.weight >= 0 && Number.isInteger(arm.weight)));
      }
      assert.equal(sum(removeArm(arms, random(arms.length))), WHOLE);
    }
  });

  test('takes what is typed from the arms that are not locked', () => {
    const arms = equal(['a', 'b', 'c', 'd']);
    const typed = setWeight(arms, 0, 40_000, new Set([1]));
    assert.deepEqual(
      typed.map((arm) => arm.weight),
      [40_000, 25_000, 17_500, 17_500],
    );
  });

  test('a border moves between its two neighbours only', () => {
    const moved = moveBorder(equal(['a', 'b', 'c', 'd']), 1, 100_000);
    assert.deepEqual(
      moved.map((arm) => arm.weight),
      [25_000, 50_000, 0, 25_000],
    );
  });
});

describe('a percentage', () => {
  test('has at most three decimals, and no noise', () => {
    assert.deepEqual([0, 1, 500, 28_000, 33_334, 100_000].map(percent), ['0', '0.001', '0.5', '28', '33.334', '100']);
  });

  test('is read exactly, with a point or a comma', () => {
    assert.deepEqual(['0', '0.001', '33.33', '7,5 %', '100'].map(parsePercent), [0, 1, 33_330, 7_500, 100_000]);
    assert.deepEqual(['', '-1', '100.001', '1e2', '0.0001', 'ten'].map(parsePercent), Array(6).fill(undefined));
  });

  test('apportioning without a ratio gives equal parts', () => {
    assert.deepEqual(apportion(10, [0, 0, 0]), [4, 3, 3]);
  });
});
