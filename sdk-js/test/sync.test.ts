import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../src/engine.js';
import { Sync } from '../src/sync.js';
import { FakeEvaluator, ManualClock, ManualServer, type ManualStream, settle } from './fakes.js';

/** A synchronisation that has been started, and what it has said so far. */
function start() {
  const clock = new ManualClock();
  const server = new ManualServer();
  const evaluator = new FakeEvaluator();
  const heard: string[] = [];
  const sync = new Sync(
    { url: 'http://flags.test/', key: 'k', fetch: server.fetch },
    new Engine(evaluator, clock),
    clock,
    {
      current: (commit) => heard.push(commit === undefined ? 'current' : `revision ${commit.revision}`),
      outdated: (reason, denied) => heard.push(`${denied ? 'denied' : 'outdated'}: ${reason}`),
    },
  );
  sync.start();
  return { clock, server, evaluator, heard, sync };
}

/** Answers the newest request with a stream that commits `revision`. */
async function live(server: ManualServer, revision: number): Promise<ManualStream> {
  const stream = server.last().stream();
  stream.event('server-intent', { intent: 'xfer-full' });
  stream.commit(revision);
  await settle();
  return stream;
}

test('the request carries the key and asks for events', () => {
  const { server } = start();
  const { url, request } = server.last();
  assert.equal(url, 'http://flags.test/api/v1/sdk/stream');
  assert.deepEqual(request.headers, { authorization: 'Bearer k', accept: 'text/event-stream' });
  assert.equal(request.redirect, 'error');
});

test('a stream cut in the middle of a transfer resumes from the last commit', async () => {
  const { clock, server, evaluator, heard } = start();
  const stream = await live(server, 1);
  stream.event('put-object', { half: true });
  stream.end();
  await settle();
  assert.deepEqual(heard, ['revision 1', 'outdated: the stream was cut']);
  await clock.advance(1_000);
  assert.equal(server.last().request.headers['last-event-id'], 'cursor-1');
  await live(server, 2);
  assert.equal(evaluator.connections, 2);
  assert.equal(heard.at(-1), 'revision 2');
});

test('an event that cannot be read ends the connection, and nothing after it is applied', async () => {
  const { clock, server, heard } = start();
  const stream = await live(server, 1);
  stream.write('event: bad\ndata: {\n\nevent: payload-transferred\nid: c9\ndata: {"revision": 9, "changed": []}\n\n');
  await settle();
  assert.deepEqual(heard, ['revision 1', 'outdated: the event cannot be read']);
  assert.equal(stream.cancelled, true);
  await clock.advance(1_000);
  assert.equal('last-event-id' in server.last().request.headers, false);
});

test('a stream whose cursor is current counts as fresh', async () => {
  const { server, heard } = start();
  server.last().stream().event('server-intent', { intent: 'none' });
  await settle();
  assert.deepEqual(heard, ['current']);
});

test('a stream that falls silent is given up after 45 seconds', async () => {
  const { clock, server, heard } = start();
  await live(server, 1);
  await clock.advance(44_999);
  assert.deepEqual(heard, ['revision 1']);
  await clock.advance(1);
  assert.deepEqual(heard, ['revision 1', 'outdated: the stream fell silent']);
  assert.equal(server.last().request.signal.aborted, true);
  await clock.advance(1_000);
  assert.equal(server.of('stream').length, 2);
});

test('a comment keeps a stream alive', async () => {
  const { clock, server, heard } = start();
  const stream = await live(server, 1);
  for (let beat = 0; beat < 10; beat += 1) {
    await clock.advance(44_000);
    stream.write(': beat\n\n');
    await settle();
  }
  assert.deepEqual(heard, ['revision 1']);
});

test('a server that accepts and says nothing is given up after ten seconds', async () => {
  const { clock, server, heard } = start();
  await clock.advance(10_000);
  assert.deepEqual(heard, ['outdated: no answer']);
  await clock.advance(1_000);
  assert.equal(server.of('stream').length, 2);
});

test('delays double with every failure and are back at one second after a minute of health', async () => {
  const { clock, server } = start();
  const delays: number[] = [];
  for (let failure = 0; failure < 7; failure += 1) {
    const requests = server.of('stream').length;
    server.last().fail(new Error('refused'));
    const before = clock.now();
    while (server.of('stream').length === requests) {
      await clock.advance(500);
    }
    delays.push(clock.now() - before);
  }
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  const stream = await live(server, 1);
  await clock.advance(30_000);
  stream.write(':\n');
  await clock.advance(30_000);
  stream.end();
  await settle();
  assert.deepEqual(clock.pending, [1_000]);
});

test('a short life does not reset the delay', async () => {
  const { clock, server } = start();
  (await live(server, 1)).end();
  await clock.advance(1_000);
  (await live(server, 2)).end();
  await settle();
  assert.deepEqual(clock.pending, [2_000]);
});

for (const status of [401, 403, 404]) {
  test(`after ${status} it tries every five minutes`, async () => {
    const { clock, server, heard } = start();
    clock.luck = 0;
    server.last().answer(status);
    await settle();
    assert.deepEqual(heard, [`denied: the server answered ${status}`]);
    await clock.advance(299_999);
    assert.equal(server.exchanges.length, 1);
    await clock.advance(1);
    assert.equal(server.exchanges.length, 2);
  });
}

