import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answer } from '../src/answer.js';
import { FlagClient } from '../src/client.js';
import type { Outcome } from '../src/evaluator.js';
import { REPORT_INTERVAL_MS } from '../src/report.js';
import { identify } from '../src/transport.js';
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

const STRANGER: Outcome = { ...OUTCOME, variant: null, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' };

/** A client that is up to date, and what it has told. */
async function connected(usage?: boolean) {
  const clock = new ManualClock();
  clock.luck = 0.5;
  const server = new ManualServer();
  const client = new FlagClient({
    open: () => new FakeEvaluator(),
    remote: { url: 'http://flags.test', key: 'k', fetch: server.fetch, identity: identify('@flagstaff/test', '1.2.3') },
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

test('an answer is counted by flag and variant, once for each time it was asked for', () => {
  const usage = new Usage();
  const [on, other] = [new Answer('a', OUTCOME), new Answer('a', { ...OUTCOME, variant: 'off' })];
  usage.count(on);
  usage.count(on);
  usage.count(other);
  // The same outcome, evaluated anew.
  usage.count(new Answer('a', OUTCOME));
  const counts: Count[] = [
    { flag: 'a', variant: 'on', count: 3 },
    { flag: 'a', variant: 'off', count: 1 },
  ];
  assert.deepEqual(usage.take(10), { counts, lost: 0 });
  assert.equal(usage.take(10), undefined);
  usage.count(on);
  assert.deepEqual(usage.take(10), { counts: [{ flag: 'a', variant: 'on', count: 1 }], lost: 0 });
});

test('however many answers and strangers there are, what is kept is bounded, and the rest is counted', () => {
  const usage = new Usage();
  for (let number = 0; number < 5_000; number += 1) {
    usage.count(new Answer('a', OUTCOME));
    usage.count(new Answer(`stranger-${number}`, STRANGER));
  }
  usage.count(new Answer('x'.repeat(101), STRANGER));
  usage.count(new Answer('a', { ...STRANGER, errorCode: 'INVALID_CONTEXT' }));
  const taken = usage.take(1_000);
  assert.equal(taken?.counts.length, 101);
  assert.equal(taken?.counts[0]?.count, 5_000);
  assert.equal(taken?.lost, 4_900);
});

test('a client says who it is and reports once a minute', async () => {
  const { client, clock, server } = await connected();
  assert.match(server.last().url, /stream\?instance=[0-9a-f]{16}&sdk=%40flagstaff%2Ftest%2F1\.2\.3$/);
  client.getStringValue('one', '');
  client.getStringDetails('one', '');
  client.evaluateAll();
  await clock.advance(REPORT_INTERVAL_MS);
  const [exchange] = server.of('usage');
  assert.ok(exchange);
  assert.equal(exchange.request.method, 'POST');
  const { instance, from, until, ...report } = bodyOf(exchange);
  assert.ok(server.last().url.includes(instance));
  assert.equal(new Date(until).getTime() - new Date(from).getTime(), REPORT_INTERVAL_MS);
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
  await clock.advance(2 * REPORT_INTERVAL_MS);
  assert.equal(server.of('usage').length, 1, 'there is nothing new to report');
});

test('a report that was not answered is sent again as it was, and one that is refused is lost', async () => {
  const { client, clock, server } = await connected();
  client.getStringValue('one', '');
  await clock.advance(REPORT_INTERVAL_MS);
  server.last('usage').fail(new Error('away'));
  await settle();
  client.getStringValue('one', '');
  await clock.advance(REPORT_INTERVAL_MS);
  const [first, second] = server.of('usage');
  assert.equal(first?.request.body, second?.request.body);
  second?.answer(422);
  await settle();
  const third = bodyOf(server.last('usage'));
  assert.deepEqual([third.sequence, third.lost, third.counts[0].count], [2, 1, 1]);
});

test('what was counted is sent when the client is closed, and nothing where it is not to count', async () => {
  const { client, server } = await connected();
  client.getStringValue('one', '');
  await client.close();
  assert.equal(server.of('usage').length, 1);
  const silent = await connected(false);
  silent.client.getStringValue('one', '');
  await silent.clock.advance(3 * REPORT_INTERVAL_MS);
  await silent.client.close();
  assert.equal(silent.server.of('usage').length, 0);
});

test('what is in use is acknowledged, several changes at once, over as long as the server says', async () => {
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
  // One that is not taken note of is sent again, but not for ever.
  for (let attempt = 2; attempt <= 4; attempt += 1) {
    assert.equal(server.of('applied').length, attempt);
    server.last('applied').answer(503);
    await clock.advance(10_000);
  }
  assert.equal(server.of('applied').length, 4);
  await client.close();
});
