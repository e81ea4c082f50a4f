import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deniedDelay, parseRetryAfter, pollDelay, reconnectDelay, requestedDelay } from '../src/backoff.js';

test('the ceiling doubles from one second to thirty', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => reconnectDelay(failures, 1));
  assert.deepEqual(ceilings, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('jitter is full: any delay from nothing to the ceiling', () => {
  assert.equal(reconnectDelay(5, 0), 0);
  assert.equal(reconnectDelay(5, 0.5), 8_000);
});

test('`retry:` changes the first delay, within reason', () => {
  assert.equal(reconnectDelay(2, 1, 5_000), 10_000);
  assert.equal(reconnectDelay(1, 1, 0), 1_000);
  assert.equal(reconnectDelay(1, 1, Number.MAX_SAFE_INTEGER), 30_000);
});

test('what a server asks for is a lower bound, an absurd one is cut', () => {
  assert.equal(requestedDelay(2_000, 0), 2_000);
  assert.equal(requestedDelay(2_000, 0.5), 2_500);
  assert.equal(requestedDelay(1e12, 0), 300_000);
  assert.equal(requestedDelay(-1, 0), 0);
});

test('denials and polls are spread', () => {
  assert.deepEqual([0, 1].map(deniedDelay), [300_000, 330_000]);
  assert.deepEqual([0, 0.5, 1].map(pollDelay), [22_500, 30_000, 37_500]);
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  assert.equal(parseRetryAfter('7', now), 7_000);
  assert.equal(parseRetryAfter('Sat, 21 Nov 2026 12:01:00 GMT', now), 60_000);
  assert.equal(parseRetryAfter('Sat, 21 Nov 2026 11:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), undefined);
  assert.equal(parseRetryAfter(null, now), undefined);
});
