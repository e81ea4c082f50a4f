import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlagBody } from '../src/model/language';
import { timeLine } from '../src/model/timeline';

const DAY = 86_400_000;
const flag = (change: Partial<FlagBody>): FlagBody => ({ type: 'boolean', enabled: true, ...change });

test('a window, steps and a ramp are shares over time, and what does not change by time is left out', () => {
  const line = timeLine(
    flag({
      rules: [
        { id: 'always', serve: 'on' },
        { id: 'window', from: 2 * DAY, until: 4 * DAY, serve: { variant: 'on', rollout: 50 } },
        {
          id: 'steps',
          serve: {
            variant: 'on',
            rollout: {
              steps: [
                { at: DAY, percent: 10 },
                { at: 3 * DAY, percent: 100 },
              ],
            },
          },
        },
      ],
      serve: { variant: 'on', rollout: { from: DAY, until: 3 * DAY, start: 0, end: 20 } },
      expiresAt: 10 * DAY,
    }),
    0,
  );
  assert.ok(line !== undefined && line.from < 0 && line.until > 10 * DAY);
  assert.equal(line.expiresAt, 10 * DAY);
  const shares = line.lanes.map(({ name, points }) => [name, points.map(({ percent }) => Math.round(percent))]);
  assert.deepEqual(shares, [
    ['window', [0, 0, 50, 50, 0, 0]],
    ['steps', [0, 0, 10, 10, 100, 100]],
    ['Everybody else', [0, 0, 0, 20, 20, 20]],
  ]);
  const inner = line.lanes[0]?.points.slice(1, -1).map(({ at }) => at / DAY);
  assert.deepEqual(inner, [2, 2, 4, 4]);
});

test('a flag that time does not change has no time line', () => {
  assert.equal(timeLine(flag({ serve: 'on' }), 0), undefined);
});
