import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { describe, mock, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Client } from '@flagstaff/web/local';
import { buildSync } from 'esbuild';
import { boolean, FlagServer, refuse } from '../../bindings-node/test/support/server.mjs';
import { until } from '../../bindings-node/test/support/wait.mjs';
import { Storage } from './support/ofrep.mjs';

const require = createRequire(import.meta.url);
const { version: VERSION } = require('@flagstaff/web/package.json');
const MODULE = require.resolve('@flagstaff/web/flagstaff_wasm.wasm');
/** The entries, each with its module. */
const ENTRIES = { local: MODULE, 'local-dialects': require.resolve('@flagstaff/web/flagstaff_wasm_dialects.wasm') };
const DOCUMENT =
  '{"schemaVersion": 1, "revision": 5, "flags": {"f": {"type": "boolean", "enabled": true, "serve": "on"}}}';

// Full jitter whose luck is always best: reconnecting takes no time.
mock.method(Math, 'random', () => 0);

describe('the module', () => {
  test('is found beside the script, in both module forms', async () => {
    for (const form of [Client, require('@flagstaff/web/local').Client]) {
      const client = await form.fromDocument(DOCUMENT);
      assert.equal(client.get('f', false), true);
      assert.equal(client.revision, 5);
    }
  });

  // The module is loaded once for a page, so each way needs a page of its own.
  const ways = {
    'as bytes': () => readFileSync(MODULE),
    'compiled, as edge workers have it': () => new WebAssembly.Module(readFileSync(MODULE)),
    'as a file URL in text': () => new URL(`file://${MODULE}`).href,
    'from a data URL': () => `data:application/wasm;base64,${readFileSync(MODULE).toString('base64')}`,
  };
  Object.entries(ways).forEach(([way, source], index) => {
    test(`can be given ${way}`, async () => {
      const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?page=${index}`);
      const client = await page.Client.fromDocument(DOCUMENT, { wasm: source() });
      assert.equal(client.get('f', false), true);
    });
  });

  test("can be given as a path of the page's site, also as an object like the one that Next.js makes", async (t) => {
    const requests = [];
    const site = createServer((request, response) => {
      requests.push(request.url);
      response.setHeader('content-type', 'application/wasm').end(readFileSync(MODULE));
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    globalThis.location = { href: `http://127.0.0.1:${site.address().port}/shop/page` };
    t.after(() => {
      delete globalThis.location;
      site.close();
      site.closeAllConnections();
    });
    const relative = Object.create(URL.prototype, { toString: { value: () => '/_next/media/flagstaff.wasm' } });
    for (const [index, source] of ['module.wasm', '/wasm/module.wasm', relative].entries()) {
      const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?path=${index}`);
      const client = await page.Client.fromDocument(DOCUMENT, { wasm: source });
      assert.equal(client.get('f', false), true);
    }
    assert.deepEqual(requests, ['/shop/module.wasm', '/wasm/module.wasm', '/_next/media/flagstaff.wasm']);
  });

  test('that does not load is FAILED, and the next client of the page may bring a better one', async () => {
    const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?page=broken`);
    const warnings = [];
    const logger = { warn: (message) => warnings.push(message) };
    const client = new page.Client({ url: 'http://127.0.0.1:9', key: 'k', wasm: new Uint8Array([1, 2, 3]), logger });
    assert.equal(await client.ready(), 'FAILED');
    await client.close();
    assert.equal(client.get('f', true), true);
    assert.match(warnings.join(), /cannot be loaded/);
    assert.equal((await page.Client.fromDocument(DOCUMENT)).get('f', false), true);
  });

  for (const [entry, module] of Object.entries(ENTRIES)) {
    test(`of /${entry} is named once in the script, so that a bundler brings one file`, () => {
      const script = readFileSync(require.resolve(`@flagstaff/web/${entry}`).replace('/cjs/', '/esm/'), 'utf8');
      assert.deepEqual(script.match(/[\w./-]+\/[\w-]+\.wasm\b/g), [`../${basename(module)}`]);
    });

    test(`of /${entry} stays within its budget`, () => {
      const size = gzipSync(readFileSync(module), { level: 9 }).length;
      assert.ok(size <= BUDGETS[entry], `${size} bytes gzipped, the budget is ${BUDGETS[entry]}`);
    });
  }

  test('of /local-dialects is that of the Node package, which conformance/testee runs as `node-wasm`', () => {
    assert.ok(readFileSync(ENTRIES['local-dialects']).equals(readFileSync(NODE_MODULE)));
  });
});

const NODE_MODULE = new URL('../../bindings-node/dist/flagstaff_wasm.wasm', import.meta.url);
/** Bytes, gzipped: what the core takes today and a little, so that growth is noticed (docs/adr/0038, docs/adr/0058). */
const BUDGETS = { local: 165_000, 'local-dialects': 485_000 };

for (const entry of Object.keys(ENTRIES)) {
  test(`the script of /${entry} stays within its budget, minified as an application would`, () => {
    const script = require.resolve(`@flagstaff/web/${entry}`).replace('/cjs/', '/esm/');
    const bundle = { bundle: true, minify: true, format: 'esm', write: false };
    const { outputFiles } = buildSync({ entryPoints: [script], ...bundle });
    const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
    assert.ok(size <= SCRIPT_BUDGET, `${size} bytes gzipped, the budget is ${SCRIPT_BUDGET}`);
  });
}

/** Bytes, gzipped (docs/adr/0062). */
const SCRIPT_BUDGET = 8_000;

test('a document that is refused whole rejects', async () => {
  await assert.rejects(Client.fromDocument('{'), /document/);
});

/** A server with flags, and a client that has them. */
async function open(context, { flags = { f: boolean(false) }, ...options } = {}) {
  const server = await FlagServer.start();
  const warnings = [];
  for (const [key, flag] of Object.entries(flags)) {
    server.put(key, flag);
  }
  const logger = { warn: (message) => warnings.push(message) };
  const client = new Client({ url: server.url, key: 'k', context: { targetingKey: 'u1' }, logger, ...options });
  context.after(() => Promise.all([client.close(), server.stop()]));
  assert.equal(await client.ready({ timeoutMs: 20_000 }), 'READY');
  return { server, client, warnings };
}

/** The bodies of the requests to a path, as they come. */
function bodiesOf(server, path) {
  const bodies = [];
  server.intercept = (request, response) => {
    if (request.url !== path) {
      return false;
    }
    let text = '';
    request.on('data', (data) => {
      text += data;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      response.end('{"spreadMs": 0}');
    });
    return true;
  };
  return bodies;
}

describe('a client of a server', { timeout: 60_000 }, () => {
  test('follows the stream by the global fetch', async (context) => {
    const { client, server } = await open(context);
    assert.deepEqual([client.get('f', true), client.source, client.revision], [false, 'live', 1]);
    const changes = [];
    client.subscribe('f', (flag) => changes.push(flag.value));
    server.set('f', boolean(true));
    await until(client, () => client.get('f', false));
    server.put('f', boolean(false));
    server.cut();
    await until(client, () => client.status === 'READY' && !client.get('f', true));
    assert.deepEqual(changes, [true, false]);
  });

  test('evaluates at once for another context, also while the server is away', async (context) => {
    const rules = [{ when: { attribute: 'plan', op: 'equals', value: 'plus' }, serve: 'on' }];
    const { client, server } = await open(context, { flags: { f: { ...boolean(false), rules } } });
    const plus = { targetingKey: 'u1', plan: 'plus' };
    assert.equal(await client.setContext(plus), 'READY');
    assert.deepEqual([client.get('f', false), client.details('f', false).reason], [true, 'TARGETING_MATCH']);
    server.intercept = (_, response) => response.writeHead(503).end();
    server.cut();
    await until(client, () => client.status === 'STALE');
    assert.equal(await client.setContext({ targetingKey: 'u2' }), 'STALE');
    assert.deepEqual([client.get('f', true), client.status], [false, 'STALE']);
  });

  test('explains an evaluation step by step', async (context) => {
    const rules = [{ when: { attribute: 'plan', op: 'equals', value: 'plus' }, serve: 'on' }];
    const { client } = await open(context, { flags: { f: { ...boolean(false), rules } } });
    const { outcome, trace } = client.explain('f', { plan: 'plus' });
    assert.deepEqual([outcome.value, outcome.reason], [true, 'TARGETING_MATCH']);
    assert.ok(trace.length > 0);
    assert.equal(client.explain('f').outcome.value, false);
  });

  test('announces what time alone changes', async (context) => {
    const flag = { ...boolean(true), expiresAt: new Date(Date.now() + 1_500).toISOString() };
    const { client } = await open(context, { flags: { f: flag } });
    await until(client, () => client.get('f', undefined) !== true);
  });

  test('is as good as the polls are while the stream fails', async (context) => {
    const { client, server } = await open(context);
    server.intercept = (request, response) => request.url.includes('/stream?') && response.writeHead(503).end();
    server.put('f', boolean(true));
    server.cut();
    await until(client, () => client.get('f', false) && client.status === 'READY');
    assert.ok(server.requests.some(({ path }) => path.endsWith('/snapshot')));
    server.intercept = () => false;
    server.put('f', boolean(false));
    await until(client, () => !client.get('f', true));
  });

  test('names a context without a user in the log, once', async (context) => {
    const { client, warnings } = await open(context, { context: { userId: 'u1' } });
    await client.setContext({ userId: 'u2' });
    assert.match(warnings.join(), /userId/);
    assert.equal(warnings.length, 1);
  });

  test('keeps the last values for the next page', async (context) => {
    globalThis.localStorage = new Storage();
    context.after(() => {
      delete globalThis.localStorage;
    });
    const { server } = await open(context, { flags: { f: boolean(true) } });
    const next = new Client({ url: server.url, key: 'k', context: { targetingKey: 'u1' } });
    assert.deepEqual([next.get('f', false), next.source, next.status], [true, 'cache', 'STALE']);
  });

  test('that is refused without flags is FAILED at once', async (context) => {
    const server = await FlagServer.start();
    server.intercept = (_, response) => refuse(response, 401, 'unknown SDK key');
    const warnings = [];
    const logger = { warn: (message) => warnings.push(message) };
    const client = new Client({ url: server.url, key: 'k', logger });
    context.after(() => Promise.all([client.close(), server.stop()]));
    assert.equal(await client.ready({ timeoutMs: 20_000 }), 'FAILED');
    assert.match(warnings.join(), /HTTP 401: unknown SDK key/);
  });

  test('reports each evaluation that the page has read, when it is closed', async (context) => {
    const { client, server } = await open(context, { flags: { f: boolean(true), unread: boolean(true) } });
    const reports = bodiesOf(server, '/api/v1/sdk/usage');
    for (let round = 0; round < 3; round += 1) {
      client.isEnabled('f');
      client.get('none', false);
    }
    server.set('f', boolean(false));
    await until(client, () => client.getSnapshot('f').value === false);
    client.override({ f: true });
    client.isEnabled('f');
    await client.close();
    await eventually(() => reports.length > 0);
    const [{ counts, sdk, sequence, lost }] = reports;
    assert.deepEqual([sdk, sequence, lost], [{ name: '@flagstaff/web', version: VERSION }, 1, 0]);
    assert.deepEqual(counts.map(({ flag, variant, count }) => `${flag} ${variant} ${count}`).sort(), [
      'f off 1',
      'f on 1',
      'none null 1',
    ]);
  });

  test('counts nothing if it is told so', async (context) => {
    const { client, server } = await open(context, { usage: false });
    const reports = bodiesOf(server, '/api/v1/sdk/usage');
    client.isEnabled('f');
    await client.close();
    assert.deepEqual(reports, []);
  });

  test('acknowledges the states that it has, by the instance that its stream names', async (context) => {
    const server = await FlagServer.start();
    const bodies = bodiesOf(server, '/api/v1/sdk/applied');
    server.put('f', boolean(false));
    const client = new Client({ url: server.url, key: 'k', logger: { warn: () => {} } });
    context.after(() => Promise.all([client.close(), server.stop()]));
    const hasAcknowledged = (revision) => () => bodies.some(({ cursor }) => cursor.split('.')[1] === String(revision));
    assert.equal(await client.ready({ timeoutMs: 20_000 }), 'READY');
    await eventually(hasAcknowledged(1));
    server.set('f', boolean(true));
    await eventually(hasAcknowledged(2));
    const { path } = server.requests.find(({ path }) => path.includes('/stream?'));
    const query = new URL(path, server.url).searchParams;
    assert.deepEqual([query.get('instance'), query.get('sdk')], [bodies[0].instance, `@flagstaff/web/${VERSION}`]);
  });
});

/** Looks again and again until the condition holds. */
async function eventually(condition) {
  while (!condition()) {
    await sleep(10);
  }
}

test('the delays are those of docs/sdk.md', async () => {
  const source = fileURLToPath(new URL('../ts/page/timing.ts', import.meta.url));
  const { outputFiles } = buildSync({ entryPoints: [source], format: 'esm', write: false });
  const timing = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  const page = readFileSync(new URL('../../docs/sdk.md', import.meta.url), 'utf8');
  const rows = new Map(
    Array.from(page.matchAll(/^\| `([\w ]+)` \| (\d+)( s| %)? \|/gm), ([, name, number, unit]) => [
      name.toUpperCase().replaceAll(' ', '_'),
      Number(number) * (unit === ' s' ? 1_000 : unit === ' %' ? 0.01 : 1),
    ]),
  );
  const own = Object.entries(timing).filter(
    ([name, value]) => typeof value === 'number' && name !== 'SNAPSHOT_TIMEOUT',
  );
  assert.equal(own.length, 11);
  for (const [name, value] of own) {
    assert.equal(value, rows.get(name), name);
  }
});
