import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CachedOutcome } from '../src/cached-outcome.js';
import { FlagClient } from '../src/client.js';
import type { Outcome } from '../src/evaluator.js';
import { TIMING } from '../src/timing.js';
import { createInstanceInfo } from '../src/transport.js';
import { type Count, Usage } from '../src/usage.js';
import { FakeEvaluator, ManualClock, ManualServer, settle } from './fakes.js';

const OUTCOME: Outcome = {
  value: true,
  variant: 'on',
  enabled: true,
  reason: 'STATIC',
  errorCode: null,
  detail: {},
  metadata: {},
  inExperiment: false,
  sources: {},
};

const UNKNOWN: Outcome = { ...OUTCOME, variant: null, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' };

/** A client that is up to date, and its server. */
async function connected(usage?: boolean) {
  const clock = new ManualClock();
  clock.luck = 0.5;
  const server = new ManualServer();
  const client = new FlagClient({
    open: () => new FakeEvaluator(),
    server: {
      url: 'http://flags.test',
      key: 'k',
      fetch: server.fetch,
      instance: createInstanceInfo('@flagstaff/test', '1.2.3'),
    },
    usage,
    clock,
    logger: { warn: () => {} },
  });
  const ready = client.ready();
  const stream = server.last().stream();
  stream.commit(1);
  await ready;
  return { client, clock, server, stream };
}

const bodyOf = (exchange: { request: { body?: string } }) => JSON.parse(exchange.request.body ?? 'null');

test('an evaluation is counted by flag and variant, each time', () => {
  const usage = new Usage();
  const [on, other] = [new CachedOutcome('a', OUTCOME), new CachedOutcome('a', { ...OUTCOME, variant: 'off' })];
  usage.count(on);
  usage.count(on);
  usage.count(other);
  // An equal outcome of another evaluation.
  usage.count(new CachedOutcome('a', OUTCOME));
  const counts: Count[] = [
    { flag: 'a', variant: 'on', count: 3 },
    { flag: 'a', variant: 'off', count: 1 },
  ];
  assert.deepEqual(usage.take(10), { counts, dropped: 0 });
  assert.equal(usage.take(10), undefined);
  usage.count(on);
  assert.deepEqual(usage.take(10), { counts: [{ flag: 'a', variant: 'on', count: 1 }], dropped: 0 });
});

test('counts of outcomes and of unknown flags are bounded, and the dropped ones are counted', () => {
  const usage = new Usage();
  for (let number = 0; number < 5_000; number += 1) {
    usage.count(new CachedOutcome('a', OUTCOME));
    usage.count(new CachedOutcome(`unknown-${number}`, UNKNOWN));
  }
  usage.count(new CachedOutcome('x'.repeat(101), UNKNOWN));
  usage.count(new CachedOutcome('a', { ...UNKNOWN, errorCode: 'INVALID_CONTEXT' }));
  const taken = usage.take(1_000);
  assert.equal(taken?.counts.length, 101);
  assert.equal(taken?.counts[0]?.count, 5_000);
  assert.equal(taken?.dropped, 4_900);
});

test('a client names its instance and reports once a minute', async () => {
  const { client, clock, server } = await connected();
  assert.match(server.last().url, /stream\?instance=[0-9a-f]{16}&sdk=%40flagstaff%2Ftest%2F1\.2\.3$/);
  client.getStringValue('one', '');
  client.getStringDetails('one', '');
  client.evaluateAll();
  await clock.advance(TIMING.usageInterval);
  const [exchange] = server.of('usage');
  assert.ok(exchange);
  assert.equal(exchange.request.method, 'POST');
  const { instance, from, until, ...report } = bodyOf(exchange);
  assert.ok(server.last().url.includes(instance));
  assert.equal(new Date(until).getTime() - new Date(from).getTime(), TIMING.usageInterval);
  assert.deepEqual(report, {
    sequence: 1,
    sdk: { name: '@flagstaff/test', version: '1.2.3' },
    counts: [
      { flag: 'one', variant: 'v', count: 3 },
      { flag: 'two', variant: 'v', count: 1 },
    ],
    lost: 0,
  });
  exchange.answer(204);
  await clock.advance(2 * TIMING.usageInterval);
  assert.equal(server.of('usage').length, 1, 'there is nothing new to report');
});

test('a report without a response is sent again unchanged, and one that is refused is dropped', async () => {
  const { client, clock, server } = await connected();
  client.getStringValue('one', '');
  await clock.advance(TIMING.usageInterval);
  server.last('usage').fail(new Error('away'));
  await settle();
  client.getStringValue('one', '');
  await clock.advance(TIMING.usageInterval);
  const [first, second] = server.of('usage');
  assert.equal(first?.request.body, second?.request.body);
  second?.answer(422);
  await settle();
  const third = bodyOf(server.last('usage'));
  assert.deepEqual([third.sequence, third.lost, third.counts[0].count], [2, 1, 1]);
});

test('counts are sent when the client is closed, and none if the client does not count', async () => {
  const { client, server } = await connected();
  client.getStringValue('one', '');
  const closed = client.close();
  await settle();
  assert.equal(server.of('usage').length, 1);
  server.last('usage').answer(204);
  await closed;
  const silent = await connected(false);
  silent.client.getStringValue('one', '');
  await silent.clock.advance(3 * TIMING.usageInterval);
  await silent.client.close();
  assert.equal(silent.server.of('usage').length, 0);
});

test('closing waits for the last report, and no longer than it may', async () => {
  const { client, clock, server } = await connected();
  client.getStringValue('one', '');
  let isClosed = false;
  const closed = client.close({ timeoutMs: 1_500 }).then(() => {
    isClosed = true;
  });
  await clock.advance(1_499);
  assert.equal(isClosed, false);
  await clock.advance(1);
  await closed;
  assert.equal(server.of('usage').length, 1);
});

test('flush reports at once, and says whether the server has it', async () => {
  const { client, clock, server } = await connected();
  assert.equal(await client.flush(), true, 'there is nothing to report');
  client.getStringValue('one', '');
  const kept: Promise<boolean>[] = [];
  const failed = client.flush({ waitUntil: (promise) => kept.push(promise) });
  await settle();
  server.last('usage').fail(new Error('away'));
  assert.deepEqual([await failed, await kept[0]], [false, false]);
  client.getStringValue('one', '');
  const sent = client.flush();
  await settle();
  server.last('usage').answer(204);
  await settle();
  server.last('usage').answer(204);
  assert.equal(await sent, true);
  assert.deepEqual(
    server.of('usage').map((exchange) => bodyOf(exchange).sequence),
    [1, 1, 2],
  );
  client.getStringValue('one', '');
  const silent = client.flush({ timeoutMs: 100 });
  await clock.advance(100);
  assert.equal(await silent, false);
});

test('states in use are acknowledged, several changes at once, within the time that the server names', async () => {
  const { client, clock, server, stream } = await connected();
  await clock.advance(500);
  const [first] = server.of('applied');
  assert.ok(first);
  assert.equal(bodyOf(first).cursor, 'cursor-1');
  first.answer(200, {}, '{"spreadMs": 4000}');
  await settle();
  stream.commit(2);
  await settle();
  stream.commit(3);
  await clock.advance(1_999);
  assert.equal(server.of('applied').length, 1);
  await clock.advance(1);
  assert.equal(bodyOf(server.last('applied')).cursor, 'cursor-3');
  // One that fails is sent again, but not for ever.
  for (let attempt = 2; attempt <= 4; attempt += 1) {
    assert.equal(server.of('applied').length, attempt);
    server.last('applied').answer(503);
    await clock.advance(10_000);
  }
  assert.equal(server.of('applied').length, 4);
  await client.close();
});