test('a 503 with Retry-After is honoured', async () => {
  const { clock, server } = start();
  clock.luck = 0;
  server.last().answer(503, { 'retry-after': '17' });
  await clock.advance(16_999);
  assert.equal(server.exchanges.length, 1);
  await clock.advance(1);
  assert.equal(server.exchanges.length, 2);
});

test('an answer that is no event stream is a failure', async () => {
  const { server, heard } = start();
  server.last().answer(200, { 'content-type': 'text/html' });
  await settle();
  assert.deepEqual(heard, ['outdated: the stream is `text/html`']);
});

test('after a goodbye it comes back when it was told to, and was never out of date', async () => {
  const { clock, server, heard } = start();
  clock.luck = 0;
  const stream = await live(server, 1);
  stream.event('goodbye', { reason: 'restart', retryAfterMs: 3_000 });
  await settle();
  assert.equal(stream.cancelled, true);
  assert.deepEqual(heard, ['revision 1']);
  await clock.advance(3_000);
  assert.equal(server.of('stream').length, 2);
});

test('a goodbye before any commit is a failure like another', async () => {
  const { server, heard } = start();
  server.last().stream().event('goodbye', { reason: 'full' });
  await settle();
  assert.deepEqual(heard, ['outdated: full']);
});

test('`retry:` changes the first delay', async () => {
  const { clock, server } = start();
  const stream = await live(server, 1);
  stream.write('retry: 5000\n\n');
  stream.end();
  await settle();
  assert.deepEqual(clock.pending, [5_000]);
});

/** Lets three connections fail, so that the poll begins. */
async function failThrice({ clock, server }: { clock: ManualClock; server: ManualServer }): Promise<void> {
  for (const delay of [1_000, 2_000]) {
    server.last().fail(new Error('refused'));
    await clock.advance(delay);
  }
  assert.equal(server.of('snapshot').length, 0);
  server.last().fail(new Error('refused'));
  await settle();
}

test('after three failures in a row it also polls, until the stream is back', async () => {
  const session = start();
  const { clock, server, heard } = session;
  await failThrice(session);
  const poll = server.last('snapshot');
  assert.equal(poll.url, 'http://flags.test/api/v1/sdk/snapshot');
  assert.equal('if-none-match' in poll.request.headers, false);
  clock.luck = 0.5;
  poll.answer(200, { etag: '"e1"' }, JSON.stringify({ revision: 4, changed: ['a'] }));
  await settle();
  assert.equal(heard.at(-1), 'revision 4');

  const before = heard.length;
  server.last().fail(new Error('refused'));
  await clock.advance(30_000);
  assert.equal(heard.length, before, 'a failing stream is no news while polls succeed');
  assert.equal(server.last('snapshot').request.headers['if-none-match'], '"e1"');
  server.last('snapshot').answer(304);
  await settle();
  assert.equal(heard.at(-1), 'current');

  while (server.last().request.signal.aborted) {
    await clock.advance(500);
  }
  await live(server, 5);
  const polls = server.of('snapshot').length;
  await clock.advance(44_000);
  assert.equal(server.of('snapshot').length, polls);
});

test('a poll that is answered after the stream is back is not applied', async () => {
  const session = start();
  const { clock, server, evaluator } = session;
  await failThrice(session);
  await clock.advance(4_000);
  await live(server, 7);
  server.last('snapshot').answer(200, { etag: '"old"' }, JSON.stringify({ revision: 3, changed: [] }));
  await settle();
  assert.equal(evaluator.revision, 7);
});

test('a poll asks with the cursor where there is one', async () => {
  const session = start();
  const { clock, server } = session;
  (await live(server, 1)).end();
  await clock.advance(1_000);
  server.last().fail(new Error('refused'));
  await clock.advance(2_000);
  server.last().fail(new Error('refused'));
  await settle();
  assert.equal(server.last('snapshot').request.headers['if-none-match'], '"cursor-1"');
});

test('a poll that is denied is repeated after five minutes, one that is refused when it was told to', async () => {
  const session = start();
  const { clock, server, heard } = session;
  await failThrice(session);
  clock.luck = 0;
  server.last('snapshot').answer(503, { 'retry-after': '100' });
  await settle();
  assert.equal(heard.at(-1), 'outdated: the server answered 503');
  await clock.advance(99_999);
  assert.equal(server.of('snapshot').length, 1);
  await clock.advance(1);
  assert.equal(server.of('snapshot').length, 2);
});

test('a document that is refused whole keeps what is there', async () => {
  const session = start();
  const { server, evaluator, heard } = session;
  await failThrice(session);
  server.last('snapshot').answer(200, {}, 'no JSON');
  await settle();
  assert.match(heard.at(-1) ?? '', /^outdated: .*JSON/);
  assert.equal(evaluator.revision, 0);
});

test('stopping ends the connection and every timer, and nothing is said any more', async () => {
  const { clock, server, heard, sync } = start();
  const stream = await live(server, 1);
  stream.commit(2);
  sync.stop();
  await settle();
  assert.equal(server.last().request.signal.aborted, true);
  assert.deepEqual(clock.pending, []);
  assert.deepEqual(heard, ['revision 1']);
});

test('stopping in a pause ends the pause', async () => {
  const { clock, server, sync } = start();
  server.last().fail(new Error('refused'));
  await settle();
  sync.stop();
  await settle();
  assert.deepEqual(clock.pending, []);
  assert.equal(server.exchanges.length, 1);
});
