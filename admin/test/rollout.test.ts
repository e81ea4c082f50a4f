import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstRamp, firstSteps, nextStep, shareAt } from '../src/model/rollout';

const NOW = Date.parse('2026-11-29T15:20:30Z');

test('a schedule begins at the next full hour, with the share of now unless that is everybody', () => {
  assert.deepEqual(firstSteps(25, NOW).steps, [
    { at: '2026-11-29T16:00:00Z', percent: 25 },
    { at: '2026-11-30T16:00:00Z', percent: 100 },
  ]);
  assert.deepEqual(firstRamp(100, NOW), {
    from: '2026-11-29T16:00:00Z',
    until: '2026-12-06T16:00:00Z',
    start: 5,
    end: 100,
  });
  assert.deepEqual(nextStep([{ at: '2026-11-29T16:00:00Z', percent: 40 }]), {
    at: '2026-11-30T16:00:00Z',
    percent: 40,
  });
});

test('a schedule that becomes fixed stays at the share that is in force', () => {
  const { steps } = firstSteps(25, NOW);
  assert.equal(shareAt({ steps }, NOW), 0);
  assert.equal(shareAt({ steps }, Date.parse('2026-11-29T16:00:00Z')), 25);
  assert.equal(shareAt({ steps }, Date.parse('2027-01-01T00:00:00Z')), 100);
  const ramp = { from: 0, until: 1_000, start: 10, end: 20 };
  assert.deepEqual(
    [-5, 0, 333, 1_000, 2_000].map((at) => shareAt(ramp, at)),
    [10, 10, 13.33, 20, 20],
  );
  assert.equal(shareAt(7, NOW), 7);
});
