// The client against the server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Admin, AdminError } from '@flagstaff/admin';
import { SingleNode } from '../../conformance/e2e/support/deployment.mjs';
import { KEYS } from '../../conformance/e2e/support/server.mjs';
import { Project, readGuide } from '../../conformance/javascript/project.mjs';

async function all(items) {
  const found = [];
  for await (const item of items) {
    found.push(item);
  }
  return found;
}

/** The error that a promise rejects with */
async function refusal(promise) {
  const error = await promise.then(
    () => assert.fail('the request succeeded'),
    (error) => error,
  );
  assert.ok(error instanceof AdminError, String(error));
  return error;
}

describe('an admin', () => {
  let deployment;
  let url;
  let admin;

  before(async () => {
    deployment = await SingleNode.start();
    url = deployment.writer.url;
    admin = new Admin(url, KEYS.admin);
  });

  after(() => deployment?.stop());

  test('leads a flag from its creation to its end', async () => {
    const flag = await admin.flags.create('life', { description: 'The checkout of next year' }, { reason: 'a test' });
    assert.deepEqual([flag.type, flag.enabled, flag.serve.rollout], ['boolean', false, 0]);
    assert.equal((await admin.flags.rollOut('life', 12.5)).serve.rollout, 12.5);
    assert.equal((await admin.flags.switchOn('life')).enabled, true);
    assert.equal((await admin.flags.switchOff('life', { reason: 'payments fail' })).enabled, false);
    const updated = await admin.flags.update('life', { description: null, withoutUser: true });
    assert.equal(updated.description, undefined);
    assert.deepEqual(updated.serve.onMissing, { variant: 'on' });
    assert.deepEqual(await admin.flags.get('life'), updated);
    assert.deepEqual(
      (await all(admin.flags.list({ search: 'life', type: 'boolean' }))).map(({ key }) => key),
      ['life'],
    );

    const whole = { type: 'boolean', enabled: true, serve: 'on' };
    assert.equal((await refusal(admin.flags.replace('life', whole))).code, 'precondition-required');
    const stale = await refusal(admin.flags.replace('life', whole, { ifMatch: 1 }));
    assert.deepEqual([stale.status, stale.code], [412, 'stale']);
    assert.equal((await admin.flags.replace('life', whole, { ifMatch: updated.version })).serve, 'on');

    const rows = await all(admin.audit({ flag: 'life', environment: 'production' }));
    assert.deepEqual(
      rows.map(({ reason }) => reason),
      [null, null, 'payments fail', null, null, 'a test'],
    );
    assert.ok(rows[2].changes.some(({ pointer, before }) => pointer === '/enabled' && before === true));
    const filter = { flag: 'life', environment: 'production', action: 'update', from: rows[5].at };
    assert.equal((await all(admin.audit(filter))).length, 5);

    await admin.flags.delete('life');
    assert.equal((await refusal(admin.flags.get('life'))).code, 'not-found');
  });

  test('reads lists page after page', async () => {
    for (const start of [0, 100, 200]) {
      const keys = Array.from({ length: 100 }, (_, index) => `page-${start + index}`);
      const operations = keys.map((key) => ({ op: 'put', key, value: { type: 'boolean', enabled: false } }));
      const path = '/api/v1/projects/{project}/environments/{environment}/changesets';
      await admin.request('post', path, { body: { operations } });
    }
    assert.equal(new Set((await all(admin.flags.list({ search: 'page-' }))).map(({ key }) => key)).size, 300);
    const options = { body: { key: 'once', enabled: false }, idempotencyKey: 'once' };
    const path = '/api/v1/projects/{project}/environments/{environment}/flags';
    const flag = await admin.request('post', path, options);
    assert.deepEqual(await admin.request('post', path, options), flag);
  });

  test('changes overrides', async () => {
    const variants = { plain: { theme: { dark: false } } };
    await admin.flags.create('session', {
      type: 'object',
      enabled: true,
      variants,
      offVariant: 'plain',
      serve: 'plain',
    });
    const value = { patch: { theme: { dark: true }, beta: 1 } };
    const added = await admin.overrides.add('session', 'user', 'u/1', value, { reason: 'asked for it' });
    assert.deepEqual([added.contextKey, added.reason], ['u/1', 'asked for it']);
    const patched = await admin.overrides.patch('session', 'user', 'u/1', { patch: { beta: null } });
    assert.deepEqual(patched.value, { patch: { theme: { dark: true } } });
    assert.deepEqual((await admin.overrides.get('session', 'user', 'u/1')).value, patched.value);
    const [row] = await all(admin.overrides.ofContext('u/1', { level: 'user' }));
    assert.equal(row.flag, 'session');

    await admin.flags.create('gate', { enabled: true, rolloutPercentage: 0 });
    const lines = ['u0', 'u1', 'u2'].map((contextKey) => ({ level: 'user', contextKey, value: 'include' }));
    assert.equal((await admin.overrides.load('gate', lines, { dryRun: true })).dryRun, true);
    assert.deepEqual(await all(admin.overrides.list('gate')), []);
    assert.equal((await admin.overrides.load('gate', lines)).added, 3);
    assert.equal((await admin.overrides.load('gate', lines.slice(0, 1), { mode: 'replace' })).removed, 2);
    await admin.overrides.add('gate', 'organization', 'acme', 'exclude');
    const users = await all(admin.overrides.list('gate', { level: 'user', effect: 'include' }));
    assert.deepEqual(
      users.map(({ contextKey }) => contextKey),
      ['u0'],
    );
    await admin.overrides.remove('gate', 'user', 'u0');
    assert.equal((await all(admin.overrides.list('gate'))).length, 1);

    const wrong = await refusal(
      admin.overrides.load(
        'gate',
        ['yes', 'no'].map((value) => ({ level: 'user', contextKey: value, value })),
      ),
    );
    assert.deepEqual(
      wrong.errors.map(({ line, pointer }) => [line, pointer]),
      [
        [1, '/value'],
        [2, '/value'],
      ],
    );
    assert.ok(wrong.message.endsWith(`; /value in line 2: ${wrong.errors[1].message}`), wrong.message);
  });

  test('creates keys and tokens, and works in other places', async () => {
    const key = await admin.keys.create({ name: 'page', kind: 'client', origins: ['https://app.example'] });
    assert.match(key.token, /^fs_client_/);
    const secret = await admin.keys.createSecret(key.id);
    assert.equal((await admin.keys.update(key.id, { signedContexts: true })).signedContexts, true);
    assert.deepEqual(
      (await admin.keys.get(key.id)).secrets.map(({ id, secret }) => [id, secret]),
      [[secret.id, undefined]],
    );
    await admin.keys.update(key.id, { signedContexts: false });
    await admin.keys.removeSecret(key.id, secret.id);
    const renewed = await admin.keys.rotate(key.id, { graceSeconds: 60 });
    await admin.keys.revoke(key.id);
    assert.deepEqual(
      (await all(admin.keys.list({ kind: 'client', search: 'page' }))).map(({ id }) => id),
      [renewed.id],
    );

    const token = await admin.tokens.create({ name: 'reader', role: 'viewer', expiresAt: '2099-01-01T00:00:00Z' });
    const reader = new Admin(url, token.token, { environment: 'staging' });
    assert.deepEqual(await all(reader.flags.list({ search: 'of-staging' })), []);
    const refused = await refusal(reader.flags.create('of-staging'));
    assert.deepEqual([refused.status, refused.code], [403, 'forbidden']);
    assert.equal((await admin.tokens.get(token.id)).role, 'viewer');
    assert.ok((await all(admin.tokens.list({ role: 'viewer' }))).some(({ id }) => id === token.id));
    await admin.tokens.revoke(token.id);
    assert.equal((await refusal(reader.flags.get('a'))).code, 'unauthorized');

    const staging = admin.inEnvironment('staging');
    await staging.flags.create('of-staging');
    assert.equal((await staging.flags.get('of-staging')).enabled, false);
    await admin.request('post', '/api/v1/projects', { body: { name: 'shop', environments: ['live'] } });
    const shop = admin.inProject('shop', 'live');
    assert.deepEqual([shop.project, shop.environment], ['shop', 'live']);
    assert.equal((await shop.flags.create('a')).key, 'a');
    const path = { project: 'shop' };
    const page = await admin.request('get', '/api/v1/projects/{project}/environments', { path, query: { limit: 1 } });
    assert.equal(page.total, 1);
  });

  test('waits for convergence', async () => {
    const result = await admin.waitForConvergence();
    assert.deepEqual([result.converged, result.behind], [true, []]);
    const stream = await fetch(`${url}/api/v1/sdk/stream`, { headers: { authorization: `Bearer ${KEYS.server}` } });
    try {
      const reader = stream.body.getReader();
      await reader.read();
      // A revision that does not exist yet: nobody has it in time.
      const future = await admin.waitForConvergence({ revision: result.revision + 100, timeoutMs: 200 });
      assert.equal(future.converged, false);
      assert.equal(future.behind.length, 1);
      await reader.cancel();
    } finally {
      await stream.body.cancel().catch(() => {});
    }
  });

  test('says what is wrong, and where', async () => {
    const error = await refusal(admin.flags.create('wrong', { enabled: true, rolloutPercentage: 101 }));
    assert.deepEqual([error.status, error.code, error.pointers], [422, 'invalid', ['/rolloutPercentage']]);
    assert.equal(error.message, `invalid: ${error.detail}`);
    assert.match(error.requestId, /./);
    // These would become another path on the way to the server.
    for (const name of ['', '.', '..']) {
      await assert.rejects(admin.flags.delete(name), /TypeError: `key`: a path cannot contain the name/);
      assert.throws(() => new Admin(name, KEYS.admin), TypeError);
    }
    assert.throws(() => new Admin(url, ''), TypeError);
  });

  test('is what the guide and the README describe', async () => {
    const files = await readGuide('admin');
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    files.set('readme.mjs', /```js\n([\s\S]*?)```/.exec(readme)[1]);
    const project = await Project.create(files, { packages: { '@flagstaff/admin': 'admin-client' } });
    try {
      const env = { FLAGSTAFF_SERVER: url, FLAGSTAFF_TOKEN: KEYS.admin };
      const { stdout } = await project.run('../release.mjs', [], env);
      assert.match(stdout, /^admin update \/overrides\/organization\/acme\n/);
      await project.run('../readme.mjs', [], env);
      assert.equal((await admin.flags.get('new-search')).enabled, false);
    } finally {
      await project.remove();
    }
  });
});

test('a response of something else, and none, are errors of their own', async () => {
  const asked = [];
  const proxy = createServer(({ url }, response) => {
    asked.push(url);
    response.writeHead(url.includes('moved') ? 302 : 502, { location: '/elsewhere' }).end('<html>');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const admin = new Admin(`http://127.0.0.1:${proxy.address().port}`, KEYS.admin);
  // A redirect is not followed: another host must not get the token.
  for (const [key, status] of [
    ['a', 502],
    ['moved', 302],
  ]) {
    const error = await refusal(admin.flags.get(key));
    assert.deepEqual([error.status, error.code, error.detail], [status, 'unknown', `HTTP ${status}`]);
  }
  assert.equal(asked.length, 2);
  proxy.closeAllConnections();
  proxy.close();
  await once(proxy, 'close');
  const error = await refusal(admin.flags.get('a'));
  assert.deepEqual([error.status, error.code], [0, 'unreachable']);
  assert.match(error.detail, /^no response from http:\/\/127\.0\.0\.1:\d+: ./);
});
