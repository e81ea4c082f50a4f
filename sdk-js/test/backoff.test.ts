import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jittered, parseRetryAfter, reconnectDelay, refusedDelay, requestedDelay } from '../src/backoff.js';

test('the ceiling doubles from one second to a minute', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => reconnectDelay(failures, 1));
  assert.deepEqual(ceilings, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
});

test('jitter is full: any delay from nothing to the ceiling', () => {
  assert.equal(reconnectDelay(5, 0), 0);
  assert.equal(reconnectDelay(5, 0.5), 8_000);
});

test('`retry:` makes the delays longer up to the maximum, but never shorter', () => {
  assert.equal(reconnectDelay(2, 1, 5_000), 10_000);
  assert.equal(reconnectDelay(1, 1, 0), 1_000);
  assert.equal(reconnectDelay(1, 1, Number.MAX_SAFE_INTEGER), 60_000);
});

test('a requested delay is a minimum with jitter on top, and at most five minutes', () => {
  assert.equal(requestedDelay(2_000, 0), 2_000);
  assert.equal(requestedDelay(2_000, 0.5), 2_500);
  assert.equal(requestedDelay(1e12, 0), 300_000);
  assert.equal(requestedDelay(-1, 0), 0);
});

test('a refusal is retried after five minutes and up to a tenth more', () => {
  assert.deepEqual([0, 1].map(refusedDelay), [300_000, 330_000]);
});

test('an interval is spread to both sides', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => jittered(30_000, 0.25, random)),
    [22_500, 30_000, 37_500],
  );
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  assert.equal(parseRetryAfter('7', now), 7_000);
  assert.equal(parseRetryAfter('Sat, 21 Nov 2026 12:01:00 GMT', now), 60_000);
  assert.equal(parseRetryAfter('Sat, 21 Nov 2026 11:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), undefined);
  assert.equal(parseRetryAfter(null, now), undefined);
});
