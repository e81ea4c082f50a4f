import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlagClient, type FlagClientOptions } from '../src/client.js';
import type { Details } from '../src/details.js';
import { createInstanceInfo } from '../src/transport.js';
import { FakeEvaluator, ManualClock, ManualServer, settle } from './fakes.js';

/** A client that is up to date; the value of a flag names the revision. */
async function connected(options: Partial<FlagClientOptions> = {}) {
  const clock = new ManualClock();
  const server = new ManualServer();
  const warnings: string[] = [];
  const client = new FlagClient({
    open: () => new FakeEvaluator(),
    server: {
      url: 'http://flags.test',
      key: 'k',
      fetch: server.fetch,
      instance: createInstanceInfo('@flagstaff/test', '1.2.3'),
    },
    clock,
    logger: { warn: (message) => warnings.push(message) },
    ...options,
  });
  client.start();
  const stream = server.last().stream();
  stream.commit(1, 'one', 'two');
  await settle();
  return { client, server, stream, warnings };
}

test('a view evaluates each flag once, and all in its revision', async () => {
  const { client, stream, server } = await connected();
  const flags = client.forContext({ targetingKey: 'u1' });
  assert.equal(flags.get('one', ''), 'one@1');
  stream.commit(2, 'one', 'two');
  await settle();
  assert.equal(client.getStringValue('one', ''), 'one@2');
  assert.equal(flags.get('one', ''), 'one@1');
  assert.equal(flags.get('two', ''), 'two@1', 'also a flag that is read first after the change');
  assert.equal(client.forContext().get('two', ''), 'two@2');
  const details: Details<string> = flags.details('two', '');
  assert.equal(details.value, 'two@1');
  void client.flush();
  await settle();
  const { counts } = JSON.parse(server.last('usage').request.body ?? '') as {
    counts: { flag: string; count: number }[];
  };
  const total = (key: string) => counts.filter(({ flag }) => flag === key).reduce((sum, { count }) => sum + count, 0);
  assert.deepEqual([total('one'), total('two')], [2, 2], 'a view counts each flag once');
});

test('a view that is older than the first flags reads those that come', async () => {
  const clock = new ManualClock();
  const server = new ManualServer();
  const client = new FlagClient({
    open: () => new FakeEvaluator(),
    server: { url: 'http://flags.test', key: 'k', fetch: server.fetch },
    clock,
    logger: { warn: () => {} },
  });
  client.start();
  const flags = client.forContext();
  assert.equal(flags.details('one', '').errorCode, 'PROVIDER_NOT_READY');
  server.last().stream().commit(1);
  await settle();
  assert.equal(flags.get('two', ''), 'two@1');
  assert.equal(flags.get('one', 'mine'), 'mine', 'what was read stays');
});

test('a view has a copy of its context, with the attributes of the client', async () => {
  const { client } = await connected({ context: { region: 'eu', plan: 'free' } });
  const context = { targetingKey: 7, plan: 'pro' };
  const flags = client.forContext(context);
  context.plan = 'gone';
  assert.deepEqual(flags.context, { targetingKey: '7', region: 'eu', plan: 'pro' });
});

test('overrides replace values for everybody, the last one wins, and each ends by itself', async () => {
  const { client } = await connected();
  const changes: (readonly string[])[] = [];
  client.on('change', ({ flags }) => changes.push(flags));
  const first = client.override({ one: 'mine', extra: { deep: [1] } });
  const second = client.override({ one: 'yours' });
  assert.equal(client.getStringValue('one', ''), 'yours');
  assert.equal(client.getNumberDetails('one', 7).errorCode, 'TYPE_MISMATCH');
  assert.deepEqual(client.getObjectValue('extra', {}), { deep: [1] });
  assert.equal(client.forContext().get('one', ''), 'yours');
  assert.equal(client.evaluateAll()['one']?.value, 'yours');
  first[Symbol.dispose]();
  assert.equal(client.getStringValue('one', ''), 'yours');
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  assert.equal(client.getStringValue('one', ''), 'one@1');
  assert.deepEqual(changes.slice(0, 3), [['one', 'extra'], ['one'], ['one', 'extra']]);
});

test('a subscription hears of its flag only, until it ends', async () => {
  const { client, stream, warnings } = await connected();
  const heard: string[] = [];
  const stop = client.subscribe('one', () => heard.push('one'));
  client.subscribe('one', () => {
    throw new Error('mine');
  });
  client.subscribe('two', () => heard.push('two'));
  stream.commit(2, 'one');
  await settle();
  assert.deepEqual(heard, ['one']);
  assert.deepEqual(warnings, ['flagstaff: a listener threw: mine']);
  stop();
  stop();
  stream.commit(3, 'one', 'two');
  await settle();
  assert.deepEqual(heard, ['one', 'two']);
});

test('onEvaluation hears of each evaluation, and what it throws is logged once', async () => {
  const heard: unknown[] = [];
  const { client, warnings } = await connected({
    onEvaluation: ({ flagKey, value }, context) => {
      heard.push([flagKey, value, context]);
      throw new Error('mine');
    },
  });
  client.getStringValue('one', '', { targetingKey: 'u1' });
  const flags = client.forContext();
  flags.get('one', '');
  flags.get('one', '');
  assert.deepEqual(heard, [
    ['one', 'one@1', { targetingKey: 'u1' }],
    ['one', 'one@1', undefined],
  ]);
  assert.deepEqual(warnings, ['flagstaff: `onEvaluation` threw: mine']);
});

test('why a default is returned is logged once for each flag', async () => {
  const evaluator = new FakeEvaluator();
  const missing = JSON.parse(evaluator.evaluate('x')) as object;
  evaluator.evaluate = () => JSON.stringify({ ...missing, errorCode: 'FLAG_NOT_FOUND', reason: 'ERROR' });
  const { client, warnings } = await connected({ open: () => evaluator });
  for (let call = 0; call < 3; call += 1) {
    client.getBooleanValue('typo', false);
    client.getStringValue('typo', '');
  }
  for (let flag = 0; flag < 1_000; flag += 1) {
    client.getBooleanValue(`other-${flag}`, false);
  }
  assert.equal(
    warnings[0],
    "flagstaff: the flag `typo` has the caller's default, FLAG_NOT_FOUND: there is no such flag",
  );
  assert.equal(warnings.length, 100);
});

test('a signal ends waiting for flags', async () => {
  const clock = new ManualClock();
  const client = new FlagClient({
    open: () => new FakeEvaluator(),
    server: { url: 'http://flags.test', key: 'k', fetch: new ManualServer().fetch },
    clock,
  });
  const abort = new AbortController();
  const ready = client.ready({ signal: abort.signal, timeoutMs: 1e9 });
  abort.abort();
  assert.equal(await ready, 'TIMED_OUT');
  assert.equal(await client.ready({ signal: abort.signal }), 'TIMED_OUT');
  assert.equal(clock.pending.includes(1e9), false);
});
