import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Client } from '@flagstaff/web';
import { buildSync } from 'esbuild';
import { Log, Storage, settled, Wire } from './support/ofrep.mjs';

const require = createRequire(import.meta.url);
const URL_ROOT = 'https://flags.example.com';
const KEY = 'fs_client_secret';
const DAY_MS = 24 * 3_600_000;

/** A delay of docs/sdk.md, in milliseconds. */
function delayOf(name) {
  const page = readFileSync(new URL('../../docs/sdk.md', import.meta.url), 'utf8');
  return 1_000 * new RegExp(`^\\| \`${name}\` \\| (\\d+) s`, 'm').exec(page)[1];
}

let wire;
let log;
let clients;

beforeEach(() => {
  wire = new Wire();
  log = new Log();
  clients = [];
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_000 });
  // Full jitter whose luck is worst: every delay is its maximum.
  mock.method(Math, 'random', () => 1);
  globalThis.localStorage = new Storage();
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  mock.timers.reset();
  mock.restoreAll();
  delete globalThis.localStorage;
});

function open(options = {}) {
  const client = new Client({ url: URL_ROOT, key: KEY, fetch: wire.fetch, logger: log, stream: false, ...options });
  clients.push(client);
  return client;
}

/** A client that has these values. */
async function started(values, options) {
  const client = open(options);
  client.start();
  await settled();
  await wire.last.values(values);
  return client;
}

describe('values', () => {
  test('are the fallback until they arrive, and then those of the server', async () => {
    const client = open({ context: { targetingKey: 'u-1', plan: 'plus' } });
    assert.equal(client.get('f', true), true);
    assert.deepEqual([client.status, client.source, client.isLoading], ['NOT_READY', 'fallback', true]);
    const ready = client.ready();
    await settled();
    assert.equal(wire.last.url, `${URL_ROOT}/ofrep/v1/evaluate/flags`);
    assert.deepEqual(wire.last.context, { targetingKey: 'u-1', plan: 'plus' });
    await wire.last.values({ f: false, text: 'a', number: 0, layout: { columns: 2 } });
    assert.equal(await ready, 'READY');
    assert.deepEqual([client.status, client.source, client.isLoading], ['READY', 'live', false]);
    assert.equal(client.get('f', true), false);
    assert.equal(client.get('text', 'b'), 'a');
    assert.equal(client.get('number', 1), 0);
    assert.deepEqual(client.get('layout', {}), { columns: 2 });
    assert.deepEqual(Object.keys(client.all()), ['f', 'layout', 'number', 'text']);
    assert.equal(client.all(), client.all());
  });

  test('of another type than the fallback, and flags that do not exist, are the fallback with a reason', async () => {
    const client = await started({ f: 'text' });
    assert.equal(client.get('f', false), false);
    assert.equal(client.get('f', undefined), 'text');
    const { errorCode, reason, source, value } = client.details('f', false);
    assert.deepEqual([errorCode, reason, source, value], ['TYPE_MISMATCH', 'ERROR', 'fallback', false]);
    assert.equal(client.details('g', 1).errorCode, 'FLAG_NOT_FOUND');
    assert.equal(open({ cache: 'off' }).details('f', 1).errorCode, 'PROVIDER_NOT_READY');
  });

  test('keep their identity and their listeners quiet until they change', async () => {
    const client = await started({ f: true, layout: { columns: [1, 2] } });
    const [flag, layout] = [client.getSnapshot('f'), client.getSnapshot('layout')];
    assert.ok(Object.isFrozen(layout) && Object.isFrozen(layout.value.columns));
    const heard = [];
    client.subscribe('f', ({ value }) => heard.push(['f', value]));
    client.subscribe('layout', ({ value }) => heard.push(['layout', value]));
    const unsubscribe = client.subscribe('f', () => heard.push('never'));
    unsubscribe();
    client.on('change', ({ flags }) => heard.push(flags));
    client.refresh();
    await settled();
    assert.equal(wire.last.headers['if-none-match'], 'W/"1"');
    await wire.last.respond(304);
    assert.equal(client.getSnapshot('layout'), layout);
    client.refresh();
    await settled();
    await wire.last.values({ f: false, layout: { columns: [1, 2] } }, 'W/"2"');
    assert.notEqual(client.getSnapshot('f'), flag);
    assert.equal(client.getSnapshot('layout'), layout);
    assert.deepEqual(heard, [['f', false], ['f']]);
  });

  test('have the true reason, which OFREP does not know, and no error as their value', async () => {
    const client = open();
    client.start();
    await settled();
    const metadata = { flagstaffReason: 'DEFAULT', owner: 'shop' };
    await wire.last.respond(200, {
      flags: [
        { key: 'f', value: true, reason: 'STATIC', variant: 'on', metadata },
        { key: 'broken', errorCode: 'PARSE_ERROR', errorDetails: 'the flag is broken' },
      ],
    });
    const details = client.details('f', false);
    assert.deepEqual([details.reason, details.variant, details.flagMetadata], ['DEFAULT', 'on', { owner: 'shop' }]);
    const { errorCode, errorMessage, value } = client.details('broken', 'mine');
    assert.deepEqual([errorCode, errorMessage, value], ['PARSE_ERROR', 'the flag is broken', 'mine']);
  });

  test('can be overridden, and are exposed once', async () => {
    const exposures = [];
    const client = await started(
      { f: false },
      { onExposure: ({ flagKey, value }) => exposures.push([flagKey, value]) },
    );
    for (const key of ['f', 'f', 'g']) {
      client.expose(key);
    }
    const changes = [];
    client.on('change', ({ flags }) => changes.push(flags));
    client.override({ f: true, g: 3 });
    assert.deepEqual(
      [client.get('f', false), client.get('g', 0), client.details('f', false).source],
      [true, 3, 'override'],
    );
    client.expose('f');
    client.override({ f: undefined, g: undefined });
    assert.equal(client.get('f', true), false);
    assert.deepEqual(changes, [
      ['f', 'g'],
      ['f', 'g'],
    ]);
    assert.deepEqual(exposures, [
      ['f', false],
      ['f', true],
    ]);
  });
});

