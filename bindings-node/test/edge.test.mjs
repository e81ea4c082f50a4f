// `@flagstaff/node/edge` in workerd, the runtime of Cloudflare Workers.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { boolean, FlagServer, refuse } from './support/server.mjs';
import { Workerd } from './support/workerd.mjs';

const require = createRequire(import.meta.url);
const WORKER = fileURLToPath(new URL('workers/worker.mjs', import.meta.url));
const DAY_MS = String(86_400_000);

describe('the client in workerd', { timeout: 120_000 }, () => {
  async function open(context, { ttlMs = DAY_MS, prepare = () => {} } = {}) {
    const server = await FlagServer.start();
    context.after(() => server.stop());
    server.put('f', boolean(true));
    prepare(server);
    const worker = await Workerd.start(WORKER, { URL: server.url, TTL_MS: ttlMs });
    context.after(() => worker.stop());
    const get = async (user = 'u1') => JSON.parse(await worker.get(`/?user=${user}`));
    const requestsOf = (path) =>
      server.requests.filter((request) => request.path.startsWith(`/api/v1/sdk/${path}`)).length;
    return { server, worker, get, requestsOf };
  }

  /** Asks until the response is as expected. */
  async function eventually(get, isExpected) {
    for (;;) {
      const response = await get();
      if (isExpected(response)) {
        return response;
      }
      await sleep(10);
    }
  }

  test('is made in the global scope, and asks the server once for as long as the flags are fresh', async (context) => {
    const { server, worker, get, requestsOf } = await open(context);
    assert.equal(server.requests.length, 0);
    const first = { readiness: 'READY', value: true, context: { targetingKey: 'u1', region: 'north' }, revision: 1 };
    assert.deepEqual(await get(), first);
    server.put('f', boolean(false));
    assert.deepEqual(await get(), first);
    assert.equal(requestsOf('snapshot'), 1);
    assert.deepEqual(worker.log, []);
  });

  test('answers many requests at once before it has flags, each by a request of its own', async (context) => {
    const { worker, get } = await open(context);
    const values = await Promise.all(Array.from({ length: 20 }, (_, index) => get(`u${index}`)));
    assert.deepEqual(new Set(values.map(({ readiness, value }) => `${readiness} ${value}`)), new Set(['READY true']));
    assert.deepEqual(worker.log, []);
  });

  test('reads old flags at once, and newer ones after the response', async (context) => {
    const { server, get } = await open(context, { ttlMs: '0' });
    assert.equal((await get()).value, true);
    server.put('f', boolean(false));
    await eventually(get, ({ value, revision }) => !value && revision === 2);
  });

  test('reports usage after the response, once a minute', async (context) => {
    const reports = [];
    const { get, requestsOf } = await open(context, {
      prepare(server) {
        server.intercept = (request) => {
          if (request.url === '/api/v1/sdk/usage') {
            request.on('data', (data) => reports.push(JSON.parse(data)));
          }
          return false;
        };
      },
    });
    await eventually(get, () => reports.length > 0);
    const { counts, sdk } = reports[0];
    assert.deepEqual([counts, sdk.name], [[{ flag: 'f', variant: 'on', count: counts[0].count }], '@flagstaff/node']);
    await get();
    assert.equal(requestsOf('usage'), 1);
  });

  test('keeps its flags while the server is away, and does not wait for it', async (context) => {
    const { server, get, worker } = await open(context, { ttlMs: '0' });
    assert.equal((await get()).readiness, 'READY');
    server.intercept = (_request, response) => response.writeHead(503).end() && true;
    const { value } = await eventually(get, ({ readiness }) => readiness === 'STALE');
    assert.equal(value, true);
    await eventually(
      async () => worker.log.join(),
      (log) => /flags keep their last values: .*HTTP 503/.test(log),
    );
    server.intercept = () => false;
    await eventually(get, ({ readiness }) => readiness === 'READY');
  });

  test('without flags returns the defaults: the server is tried by later requests, and not again if it refuses the key', async (context) => {
    let isRefused = false;
    const { get, requestsOf } = await open(context, {
      prepare: (server) => {
        server.intercept = (_request, response) =>
          isRefused ? refuse(response, 401, 'unknown key') : response.writeHead(503).end() && true;
      },
    });
    const { readiness, value } = await get();
    assert.deepEqual([readiness, value], ['TIMED_OUT', false]);
    isRefused = true;
    // A request before may have begun a poll that is still under way. When all have ended, a request causes none.
    const asks = async () => {
      const before = requestsOf('snapshot');
      const { readiness } = await get();
      return [readiness, requestsOf('snapshot') - before];
    };
    await eventually(asks, ([readiness, requests]) => readiness === 'FAILED' && requests === 0);
    assert.ok(requestsOf('snapshot') > 1);
  });
});

test('the client elsewhere takes the module as an option, in both module forms', async () => {
  const wasm = new WebAssembly.Module(readFileSync(require.resolve('@flagstaff/node/flagstaff_wasm.wasm')));
  for (const { Client } of [await import('@flagstaff/node/edge'), require('@flagstaff/node/edge')]) {
    assert.throws(() => new Client({ url: 'http://127.0.0.1:9', key: 'k' }), /option `wasm`/);
    const body = JSON.stringify({
      schemaVersion: 1,
      revision: 3,
      flags: { f: { ...boolean(true), clientSide: true } },
    });
    const fetch = async () => new Response(body);
    const client = new Client({ url: 'http://127.0.0.1:9', key: 'k', wasm, fetch });
    assert.equal(client.getBooleanValue('f', false), false);
    assert.equal(await client.ready(), 'READY');
    assert.equal(client.getBooleanValue('f', false), true);
    assert.deepEqual(
      client.bootstrapFor({ targetingKey: 'u1' }).flags.map(({ key, value }) => [key, value]),
      [['f', true]],
    );
  }
});

test('leaves no timer behind', () => {
  const script = `
    const { readFileSync } = require('node:fs');
    const { Client } = require('@flagstaff/node/edge');
    const flags = { f: { type: 'boolean', enabled: true, serve: 'on', expiresAt: '2999-01-01T00:00:00Z' } };
    const text = JSON.stringify({ schemaVersion: 1, revision: 1, flags });
    const wasm = readFileSync(require.resolve('@flagstaff/node/flagstaff_wasm.wasm'));
    const client = new Client({ url: 'http://127.0.0.1:9', key: 'k', wasm, fetch: async () => new Response(text) });
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    client.ready().then((readiness) => console.log(readiness, timers()));`;
  const output = execFileSync(process.execPath, ['--eval', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
  });
  assert.equal(output, 'READY 0\n');
});

test('the script for edge platforms uses nothing of Node and stays within its budget, minified', () => {
  for (const entry of ['edge-workerd', 'edge-light']) {
    const { outputFiles } = buildSync({
      entryPoints: [fileURLToPath(new URL(`../dist/esm/${entry}.js`, import.meta.url))],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      external: ['*.wasm', '*.wasm?module'],
      write: false,
    });
    const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
    assert.ok(size <= BUDGET, `${size} bytes gzipped, the budget is ${BUDGET}`);
  }
});

/** Bytes, gzipped: what it takes today and a little. */
const BUDGET = 15_400;
