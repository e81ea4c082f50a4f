import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { sleep, systemClock } from '../src/clock.js';
import { ManualClock } from './fakes.js';

test('a delay that setTimeout would take for none is waited out', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const action = mock.fn();
  const weeks = 2 ** 31 + 5;
  systemClock.after(weeks, action);
  context.mock.timers.tick(2 ** 31 - 1);
  assert.equal(action.mock.callCount(), 0);
  context.mock.timers.tick(6);
  assert.equal(action.mock.callCount(), 1);
});

test('a cancelled timer does not fire, in its second part neither', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const action = mock.fn();
  const cancel = systemClock.after(2 ** 31 + 5, action);
  context.mock.timers.tick(2 ** 31);
  cancel();
  context.mock.timers.tick(2 ** 31);
  assert.equal(action.mock.callCount(), 0);
});

test('sleep ends when its signal is aborted', async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const slept = sleep(clock, 1_000, stop.signal);
  stop.abort();
  await slept;
  assert.deepEqual(clock.pending, []);
  await sleep(clock, 1_000, stop.signal);
});