describe('the context', () => {
  test('that is set last wins, whatever is answered when', async () => {
    const client = await started({ who: 'nobody' });
    const [, b, c] = [wire.last, client.setContext({ targetingKey: 'b' }), client.setContext({ targetingKey: 'c' })];
    await settled();
    const [first, second] = wire.calls.slice(-2);
    assert.deepEqual([first.context.targetingKey, second.context.targetingKey], ['b', 'c']);
    assert.ok(first.signal.aborted);
    await second.values({ who: 'c' });
    await first.values({ who: 'b' });
    assert.deepEqual(await Promise.all([b, c]), ['READY', 'READY']);
    assert.equal(client.get('who', ''), 'c');
  });

  test('is what it means: a Map, a Set, an instance of a class, a number as key', async () => {
    class Person {
      targetingKey = 17;
      groups = new Set(['a']);
      details = new Map([['since', new Date(0)]]);
      size = 10n;
    }
    const expected = { targetingKey: '17', groups: ['a'], details: { since: '1970-01-01T00:00:00.000Z' }, size: 10 };
    const client = await started({ f: true }, { context: new Person() });
    assert.deepEqual(wire.last.context, expected);
    assert.deepEqual(client.context, expected);
    client.setContext(new Map(Object.entries({ targetingKey: 'b' })));
    await settled();
    assert.deepEqual(wire.last.context, { targetingKey: 'b' });
    const cycle = {};
    cycle.self = cycle;
    client.setContext(cycle);
    await settled();
    assert.equal(wire.last.context, null);
    await wire.last.respond(400, { errorCode: 'INVALID_CONTEXT', errorDetails: 'not an object' });
    assert.match(log.lines.join(), /not an object/);
  });

  test('that is equal causes no request', async () => {
    const client = await started({ f: true }, { context: { targetingKey: 'a' } });
    assert.equal(await client.setContext({ targetingKey: 'a' }), 'READY');
    assert.equal(wire.calls.length, 1);
  });

  test("keeps the values before until its own arrive, but never somebody else's after a failure", async () => {
    const client = await started({ f: true }, { context: { targetingKey: 'a' } });
    client.setContext({ targetingKey: 'a', page: 2 });
    await settled();
    await wire.last.fail('unreachable');
    assert.deepEqual([client.get('f', false), client.status], [true, 'STALE']);
    client.setContext({ targetingKey: 'b' });
    await settled();
    assert.equal(client.get('f', false), true);
    await wire.last.fail('unreachable');
    assert.deepEqual([client.get('f', false), client.source, client.status], [false, 'fallback', 'NOT_READY']);
    client.setContext({ targetingKey: 'a' });
    assert.deepEqual([client.get('f', false), client.source], [true, 'cache']);
  });

  test('is sent with its signature, which a function renews before it expires', async () => {
    const expires = (seconds) => `${Date.now() / 1_000 + seconds}`;
    const asked = [];
    const client = await started(
      { f: true },
      {
        context: { targetingKey: 'a' },
        signature: async (context) => {
          asked.push(context.targetingKey);
          return `${expires(3_600)}.mac-of-${context.targetingKey}`;
        },
      },
    );
    assert.match(wire.last.headers['x-flagstaff-signature'], /mac-of-a$/);
    client.refresh();
    await settled();
    await wire.last.respond(304);
    mock.timers.tick(3_590_000);
    client.refresh();
    await settled();
    await wire.last.respond(304);
    client.setContext({ targetingKey: 'b' }, { signature: '1.given' });
    await settled();
    assert.equal(wire.last.headers['x-flagstaff-signature'], '1.given');
    assert.deepEqual(asked, ['a', 'a']);
  });
});

