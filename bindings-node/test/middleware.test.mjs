import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, currentFlags } from '@flagstaff/node';
import * as forExpress from '@flagstaff/node/express';
import * as forFastify from '@flagstaff/node/fastify';
import * as forHono from '@flagstaff/node/hono';
import { TestClient } from '@flagstaff/node/testing';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';

const DOCUMENT = {
  schemaVersion: 1,
  flags: {
    beta: {
      type: 'boolean',
      enabled: true,
      rules: [{ when: { attribute: 'targetingKey', op: 'equals', value: 'ada' }, serve: 'on' }],
      serve: 'off',
    },
  },
};

/** A client in whose document `beta` is on for `ada`, and how often it evaluated. */
function create() {
  let evaluations = 0;
  const client = Client.fromDocument(JSON.stringify(DOCUMENT), {
    onEvaluation: () => {
      evaluations += 1;
    },
  });
  return { client, evaluations: () => evaluations };
}

const NOT_AVAILABLE = '{"error":"Feature not available"}';

/** The application of each framework: `/` reads the flag twice, `/beta` and `/early` need it, and `/broken` has no context. */
const FRAMEWORKS = {
  async Express(client) {
    const { flagsMiddleware, requireFlag } = forExpress;
    const app = express();
    app.use(flagsMiddleware(client, { context: readUser((request) => request.headers['x-user']) }));
    app.get('/', async (request, response) => {
      await sleep(1);
      response.json([
        request.flags.isEnabled('beta'),
        request.flags.get('beta', false),
        currentFlags() === request.flags,
      ]);
    });
    app.get('/beta', requireFlag('beta'), (_request, response) => response.send('welcome'));
    app.get('/early', requireFlag('beta', { status: 402, message: 'not for you' }), (_, response) => response.send(''));
    app.use((_error, _request, response, _next) => response.status(500).send('failed'));
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    return { get: (path, headers) => fetch(url + path, { headers }), stop: () => server.close() };
  },

  async Fastify(client) {
    const { flagsPlugin, requireFlag } = forFastify;
    const app = fastify();
    await app.register(flagsPlugin, { client, context: readUser((request) => request.headers['x-user']) });
    app.get('/', async (request) => {
      await sleep(1);
      return [request.flags.isEnabled('beta'), request.flags.get('beta', false), currentFlags() === request.flags];
    });
    app.get('/beta', { preHandler: requireFlag('beta') }, async () => 'welcome');
    app.get('/early', { preHandler: requireFlag('beta', { status: 402, message: 'not for you' }) }, async () => '');
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { get: (path, headers) => fetch(url + path, { headers }), stop: () => app.close() };
  },

  async Hono(client) {
    const { flagsMiddleware, requireFlag } = forHono;
    const app = new Hono();
    app.use(flagsMiddleware(client, { context: readUser((c) => c.req.header('x-user')) }));
    app.get('/', async (c) => {
      await sleep(1);
      return c.json([c.var.flags.isEnabled('beta'), c.var.flags.get('beta', false), currentFlags() === c.var.flags]);
    });
    app.get('/beta', requireFlag('beta'), (c) => c.text('welcome'));
    app.get('/early', requireFlag('beta', { status: 402, message: 'not for you' }), (c) => c.text(''));
    return { get: async (path, headers) => app.request(path, { headers }), stop: () => {} };
  },
};

/** A context function; the user `broken` is an error, and another one takes time to find. */
function readUser(header) {
  return (request) => {
    const user = header(request);
    if (user === 'broken') {
      throw new Error('no session');
    }
    const context = { targetingKey: user };
    return user === 'slow' ? sleep(1).then(() => context) : context;
  };
}

