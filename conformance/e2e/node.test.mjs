// The parts of the Node client besides following a stream, against the real server.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from '@flagstaff/node';
import { SingleNode } from './support/deployment.mjs';
import { fromRoot, within } from './support/paths.mjs';
import { KEYS } from './support/server.mjs';

const FLAG = 'wishlist-gallery';
const WAIT_MS = 30_000;
const ENVIRONMENT = 'api/v1/projects/default/environments/production';

const run = promisify(execFile);

let deployment;
let server;
let folder;

before(async () => {
  deployment = await SingleNode.start();
  server = deployment.writer;
  folder = await mkdtemp(join(tmpdir(), 'flagstaff-node-'));
});

after(async () => {
  await deployment?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A client that ends with the test, and its warnings. */
function create(context, options = {}) {
  const warnings = [];
  const logger = { warn: (message) => warnings.push(message) };
  const client = new Client({ url: server.url, key: KEYS.server, logger, ...options });
  context.after(() => client.close());
  return { client, warnings };
}

/** Resolves when `condition` holds, which is tried at each event of the client. */
function until(client, condition) {
  const met = new Promise((resolve) => {
    const check = () => condition() && resolve();
    client.on('change', check);
    client.on('status', check);
    check();
  });
  return within(WAIT_MS, String(condition), met, () => client.status);
}

async function api(path) {
  const headers = { authorization: `Bearer ${KEYS.admin}` };
  return (await fetch(`${server.url}/${ENVIRONMENT}/${path}`, { headers })).json();
}

/** How often a flag was evaluated, after the server has stored the counts, which it does every ten seconds. */
async function evaluations(flag) {
  for (;;) {
    const { count } = await api(`flags/${flag}/usage`);
    if (count > 0) {
      return count;
    }
    await sleep(500);
  }
}

test('a key of another kind is refused, and the log has what the server says', async (context) => {
  const { client, warnings } = create(context, { key: KEYS.client });
  assert.equal(await client.ready(), 'FAILED');
  assert.match(
    warnings.join(),
    /HTTP 403: this needs a `server` key or a `client-local` key, and a `client` key was sent/,
  );
});

test('url and key may be in the environment', async () => {
  const script = `
    import { Client } from '@flagstaff/node';
    const client = new Client();
    console.log(await client.ready(), client.engine);
    await client.close();`;
  const env = { ...process.env, FLAGSTAFF_URL: server.url, FLAGSTAFF_KEY: KEYS.server };
  const options = { env, cwd: fromRoot('conformance'), timeout: WAIT_MS };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], options);
  assert.equal(stdout, 'READY native\n');
  assert.throws(() => new Client({ key: 'k' }), /FLAGSTAFF_URL/);
});

test('what a process counted reaches the server, when it closes the client in its last line and when it calls flush', async () => {
  const report = async (flag, last) => {
    const script = `
      import { Client } from '@flagstaff/node';
      const client = new Client(${JSON.stringify(server.url)}, ${JSON.stringify(KEYS.server)});
      await client.ready();
      for (let call = 0; call < 5; call += 1) {
        client.getBooleanValue('${flag}', false, { targetingKey: 'u1' });
      }
      ${last}`;
    const options = { cwd: fromRoot('conformance'), timeout: WAIT_MS };
    await run(process.execPath, ['--input-type=module', '--eval', script], options);
    return within(WAIT_MS, `the count of ${flag}`, evaluations(flag));
  };
  const counts = [report('wishlist-reorder', 'client.close();'), report('wishlist-edit-item', 'await client.flush();')];
  assert.deepEqual(await Promise.all(counts), [5, 5]);
});

for (const mode of ['poll', 'serverless']) {
  test(`in the mode ${mode} a change arrives with the next poll`, async (context) => {
    await server.flip(FLAG, false);
    const { client } = create(context, { mode, pollIntervalMs: 50 });
    assert.equal(await client.ready(), 'READY');
    const read = () => client.getBooleanValue(FLAG, false);
    assert.equal(read(), false);
    await server.flip(FLAG, true);
    if (mode === 'serverless') {
      // A read of old flags asks for new ones, and gets those that are there.
      await sleep(100);
      assert.equal(read(), false);
      let kept;
      assert.equal(await client.flush({ waitUntil: (sent) => (kept = sent) }), true);
      assert.equal(await kept, true);
      assert.equal(read(), true);
    } else {
      await until(client, read);
    }
  });
}