describe('a failure', () => {
  const PROBLEM = { type: 'urn:flagstaff:problem:forbidden', detail: 'the key may not do this' };

  test('is retried after a second, which doubles; it is logged once', async () => {
    const client = await started({ f: true });
    client.refresh();
    await settled();
    const base = delayOf('reconnect base');
    for (const delay of [base, 2 * base, 4 * base]) {
      await wire.last.respond(500, 'oops');
      const { length } = wire.calls;
      mock.timers.tick(delay - 1);
      assert.equal(wire.calls.length, length);
      mock.timers.tick(1);
      await settled();
      assert.equal(wire.calls.length, length + 1);
    }
    assert.deepEqual([client.status, client.get('f', false)], ['STALE', true]);
    await wire.last.respond(304);
    assert.equal(client.status, 'READY');
    assert.deepEqual(log.lines, ['flagstaff: flags keep their last values: HTTP 500']);
  });

  test("is a refusal only if it is the server's own, whose words reach the log", async () => {
    for (const [body, status, delay] of [
      ['<h1>Not found</h1>', 'NOT_READY', delayOf('reconnect base')],
      [PROBLEM, 'FAILED', delayOf('refused retry')],
    ]) {
      const client = open({ cache: 'off' });
      const ready = client.ready({ timeoutMs: 900 });
      await settled();
      await wire.last.respond(403, body);
      assert.equal(client.status, status);
      mock.timers.tick(900);
      assert.equal(await ready, status === 'FAILED' ? 'FAILED' : 'TIMED_OUT');
      assert.equal(client.isLoading, false);
      const { length } = wire.calls;
      mock.timers.tick(delay);
      await settled();
      assert.equal(wire.calls.length - length, status === 'FAILED' ? 0 : 1);
      await client.close();
    }
    assert.match(log.lines.join(), /HTTP 403: the key may not do this/);
  });

  test('of a server that asks for time waits for at least that', async () => {
    await started({ f: true });
    clients[0].refresh();
    await settled();
    await wire.last.respond(503, '', { 'retry-after': '20' });
    mock.timers.tick(20_000);
    assert.equal(wire.calls.length, 2);
    mock.timers.tick(1_000);
    await settled();
    assert.equal(wire.calls.length, 3);
  });

  test('to respond ends the request', async () => {
    const client = open();
    client.start();
    await settled();
    mock.timers.tick(delayOf('connect timeout') - 1);
    assert.deepEqual(log.lines, []);
    mock.timers.tick(1);
    await settled();
    assert.match(log.lines.join(), /did not respond in time/);
    await client.close();
    assert.equal(client.status, 'NOT_READY');
  });
});

