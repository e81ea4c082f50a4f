import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CachingEvaluator } from '../src/caching-evaluator.js';
import { Sync } from '../src/sync.js';
import { FakeEvaluator, ManualClock, ManualServer, type ManualStream, settle } from './fakes.js';

/** A started synchronisation, and the calls of its listener so far. */
function start() {
  const clock = new ManualClock();
  const server = new ManualServer();
  const evaluator = new FakeEvaluator();
  const heard: string[] = [];
  const sync = new Sync(
    { url: 'http://flags.test/', key: 'k', fetch: server.fetch },
    new CachingEvaluator(evaluator, clock),
    clock,
    {
      current: (update) => heard.push(update === undefined ? 'current' : `revision ${update.revision}`),
      unreachable: (reason, isRefused) => heard.push(`${isRefused ? 'refused' : 'unreachable'}: ${reason}`),
    },
  );
  sync.start();
  return { clock, server, evaluator, heard, sync };
}

/** Responds to the newest request with a stream that commits `revision`. */
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
  await clock.advance(1_000);
  assert.deepEqual(heard, ['revision 1'], 'the first reconnection mostly succeeds');
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
  assert.deepEqual(heard, ['revision 1']);
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

test('a stream that falls silent is closed after 45 seconds', async () => {
  const { clock, server } = start();
  await live(server, 1);
  await clock.advance(44_999);
  assert.equal(server.last().request.signal.aborted, false);
  await clock.advance(1);
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

test('a connection without a response is closed after ten seconds', async () => {
  const { clock, server, heard } = start();
  await clock.advance(10_000);
  assert.deepEqual(heard, ['unreachable: the server did not respond in time']);
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
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
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
  test(`after a ${status} of Flagstaff it tries every five minutes, and says why`, async () => {
    const { clock, server, heard } = start();
    clock.luck = 0;
    server.last().refuse(status, 'the key is a `client` key:\nthis needs a `server` key');
    await settle();
    assert.deepEqual(heard, [
      `refused: the server responded with HTTP ${status}: the key is a \`client\` key: this needs a \`server\` key`,
    ]);
    await clock.advance(299_999);
    assert.equal(server.exchanges.length, 1);
    await clock.advance(1);
    assert.equal(server.exchanges.length, 2);
  });

  test(`a ${status} of something in front of the server is a failure like another`, async () => {
    const foreign: [Record<string, string>, string][] = [
      [{}, ''],
      [{ 'content-type': 'text/html' }, '<h1>Not here</h1>'],
      [{ 'content-type': 'application/problem+json' }, '{"type": "about:blank", "detail": "gateway"}'],
      [{ 'content-type': 'application/problem+json' }, '{'],
    ];
    const { clock, server, heard } = start();
    const delays: number[] = [];
    for (const [headers, text] of foreign) {
      const before = server.exchanges.length;
      server.last().answer(status, headers, text);
      await settle();
      delays.push(clock.pending[0] ?? 0);
      await clock.advance(clock.pending[0] ?? 0);
      assert.ok(server.exchanges.length > before);
    }
    assert.deepEqual(delays.slice(0, 3), [1_000, 2_000, 4_000]);
    assert.deepEqual(
      heard.filter((entry) => entry.startsWith('refused')),
      [],
    );
    assert.match(heard[0] ?? '', new RegExp(`HTTP ${status}, which is not a response of Flagstaff`));
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

test('a response that is not an event stream is a failure', async () => {
  const { server, heard } = start();
  server.last().answer(200, { 'content-type': 'text/html' });
  await settle();
  assert.deepEqual(heard, ['unreachable: expected an event stream, got `text/html`']);
});

test('after a goodbye it reconnects when the server says, and is never stale', async () => {
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
  assert.deepEqual(heard, ['unreachable: full']);
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
  assert.equal(heard.length, before, 'while polls succeed a failing stream changes nothing');
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

test('a poll whose response arrives after the stream is up is not applied', async () => {
  const session = start();
  const { clock, server, evaluator } = session;
  await failThrice(session);
  await clock.advance(4_000);
  await live(server, 7);
  server.last('snapshot').answer(200, { etag: '"old"' }, JSON.stringify({ revision: 3, changed: [] }));
  await settle();
  assert.equal(evaluator.revision, 7);
});

test('a poll sends the cursor if there is one', async () => {
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

test('after a 503 the next poll is sent when the server says', async () => {
  const session = start();
  const { clock, server, heard } = session;
  await failThrice(session);
  clock.luck = 0;
  server.last('snapshot').answer(503, { 'retry-after': '100' });
  await settle();
  assert.equal(heard.at(-1), 'unreachable: the server responded with HTTP 503');
  await clock.advance(99_999);
  assert.equal(server.of('snapshot').length, 1);
  await clock.advance(1);
  assert.equal(server.of('snapshot').length, 2);
});

test('a document that is refused as a whole changes nothing', async () => {
  const session = start();
  const { server, evaluator, heard } = session;
  await failThrice(session);
  server.last('snapshot').answer(200, {}, 'no JSON');
  await settle();
  assert.match(heard.at(-1) ?? '', /^unreachable: .*JSON/);
  assert.equal(evaluator.revision, 0);
});

test('stopping ends the connection and all timers, and the listener is not called any more', async () => {
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
