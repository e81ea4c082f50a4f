import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlagClient } from '../src/client.js';
import type { Evaluator } from '../src/evaluator.js';
import { parseServerConnection } from '../src/transport.js';
import type { Readiness } from '../src/types.js';
import { FakeEvaluator, ManualClock, ManualServer, settle } from './fakes.js';

function create(open?: () => Evaluator | Promise<Evaluator>) {
  const clock = new ManualClock();
  const server = new ManualServer();
  const evaluator = new FakeEvaluator();
  const warnings: string[] = [];
  const client = new FlagClient({
    open: open ?? (() => evaluator),
    server: { url: 'http://flags.test', key: 'k', fetch: server.fetch },
    clock,
    logger: { warn: (message) => warnings.push(message) },
  });
  return { client, clock, server, evaluator, warnings };
}

const commitText = (revision: number) =>
  `event: payload-transferred\nid: c${revision}\ndata: {"revision": ${revision}, "changed": ["f"]}\n\n`;

test('making a client does no I/O', async () => {
  let opened = 0;
  const { client, server, clock } = create(() => {
    opened += 1;
    return new FakeEvaluator();
  });
  await settle();
  assert.equal(opened, 0);
  assert.equal(server.exchanges.length, 0);
  assert.deepEqual(clock.pending, []);
  assert.equal(client.status, 'NOT_READY');
});

test('before the first snapshot getters return the default and the reason', () => {
  const { client } = create();
  client.start();
  assert.equal(client.getBooleanValue('f', true), true);
  const details = client.getStringDetails('f', 'mine');
  assert.equal(details.value, 'mine');
  assert.equal(details.reason, 'ERROR');
  assert.equal(details.errorCode, 'PROVIDER_NOT_READY');
  assert.deepEqual(client.evaluateAll(), {});
});

test('ready is READY with the first commit', async () => {
  const { client, server } = create();
  const ready = client.ready();
  server.last().stream().commit(3, 'f');
  assert.equal(await ready, 'READY');
  assert.equal(client.status, 'READY');
  assert.equal(client.revision, 3);
  assert.equal(client.getStringValue('f', ''), 'f@3');
  assert.equal(await client.ready(), 'READY');
});

test('ready is TIMED_OUT in time, and the client recovers by itself', async () => {
  const { client, server, clock } = create();
  const ready = client.ready({ timeoutMs: 1_000 });
  await clock.advance(1_000);
  assert.equal(await ready, 'TIMED_OUT');
  server.last().stream().commit(1);
  await settle();
  assert.equal(client.status, 'READY');
});

test('ready is FAILED when the server refuses the key, and the client recovers by itself', async () => {
  const { client, server, clock } = create();
  const ready = client.ready();
  server.last().refuse(401, 'unknown key');
  assert.equal(await ready, 'FAILED');
  assert.equal(client.status, 'FAILED');
  await clock.advance(330_000);
  server.last().stream().commit(1);
  await settle();
  assert.equal(client.status, 'READY');
});

test('ready is FAILED when the evaluator cannot be loaded, and getters return the default', async () => {
  for (const open of [
    () => Promise.reject(new Error('no module')),
    () => {
      throw new Error('no addon');
    },
  ]) {
    const { client, warnings } = create(open);
    assert.equal(await client.ready(), 'FAILED');
    assert.equal(warnings.length, 1);
    assert.equal(client.getNumberValue('f', 7), 7);
  }
});

test('an evaluator may take its time to load', async () => {
  let arrive: (evaluator: Evaluator) => void = () => {};
  const { client, server } = create(() => new Promise((resolve) => (arrive = resolve)));
  const ready = client.ready();
  await settle();
  assert.equal(server.exchanges.length, 0);
  arrive(new FakeEvaluator());
  await settle();
  server.last().stream().commit(1);
  assert.equal(await ready, 'READY');
});

test('an unreachable server leaves the last values, and the status is STALE', async () => {
  const { client, server, clock } = create();
  const statuses: string[] = [];
  client.on('status', ({ status }) => statuses.push(status));
  client.start();
  const stream = server.last().stream();
  stream.commit(1, 'f');
  await settle();
  stream.end();
  await clock.advance(1_000);
  assert.equal(client.status, 'READY', 'the first reconnection mostly succeeds');
  server.last().fail(new Error('refused'));
  await settle();
  assert.equal(client.status, 'STALE');
  assert.equal(client.getStringValue('f', ''), 'f@1');
  assert.equal(await client.ready({ timeoutMs: 1e9 }), 'STALE', 'waiting for a server that is away is pointless');
  assert.equal(client.getStringValue('f', ''), 'f@1');
  assert.deepEqual(statuses, ['READY', 'STALE']);
});