for (const [name, start] of Object.entries(FRAMEWORKS)) {
  describe(`flags of a request in ${name}`, () => {
    async function open(context) {
      const { client, evaluations } = create();
      const app = await start(client);
      context.after(() => app.stop());
      const get = async (path, user) => {
        const response = await app.get(path, user === undefined ? {} : { 'x-user': user });
        return [response.status, await response.text()];
      };
      return { get, client, evaluations };
    }

    test('are those of its context, each evaluated once, and also found without the request', async (context) => {
      const { get, evaluations } = await open(context);
      assert.deepEqual(await get('/', 'ada'), [200, '[true,true,true]']);
      assert.equal(evaluations(), 1);
      assert.deepEqual(await get('/', 'bob'), [200, '[false,false,true]']);
      assert.deepEqual(await get('/', 'slow'), [200, '[false,false,true]']);
      assert.deepEqual(await get('/'), [200, '[false,false,true]']);
      assert.equal(currentFlags(), undefined);
    });

    test('of many requests at once do not mix', async (context) => {
      const { get } = await open(context);
      const users = Array.from({ length: 20 }, (_, index) => ['ada', 'bob', 'slow'][index % 3]);
      const answers = await Promise.all(users.map((user) => get('/', user)));
      assert.deepEqual(
        answers.map(([, text]) => text),
        users.map((user) => `[${user === 'ada'},${user === 'ada'},true]`),
      );
    });

    test('close a route with a 404, or as it says, and open it live', async (context) => {
      const { get, client } = await open(context);
      assert.deepEqual(await get('/beta', 'ada'), [200, 'welcome']);
      assert.deepEqual(await get('/beta', 'bob'), [404, NOT_AVAILABLE]);
      assert.deepEqual(await get('/early', 'bob'), [402, '{"error":"not for you"}']);
      const override = client.override({ beta: true });
      assert.deepEqual(await get('/beta', 'bob'), [200, 'welcome']);
      override[Symbol.dispose]();
      assert.deepEqual(await get('/beta', 'bob'), [404, NOT_AVAILABLE]);
    });

    test('whose context cannot be read are an error of the request', async (context) => {
      const { get } = await open(context);
      assert.equal((await get('/', 'broken'))[0], 500);
    });
  });
}

test('a gate without its middleware is an error, not an open door', async (context) => {
  const app = express();
  app.get('/', forExpress.requireFlag('beta'), (_request, response) => response.send('open'));
  app.use((error, _request, response, _next) => response.status(500).send(error.message));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /install the middleware/);
  const hono = new Hono().get('/', forHono.requireFlag('beta'), (c) => c.text('open'));
  hono.onError((error, c) => c.text(error.message, 500));
  assert.match(await (await hono.request('/')).text(), /install the middleware/);
});

test('runWithContext has the flags of a context for what it calls, in both forms of the package', async () => {
  const { client } = create();
  const common = createRequire(import.meta.url)('@flagstaff/node');
  const read = async () => {
    await sleep(1);
    return [currentFlags()?.isEnabled('beta'), common.currentFlags()?.isEnabled('beta')];
  };
  const results = await Promise.all([
    client.runWithContext({ targetingKey: 'ada' }, read),
    client.runWithContext({ targetingKey: 'bob' }, () => client.runWithContext({ targetingKey: 'ada' }, read)),
    client.runWithContext({ targetingKey: 'bob' }, read),
    read(),
  ]);
  assert.deepEqual(results, [
    [true, true],
    [true, true],
    [false, false],
    [undefined, undefined],
  ]);
});

describe('a client for tests', () => {
  test('has the flags that a test gives it, and no others', async () => {
    const client = new TestClient({ beta: true, size: 20, layout: { columns: 2 } });
    assert.equal(await client.ready(), 'READY');
    assert.equal(client.getBooleanValue('beta', false, { targetingKey: 'anybody' }), true);
    assert.equal(client.getNumberValue('size', 1), 20);
    assert.deepEqual(client.forContext().get('layout', {}), { columns: 2 });
    assert.equal(client.getBooleanDetails('missing', true).errorCode, 'FLAG_NOT_FOUND');
    assert.deepEqual(
      client.bootstrapFor({ targetingKey: 'u1' }).flags.map(({ key, value }) => [key, value]),
      [
        ['beta', true],
        ['size', 20],
        ['layout', { columns: 2 }],
      ],
    );
  });

  test('tells of changes, and forgets everything at a reset', () => {
    const client = new TestClient({ beta: true });
    let calls = 0;
    client.subscribe('beta', () => {
      calls += 1;
    });
    client.set({ beta: false });
    assert.equal(client.getBooleanValue('beta', true), false);
    client.reset();
    assert.equal(client.getBooleanDetails('beta', true).errorCode, 'FLAG_NOT_FOUND');
    assert.equal(calls, 3);
  });
});