describe('a cache file', () => {
  let file;
  before(() => {
    file = join(folder, 'flags.cache');
  });

  test('has the last flags, with the changes since, for its owner only', async (context) => {
    await server.flip(FLAG, false);
    const { client } = create(context, { cacheFile: file });
    assert.equal(await client.ready(), 'READY');
    await server.flip(FLAG, true);
    await until(client, () => client.getBooleanValue(FLAG, false));
    await client.close();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await readFile(file, 'utf8')).includes(KEYS.server), false);
  });

  test('is what a client starts with while the server is away, and it continues from there', async (context) => {
    await server.kill();
    const { client } = create(context, { cacheFile: file });
    assert.equal(await client.ready({ timeoutMs: 1e9 }), 'STALE');
    assert.equal(client.getBooleanValue(FLAG, false), true);
    const { revision } = client;
    assert.ok(revision > 0);
    await server.restart();
    await until(client, () => client.status === 'READY');
    assert.equal(client.revision, revision);
    await server.flip(FLAG, false);
    await until(client, () => !client.getBooleanValue(FLAG, true));
  });

  test('of another key, and a damaged one, is not used beyond what is whole', async (context) => {
    const other = create(context, { cacheFile: file, key: 'another', url: 'http://127.0.0.1:9' });
    assert.equal(await other.client.ready({ timeoutMs: 10 }), 'TIMED_OUT');
    assert.match(other.warnings.join(), /another server or SDK key/);
    const text = await readFile(file, 'utf8');
    await server.kill();
    await writeFile(file, text.slice(0, -20));
    const torn = create(context, { cacheFile: file });
    assert.equal(await torn.client.ready({ timeoutMs: 1e9 }), 'STALE');
    assert.equal(torn.client.getBooleanValue(FLAG, false), true, 'the last change is torn, the one before is whole');
    await server.restart();
  });

  test('is written anew when its changes are longer than the flags', async (context) => {
    await rm(file, { force: true });
    const { client } = create(context, { cacheFile: file });
    await client.ready();
    const changes = 24;
    for (let change = 0; change < changes; change += 1) {
      const value = `${change}`.repeat(4_000);
      const body = { type: 'string', enabled: true, variants: { a: value }, offVariant: 'a', serve: 'a' };
      assert.equal((await server.put(`long-${change}`, body)).status, 201);
      await until(client, () => client.getStringValue(`long-${change}`, '') === value);
    }
    await client.close();
    const commits = (await readFile(file, 'utf8')).split('event: payload-transferred').length - 1;
    assert.ok(commits < changes, `${commits} commits in the file`);
    await server.kill();
    const { client: next } = create(context, { cacheFile: file });
    assert.equal(await next.ready({ timeoutMs: 1e9 }), 'STALE');
    assert.deepEqual(next.evaluateAll(), client.evaluateAll());
    await server.restart();
    await until(next, () => next.status === 'READY');
  });
});

test('bootstrapFor has the values that the server gives to a page, and nothing else', async (context) => {
  const { client } = create(context);
  await client.ready();
  const headers = { authorization: `Bearer ${KEYS.client}`, 'content-type': 'application/json' };
  for (const targetingKey of ['u-17', 'u-18', 'u1']) {
    const body = JSON.stringify({ context: { targetingKey } });
    const response = await fetch(`${server.url}/ofrep/v1/evaluate/flags`, { method: 'POST', headers, body });
    const { flags } = await response.json();
    const bootstrap = client.bootstrapFor({ targetingKey });
    const visible = new Set(bootstrap.flags.map(({ key }) => key));
    assert.deepEqual(
      bootstrap.flags,
      flags.filter(({ key }) => visible.has(key)),
    );
    assert.deepEqual(bootstrap.context, { targetingKey });
    const document = await server.snapshot();
    const marked = Object.keys(document.flags).filter((key) => document.flags[key].clientSide);
    assert.deepEqual([...visible].sort(), marked.sort());
    assert.equal('context' in client.bootstrapFor({ targetingKey }, { includesContext: false }), false);
  }
});