describe('stored values', () => {
  test('are served at once on the next page, and revalidated', async () => {
    await started({ f: true }, { context: { targetingKey: 'mail@example.com' } });
    const stored = JSON.stringify(localStorage);
    assert.doesNotMatch(stored, /mail@example|fs_client|flags\.example/);
    const next = open({ context: { targetingKey: 'mail@example.com' } });
    assert.deepEqual([next.get('f', false), next.source, next.status, next.isLoading], [true, 'cache', 'STALE', false]);
    const ready = next.ready();
    await settled();
    assert.equal(wire.last.headers['if-none-match'], 'W/"1"');
    await wire.last.respond(304);
    assert.equal(await ready, 'READY');
    assert.equal(next.source, 'live');
  });

  test('are used only for the same key, context and server, and for 30 days', async () => {
    const context = { targetingKey: 'a' };
    await started({ f: true }, { context });
    for (const other of [
      { key: 'another' },
      { context: { targetingKey: 'b' } },
      { url: 'https://other.example.com' },
    ]) {
      assert.equal(open({ context, ...other }).source, 'fallback');
    }
    mock.timers.tick(30 * DAY_MS - 1);
    assert.equal(open({ context }).source, 'cache');
    mock.timers.tick(1);
    assert.equal(open({ context }).source, 'fallback');
  });

  test('are used after a failure only, network first', async () => {
    await started({ f: true });
    const next = open({ cache: 'network-first' });
    assert.equal(next.source, 'fallback');
    next.start();
    await settled();
    await wire.last.fail('unreachable');
    assert.deepEqual([next.source, next.status, next.get('f', false)], ['cache', 'STALE', true]);
  });

  test('are of five contexts at most', async () => {
    for (const targetingKey of 'abcdefgh') {
      await started({ f: true }, { context: { targetingKey } });
      mock.timers.tick(1_000);
    }
    assert.equal(Object.keys(localStorage).length, 5);
    assert.equal(open({ context: { targetingKey: 'h' } }).source, 'cache');
    assert.equal(open({ context: { targetingKey: 'c' } }).source, 'fallback');
  });

  test('that are not ours, or forbidden, or too many do no harm', async () => {
    await started({ f: true });
    const name = Object.keys(localStorage)[0];
    for (const text of ['{', '{"time": 1}', '[]', 'null', '{"time": "x", "flags": []}']) {
      localStorage[name] = text;
      assert.equal(open().source, 'fallback');
    }
    const forbidden = () => {
      throw new Error('SecurityError');
    };
    Object.defineProperty(globalThis, 'localStorage', { get: forbidden, configurable: true });
    assert.equal((await started({ f: true })).get('f', false), true);
    delete globalThis.localStorage;
    globalThis.localStorage = Object.assign(new Storage(), { setItem: forbidden });
    assert.equal((await started({ f: true })).get('f', false), true);
    assert.deepEqual(log.lines, []);
  });
});

describe('a bootstrap', () => {
  const bootstrap = {
    flags: [{ key: 'f', value: true, variant: 'on', reason: 'STATIC' }],
    context: { targetingKey: 'a' },
  };

  test('is there from the start, with its context', async () => {
    const client = open({ bootstrap });
    assert.deepEqual([client.get('f', false), client.source, client.status], [true, 'bootstrap', 'STALE']);
    client.start();
    await settled();
    assert.deepEqual(wire.last.context, { targetingKey: 'a' });
    const initial = client.getServerSnapshot('f');
    await wire.last.values({ f: false });
    assert.equal(client.get('f', true), false);
    assert.equal(client.getServerSnapshot('f'), initial);
  });

  test('of the page is read from its element', () => {
    globalThis.document = {
      getElementById: (id) => (id === 'flagstaff-bootstrap' ? { textContent: JSON.stringify(bootstrap) } : null),
    };
    try {
      assert.equal(open().source, 'bootstrap');
      assert.equal(open({ bootstrap: false }).source, 'fallback');
    } finally {
      delete globalThis.document;
    }
  });
});

test('a URL or a key that cannot be right throws at once', () => {
  assert.throws(() => open({ url: 'flags.example.com' }), TypeError);
  assert.throws(() => open({ key: '' }), TypeError);
});

test('both module forms have the client', () => {
  assert.equal(typeof require('@flagstaff/web').Client, 'function');
});

test('the whole client stays within its budget, minified as an application would', () => {
  const script = require.resolve('@flagstaff/web').replace('/cjs/', '/esm/');
  const { outputFiles } = buildSync({ entryPoints: [script], bundle: true, minify: true, format: 'esm', write: false });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(size <= BUDGET, `${size} bytes gzipped, the budget is ${BUDGET}`);
});

/** Bytes, gzipped; the promise of README.md. */
const BUDGET = 5_000;
