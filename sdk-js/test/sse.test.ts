import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvents, type StreamEvent } from '../src/sse.js';
import { ManualStream } from './fakes.js';

/** Reads `chunks` as one stream. */
async function read(
  ...chunks: (string | Uint8Array)[]
): Promise<{ events: StreamEvent[]; retries: number[]; active: number }> {
  const stream = new ManualStream();
  for (const chunk of chunks) {
    stream.write(chunk);
  }
  stream.end();
  const events: StreamEvent[] = [];
  const retries: number[] = [];
  let active = 0;
  const reader = {
    active: () => {
      active += 1;
    },
    event: (event: StreamEvent) => events.push(event),
    retry: (delay: number) => retries.push(delay),
  };
  await readEvents(stream, reader, new AbortController().signal);
  return { events, retries, active };
}

const bytes = (text: string) => new TextEncoder().encode(text);

test('names, data of several lines and ids arrive', async () => {
  const { events } = await read('event: put\nid: c1\ndata: a\ndata: b\n\ndata:x\n\n');
  assert.deepEqual(events, [
    { name: 'put', data: 'a\nb', id: 'c1' },
    { name: 'message', data: 'x', id: undefined },
  ]);
});

test('an id belongs to its own event only', async () => {
  const { events } = await read('id: c1\nevent: commit\ndata: 1\n\nevent: put\ndata: 2\n\n');
  assert.deepEqual(
    events.map(({ id }) => id),
    ['c1', undefined],
  );
});

test('it does not matter where a stream is cut into chunks', async () => {
  const text = '\ufeffretry: 70\r\n: hello\r\nevent: put\r\ndata: {"name": "käse 😀"}\r\n\r\ndata: 2\r\n\r\n';
  const whole = bytes(text);
  const expected = await read(whole);
  assert.deepEqual(expected.events, [
    { name: 'put', data: '{"name": "käse 😀"}', id: undefined },
    { name: 'message', data: '2', id: undefined },
  ]);
  for (let cut = 1; cut < whole.length; cut += 1) {
    const { events, retries } = await read(whole.subarray(0, cut), whole.subarray(cut));
    assert.deepEqual({ events, retries }, { events: expected.events, retries: [70] }, `cut at ${cut}`);
  }
  const single = await read(...Array.from(whole, (_, index) => whole.subarray(index, index + 1)));
  assert.deepEqual(single.events, expected.events);
});

test('lines may end in any of the three ways', async () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const { events } = await read(['event: a', 'data: 1', '', 'event: b', 'data: 2', '', ': end', ''].join(end));
    assert.deepEqual(
      events.map(({ name, data }) => name + data),
      ['a1', 'b2'],
    );
  }
});

test('a comment is a sign of life and no event', async () => {
  const { events, active } = await read(': beat\n\n', ':\n');
  assert.deepEqual(events, []);
  assert.equal(active, 2);
});

test('unknown fields, an event without data and an unfinished event are dropped', async () => {
  const { events } = await read('colour: red\ndata: kept\n\nevent: empty\n\nretry: soon\n\ndata: unfinished\n');
  assert.deepEqual(
    events.map(({ data }) => data),
    ['kept'],
  );
});

const deaf = { active: () => {}, retry: () => {}, event: () => {} };

test('what a reader throws ends the reading and cancels the stream', async () => {
  const stream = new ManualStream();
  stream.write('data: 1\n\ndata: 2\n\n');
  const seen: string[] = [];
  const event = ({ data }: StreamEvent) => {
    seen.push(data);
    throw new Error('no more');
  };
  await assert.rejects(readEvents(stream, { ...deaf, event }, new AbortController().signal), /no more/);
  assert.deepEqual(seen, ['1']);
  assert.equal(stream.cancelled, true);
});

test('an abort ends a read that waits, on a stream that knows of no abort', async () => {
  const stream = new ManualStream();
  const abort = new AbortController();
  const reading = readEvents(stream, deaf, abort.signal);
  abort.abort();
  await reading;
  assert.equal(stream.cancelled, true);
});

test('a stream that breaks rejects', async () => {
  const stream = new ManualStream();
  stream.fail(new Error('cut'));
  await assert.rejects(readEvents(stream, deaf, new AbortController().signal), /cut/);
});
