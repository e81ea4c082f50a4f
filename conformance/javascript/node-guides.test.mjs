// The guides of docs/javascript for servers, followed to the letter with the packed package, against the server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workerd } from '../../bindings-node/test/support/workerd.mjs';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { fromRoot, within } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';
import { Project, packedFiles, readGuide } from './project.mjs';

const FLAG = 'wishlist-gallery';
const WAIT_MS = 30_000;
const NODE = { '@flagstaff/node': 'bindings-node' };
const NOT_AVAILABLE = '{"error":"Feature not available"}';

describe('the guide', () => {
  let deployment;
  let server;
  let project;
  let stop = () => {};

  before(async () => {
    deployment = await SingleNode.start();
    server = deployment.writer;
  });

  afterEach(async () => {
    await stop();
    await project?.remove();
  });

  after(() => deployment?.stop());

  const environment = () => ({ FLAGSTAFF_URL: server.url, FLAGSTAFF_KEY: KEYS.server, PORT: '0' });

  /** Starts the server of a guide; returns a function that asks it. */
  async function start(files, tools, env = {}) {
    project = await Project.create(files, { packages: NODE, tools });
    const child = spawn(process.execPath, ['main.mjs'], {
      cwd: project.folder,
      env: { ...process.env, ...environment(), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    stop = async () => {
      stop = () => {};
      child.kill('SIGTERM');
      assert.equal((await within(WAIT_MS, 'the end of the program', exit))[0], 0);
    };
    const url = await within(WAIT_MS, 'the program to listen', listening(child));
    return async (path, headers = {}) => {
      const response = await fetch(url + path, { headers });
      return [response.status, await response.text()];
    };
  }

  async function listening(child) {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /listening on (\S+)/.exec(line)?.[1];
      if (url !== undefined) {
        child.stdout.resume();
        return url;
      }
    }
    throw new Error('the program ended before it listened');
  }

  /** Asks again until the response is the expected one. */
  async function eventually(ask, expected) {
    let last;
    const found = async () => {
      for (;;) {
        last = await ask();
        if (JSON.stringify(last) === JSON.stringify(expected)) {
          return;
        }
        await sleep(20);
      }
    };
    await within(WAIT_MS, JSON.stringify(expected), found(), () => JSON.stringify(last));
  }

  /** What every server of a guide does: it follows a switch, evaluates for the user, and gates a route. */
  async function follow(get, body) {
    const view = (name) => [200, JSON.stringify(body(name))];
    await eventually(() => get('/', { 'x-plan': 'plus' }), view('list'));
    assert.deepEqual(await get('/items/new'), [404, NOT_AVAILABLE]);
    await server.flip(FLAG, true);
    await server.flip('wishlist-add-item', true);
    await eventually(() => get('/', { 'x-plan': 'plus' }), view('gallery'));
    await eventually(() => get('/items/new'), [200, 'a new wish']);
    await server.flip(FLAG, false);
    await server.flip('wishlist-add-item', false);
  }

  test('for Express', async () => {
    const files = await readGuide('express');
    for (const [path, text] of files) {
      assert.equal(await readFile(fromRoot(`examples/javascript/express/${path}`), 'utf8'), text, path);
    }
    const get = await start(files, ['express'], { FLAGSTAFF_CACHE: 'flags.cache' });
    await follow(get, (view) => ({ view, columns: 1, limit: 100 }));
    const { flags } = JSON.parse((await get('/bootstrap.json', { 'x-user': 'user-1' }))[1]);
    assert.ok(flags.some(({ key, value }) => key === FLAG && value === false));

    // The server of the flags is killed, and the application starts again without it.
    await server.flip(FLAG, true);
    await eventually(async () => JSON.parse((await get('/'))[1]).view, 'gallery');
    await server.kill();
    assert.equal(JSON.parse((await get('/'))[1]).view, 'gallery');
    await server.restart();
    await server.flip(FLAG, false);
    await eventually(async () => JSON.parse((await get('/'))[1]).view, 'list');
    assert.match((await project.runTests('app.test.mjs')).stdout, /^# pass 1$/m);
  });

  test('for Fastify', async () => {
    const get = await start(await readGuide('fastify'), ['fastify']);
    await follow(get, (view) => ({ view, limit: 100 }));
  });

  test('for Hono', async () => {
    const get = await start(await readGuide('hono'), ['hono']);
    await follow(get, (view) => ({ view, limit: 100 }));
  });

  test('for edge platforms, in workerd', async () => {
    project = await Project.create(await readGuide('edge'), { packages: NODE });
    const { FLAGSTAFF_URL, FLAGSTAFF_KEY } = environment();
    const worker = await Workerd.start(`${project.folder}/worker.js`, { FLAGSTAFF_URL, FLAGSTAFF_KEY });
    stop = async () => {
      stop = () => {};
      await worker.stop();
    };
    await server.flip(FLAG, true);
    const get = async () => JSON.parse(await worker.get('/', { 'x-user': 'user-1', 'x-plan': 'plus' }));
    assert.deepEqual(await get(), { view: 'gallery', limit: 100 });
    await eventually(async () => (await usageOf(FLAG)) > 0, true);
    assert.deepEqual(worker.log, []);
  });

  /** How often the server knows that a flag was evaluated. */
  async function usageOf(flag) {
    const response = await fetch(`${server.url}/api/v1/projects/default/environments/production/flags/${flag}/usage`, {
      headers: { authorization: `Bearer ${KEYS.admin}` },
    });
    const { variants } = await response.json();
    return variants.reduce((sum, { count }) => sum + count, 0);
  }

  test('for OpenFeature in Node', async () => {
    await server.flip(FLAG, true);
    project = await Project.create(await readGuide('openfeature-node'), {
      packages: NODE,
      tools: ['@openfeature/server-sdk', '@openfeature/core'],
    });
    const { stdout } = await project.run('../app.mjs', [], environment());
    assert.equal(stdout, 'gallery: true\nlimit: 100\n');
  });

  test('for signed contexts', async () => {
    const guide = await readFile(fromRoot('docs/signed-contexts.md'), 'utf8');
    const main = `import { pageOf } from './page.mjs';\nconsole.log(JSON.stringify(pageOf('u-1')));\n`;
    const files = [
      ['page.mjs', /```js\n([\s\S]*?)```/.exec(guide)[1]],
      ['main.mjs', main],
    ];
    project = await Project.create(files, { packages: NODE });
    const id = createHash('sha256').update(KEYS.client).digest('hex').slice(0, 16);
    const path = `/api/v1/projects/default/environments/production/keys/${id}`;
    const ask = async (method, path, body, headers) => {
      const type = { 'content-type': 'application/json' };
      const response = await fetch(server.url + path, {
        method,
        headers: { ...type, ...headers },
        body: JSON.stringify(body),
      });
      return [response.status, await response.json()];
    };
    const admin = { authorization: `Bearer ${KEYS.admin}` };
    const [, { secret }] = await ask('POST', `${path}/secrets`, undefined, admin);
    assert.equal((await ask('PATCH', path, { signedContexts: true }, admin))[0], 200);
    try {
      const env = { FLAGSTAFF_SIGNING_SECRET: secret, FLAGSTAFF_CLIENT_KEY: KEYS.client };
      const { context, signature } = JSON.parse((await project.run('../main.mjs', [], env)).stdout);
      const page = { authorization: `Bearer ${KEYS.client}` };
      const evaluate = (context, headers) =>
        ask('POST', '/ofrep/v1/evaluate/flags', { context }, { ...page, ...headers });
      assert.equal((await evaluate(context, { 'x-flagstaff-signature': signature }))[0], 200);
      assert.equal((await evaluate({ ...context, plan: 'free' }, { 'x-flagstaff-signature': signature }))[0], 403);
      assert.equal((await evaluate(context, {}))[0], 403);
    } finally {
      await ask('PATCH', path, { signedContexts: false }, admin);
    }
  });

  test('for tests', async () => {
    const files = await readGuide('testing');
    project = await Project.create(files, { packages: NODE });
    const tests = [...files.keys()].filter((name) => name.endsWith('.test.mjs'));
    assert.match((await project.runTests(...tests)).stdout, /^# pass 6$/m);
  });
});

test('the tarball contains what is built, with types and licences, and nothing else', async () => {
  const entries = [
    'edge',
    'evaluator',
    'express',
    'fastify',
    'hono',
    'index',
    'inline',
    'next',
    'openfeature',
    'testing',
  ];
  // An addon is there if `make build` was called; entries share code in chunks, whose names contain a hash.
  const isOther = (path) => /^dist\/(cjs|esm)\/chunk-\w+\.js$|^native\/flagstaff\.[\w-]+\.node$/.test(path);
  const files = (await packedFiles('bindings-node')).filter((path) => !isOther(path));
  const licences = ['APACHE', 'MIT', 'eventsource-parser'].map((name) => `dist/LICENSE-${name}`);
  const scripts = ['cjs', 'esm'].flatMap((form) => entries.map((name) => `dist/${form}/${name}.js`));
  const edge = ['edge-light', 'edge-workerd'].map((name) => `dist/esm/${name}.js`);
  // Of the declarations only those that an entry refers to.
  const own = ['client', 'edge-client', 'edge-light', 'edge-workerd', 'engine', 'next-client', 'next-request'];
  own.push('node-client', 'options', 'request-flags', 'scope', 'sign');
  const shared = ['bootstrap', 'cached-outcome', 'caching-evaluator', 'client', 'clock', 'details', 'encode'];
  shared.push(
    'evaluation',
    'evaluator',
    'flags',
    'getters',
    'index',
    'modes',
    'overrides',
    'plain',
    'prepared',
    'sync',
  );
  shared.push('transport', 'types', 'usage', 'version', 'warnings', 'wasm');
  const declarations = [
    ...[...entries, ...own].map((name) => `bindings-node/ts/${name}`),
    ...shared.map((name) => `sdk-js/src/${name}`),
  ];
  const types = ['cjs', 'esm'].flatMap((form) => declarations.map((name) => `dist/${form}/types/${name}.d.ts`));
  const expected = ['README.md', 'dist/cjs/package.json', 'dist/flagstaff_wasm.wasm', 'package.json'];
  assert.deepEqual(files.sort(), [...expected, ...licences, ...scripts, ...edge, ...types].sort());
});
