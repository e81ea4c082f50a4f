import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { describe, mock, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Client } from '@flagstaff/web/local';
import { buildSync } from 'esbuild';
import { boolean, FlagServer } from '../../bindings-node/test/support/server.mjs';
import { until } from '../../bindings-node/test/support/wait.mjs';

const require = createRequire(import.meta.url);
const MODULE = require.resolve('@flagstaff/web/flagstaff_wasm.wasm');
const DOCUMENT =
  '{"schemaVersion": 1, "revision": 5, "flags": {"f": {"type": "boolean", "enabled": true, "serve": "on"}}}';

// Full jitter whose luck is always best: reconnecting takes no time.
mock.method(Math, 'random', () => 0);

describe('the module', () => {
  test('is found beside the script, in both module forms', async () => {
    for (const form of [Client, require('@flagstaff/web/local').Client]) {
      const client = await form.fromDocument(DOCUMENT);
      assert.equal(client.getBooleanValue('f', false), true);
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
      assert.equal(client.getBooleanValue('f', false), true);
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
      assert.equal(client.getBooleanValue('f', false), true);
    }
    assert.deepEqual(requests, ['/shop/module.wasm', '/wasm/module.wasm', '/_next/media/flagstaff.wasm']);
  });

  test('that does not load is FAILED, and the next client of the page may bring a better one', async () => {
    const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?page=broken`);
    const warnings = [];
    const logger = { warn: (message) => warnings.push(message) };
    const client = new page.Client('http://127.0.0.1:9', 'k', { wasm: new Uint8Array([1, 2, 3]), logger });
    assert.equal(await client.ready(), 'FAILED');
    assert.equal(client.getBooleanValue('f', true), true);
    assert.match(warnings.join(), /cannot be loaded/);
    assert.equal((await page.Client.fromDocument(DOCUMENT)).getBooleanValue('f', false), true);
  });

  test('is named once in the script, so that a bundler brings one file', () => {
    const script = readFileSync(require.resolve('@flagstaff/web/local').replace('/cjs/', '/esm/'), 'utf8');
    assert.deepEqual(script.match(/[\w./-]+\.wasm\b/g), ['../flagstaff_wasm.wasm']);
  });

  test('stays within its budget', () => {
    const size = gzipSync(readFileSync(MODULE), { level: 9 }).length;
    assert.ok(size <= BUDGET, `${size} bytes gzipped, the budget is ${BUDGET}`);
  });
});

/** Bytes, gzipped: what the core takes today and a little, so that growth is noticed (docs/adr/0038). */
const BUDGET = 165_000;

test('the script stays within its budget, minified as an application would', () => {
  const script = require.resolve('@flagstaff/web/local').replace('/cjs/', '/esm/');
  const { outputFiles } = buildSync({ entryPoints: [script], bundle: true, minify: true, format: 'esm', write: false });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(size <= SCRIPT_BUDGET, `${size} bytes gzipped, the budget is ${SCRIPT_BUDGET}`);
});

/** Bytes, gzipped: what it takes today and a little. */
const SCRIPT_BUDGET = 14_800;

test('a document that is refused whole rejects', async () => {
  await assert.rejects(Client.fromDocument('{'), /document/);
});

test('a client follows the stream by the global fetch', { timeout: 30_000 }, async (context) => {
  const server = await FlagServer.start();
  server.put('f', boolean(false));
  const client = new Client(server.url, 'k', { logger: { warn: () => {} } });
  context.after(() => Promise.all([client.close(), server.stop()]));
  assert.equal(await client.ready(), 'READY');
  assert.equal(client.getBooleanValue('f', true), false);
  server.set('f', boolean(true));
  await until(client, () => client.getBooleanValue('f', false));
  server.put('f', boolean(false));
  server.cut();
  await until(client, () => client.status === 'READY' && !client.getBooleanValue('f', true));
});