test('a problem is logged once, not at every attempt', async () => {
  const { client, server, clock, warnings } = create();
  client.start();
  for (const [index, delay] of [1_000, 2_000, 4_000, 8_000].entries()) {
    server.last().fail(new Error(index % 2 === 0 ? 'refused' : 'reset'));
    await clock.advance(delay);
  }
  assert.deepEqual(warnings, ['flagstaff: no flags received yet: refused', 'flagstaff: no flags received yet: reset']);
});

test('change names the flags of a commit, and a commit without changes is no change', async () => {
  const { client, server } = create();
  const changes: (readonly string[])[] = [];
  const stop = client.on('change', ({ flags }) => changes.push(flags));
  client.start();
  const stream = server.last().stream();
  stream.commit(1, 'a', 'b');
  stream.commit(2);
  stream.commit(3, 'b');
  await settle();
  assert.deepEqual(changes, [['a', 'b'], ['b']]);
  stop();
  stream.commit(4, 'a');
  await settle();
  assert.equal(changes.length, 2);
});

test('a listener that throws is logged, and the others are called', async () => {
  const { client, server, warnings } = create();
  let heard = 0;
  client.on('change', () => {
    throw new Error('mine');
  });
  client.on('change', () => {
    heard += 1;
    client.getBooleanValue('a', false);
  });
  client.start();
  server.last().stream().commit(1, 'a');
  await settle();
  assert.equal(heard, 1);
  assert.deepEqual(warnings, ['flagstaff: a listener threw: mine']);
});

test('an instant that a flag names is a change, once', async () => {
  const { client, server, clock, evaluator } = create();
  const changes: (readonly string[])[] = [];
  client.on('change', ({ flags }) => changes.push(flags));
  evaluator.boundary = clock.now() + 20_000;
  client.start();
  const stream = server.last().stream();
  stream.commit(1);
  await clock.advance(19_999);
  assert.deepEqual(changes, []);
  await clock.advance(1);
  assert.deepEqual(changes, [['two']]);
  stream.write(':\n');
  await clock.advance(40_000);
  assert.equal(changes.length, 1);
});

test('an evaluator that throws gives the default, and the caller no error', async () => {
  const evaluator = new FakeEvaluator();
  evaluator.evaluate = () => {
    throw new Error('trap');
  };
  const { client, server } = create(() => evaluator);
  client.start();
  server.last().stream().commit(1);
  await settle();
  const { value, errorCode, errorMessage } = client.getNumberDetails('f', 5);
  assert.deepEqual({ value, errorCode, errorMessage }, { value: 5, errorCode: 'GENERAL', errorMessage: 'trap' });
});

test('closing ends everything, twice is once, and the last values stay', async () => {
  const { client, server, clock, evaluator } = create();
  evaluator.boundary = clock.now() + 1e9;
  client.start();
  server.last().stream().commit(1, 'f');
  await settle();
  await Promise.all([client.close(), client.close()]);
  assert.deepEqual(clock.pending, []);
  assert.equal(client.status, 'STALE');
  assert.equal(client.getStringValue('f', ''), 'f@1');
  assert.equal(await client.ready(), 'STALE');
});

test('closing ends a wait', async () => {
  const { client, clock } = create();
  const ready: Promise<Readiness> = client.ready();
  await client.close();
  await clock.advance(5_000);
  assert.equal(await ready, 'FAILED');
});

test('closing in a listener is safe', async () => {
  const { client, server, clock } = create();
  client.on('change', () => void client.close());
  client.start();
  const stream = server.last().stream();
  stream.write(`${commitText(1)}${commitText(2)}`);
  await settle();
  assert.equal(client.revision, 1);
  assert.deepEqual(clock.pending, []);
});

test('a client that is closed before its evaluator arrives never connects', async () => {
  let arrive: (evaluator: Evaluator) => void = () => {};
  const { client, server } = create(() => new Promise((resolve) => (arrive = resolve)));
  client.start();
  await client.close();
  arrive(new FakeEvaluator());
  await settle();
  assert.equal(server.exchanges.length, 0);
});

test('a client is disposable', async () => {
  const { client } = create();
  await client[Symbol.asyncDispose]();
  assert.equal(await client.ready(), 'FAILED');
});

test('an invalid URL and an empty key are refused at once', () => {
  const fetch = new ManualServer().fetch;
  for (const url of ['flags.test', 'ftp://flags.test', '']) {
    assert.throws(() => parseServerConnection(url, 'k', fetch), TypeError);
  }
  assert.throws(() => parseServerConnection('http://flags.test', '', fetch), TypeError);
});
