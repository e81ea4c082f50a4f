import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, mock, test } from 'node:test';
import { Client } from '@flagstaff/node';
import { boolean, FlagServer, refuse } from './support/server.mjs';
import { until } from './support/wait.mjs';

// Full jitter whose luck is always best: reconnecting takes no time.
mock.method(Math, 'random', () => 0);

for (const engine of ['native', 'wasm']) {
  describe(`following a server with the ${engine} engine`, { timeout: 30_000 }, () => {
    /** A server with one flag and a client that has it. */
    async function follow(context) {
      const server = await FlagServer.start();
      server.put('f', boolean(false));
      const warnings = [];
      const client = new Client(server.url, 'k', { engine, logger: { warn: (message) => warnings.push(message) } });
      context.after(async () => {
        await client.close();
        await server.stop();
      });
      const isOn = () => client.getBooleanValue('f', false);
      assert.equal(await client.ready(), 'READY');
      return { server, client, isOn, warnings };
    }

    test('a full transfer, then changes as they are made', async (context) => {
      const { server, client, isOn } = await follow(context);
      assert.equal(server.requests[0].headers.authorization, 'Bearer k');
      assert.equal(isOn(), false);
      const changes = [];
      client.on('change', ({ flags }) => changes.push(...flags));
      server.set('f', boolean(true));
      await until(client, isOn);
      server.set('g', boolean(true));
      await until(client, () => client.getBooleanValue('g', false));
      assert.deepEqual(changes, ['f', 'g']);
      assert.equal(client.revision, 3);
      assert.deepEqual(Object.keys(client.evaluateAll()), ['f', 'g']);
    });

    test('compressed answers are read as they come, of the stream and of the snapshot', async (context) => {
      const { server, client, isOn } = await follow(context);
      server.compresses = true;
      server.put('f', boolean(true));
      server.cut();
      await until(client, isOn);
      server.set('f', boolean(false));
      await until(client, () => !isOn());
      server.intercept = (request, response) => request.url.includes('/stream?') && response.writeHead(503).end();
      server.put('f', boolean(true));
      server.cut();
      await until(client, isOn);
      assert.ok(server.requests.some(({ path }) => path.endsWith('/snapshot')));
    });

    test('a cut in the middle of a transfer misses nothing', async (context) => {
      const { server, client, isOn } = await follow(context);
      const revision = client.revision;
      server.put('f', boolean(true));
      server.broadcast('event: put-object\ndata: {"kind": "flag", "key": "f", "ver');
      server.cut();
      await until(client, isOn);
      assert.equal(client.revision, revision + 1);
      assert.match(server.requests.at(-1).headers['last-event-id'], new RegExp(`^[0-9a-f]{16}\\.${revision}\\.`));
    });

    for (const [what, text] of [
      ['a malformed event', 'event: put-object\ndata: {"kind": 7}\n\n'],
      ['data that is no JSON', 'event: payload-transferred\nid: x\ndata: {\n\n'],
    ]) {
      test(`${what} keeps the last values, and the next transfer is a full one`, async (context) => {
        const { server, client, isOn } = await follow(context);
        server.put('f', boolean(true));
        server.broadcast(text);
        await until(client, isOn);
        assert.equal('last-event-id' in server.requests.at(-1).headers, false);
      });
    }

    test('a state hash that does not fit applies nothing', async (context) => {
      const { server, client, isOn } = await follow(context);
      server.put('f', boolean(true));
      server.broadcast(
        'event: put-object\ndata: {"kind": "flag", "key": "h", "version": 9, "object": {"type": "boolean", "enabled": true, "serve": "on"}}\n\n',
      );
      server.broadcast(server.transferred('00000000deadbeef'));
      await until(client, isOn);
      assert.equal(client.getBooleanDetails('h', false).errorCode, 'FLAG_NOT_FOUND');
      assert.equal('last-event-id' in server.requests.at(-1).headers, false);
    });

    test('an event that nobody knows is ignored', async (context) => {
      const { server, client, isOn } = await follow(context);
      server.broadcast('event: fireworks\ndata: {\n\n: a comment\n\n');
      server.set('f', boolean(true));
      await until(client, isOn);
      assert.equal(server.requests.length, 1);
    });

    test('a server that goes and comes back finds its client', async (context) => {
      const { server, client, isOn, warnings } = await follow(context);
      const { port } = server;
      await server.stop();
      await until(client, () => client.status === 'STALE');
      assert.equal(isOn(), false);
      assert.equal(client.getBooleanDetails('f', true).reason, 'STATIC');
      const successor = await FlagServer.start(port);
      context.after(() => successor.stop());
      successor.put('f', boolean(true));
      await until(client, () => client.status === 'READY' && isOn());
      assert.ok(warnings.length > 0);
    });

    test('a wrong key is FAILED at once, and the log has what the server says', async (context) => {
      const server = await FlagServer.start();
      server.intercept = (_, response) => refuse(response, 401, 'unknown SDK key');
      const warnings = [];
      const client = new Client(server.url, 'k', { engine, logger: { warn: (message) => warnings.push(message) } });
      context.after(() => Promise.all([client.close(), server.stop()]));
      assert.equal(await client.ready(), 'FAILED');
      assert.equal(client.status, 'FAILED');
      assert.deepEqual(warnings, [
        'flagstaff: no flags received yet: the server responded with HTTP 401: unknown SDK key',
      ]);
      assert.equal(client.getBooleanValue('f', true), true);
    });

    test('a 404 of a load balancer is over when the server is back', async (context) => {
      const server = await FlagServer.start();
      server.put('f', boolean(true));
      let attempts = 0;
      server.intercept = (_, response) => {
        attempts += 1;
        return attempts < 3 && response.writeHead(404, { 'content-type': 'text/html' }).end('no backend') !== undefined;
      };
      const client = new Client(server.url, 'k', { engine, logger: { warn: () => {} } });
      context.after(() => Promise.all([client.close(), server.stop()]));
      assert.equal(await client.ready(), 'READY');
    });

    test('a server that is full is asked again when it said', async (context) => {
      const server = await FlagServer.start();
      server.put('f', boolean(true));
      const answers = [];
      server.intercept = (_, response) => {
        answers.push(response);
        return answers.length === 1 && response.writeHead(503, { 'retry-after': '0' }).end() !== undefined;
      };
      const client = new Client(server.url, 'k', { engine, logger: { warn: () => {} } });
      context.after(() => Promise.all([client.close(), server.stop()]));
      assert.equal(await client.ready(), 'READY');
      assert.equal(answers.length, 2);
    });

    test('where the stream is blocked, polling brings the values', async (context) => {
      const server = await FlagServer.start();
      server.put('f', boolean(true));
      server.intercept = ({ url }, response) => url.endsWith('/stream') && response.writeHead(502).end() !== undefined;
      const client = new Client(server.url, 'k', { engine, logger: { warn: () => {} } });
      context.after(() => Promise.all([client.close(), server.stop()]));
      assert.equal(await client.ready(), 'READY');
      assert.equal(client.getBooleanValue('f', false), true);
    });

    test('a redirect is not followed, for the key would travel with it', async (context) => {
      const server = await FlagServer.start();
      server.intercept = (_, response) => response.writeHead(307, { location: '/elsewhere' }).end() !== undefined;
      let warn;
      const warned = new Promise((resolve) => {
        warn = resolve;
      });
      const client = new Client(server.url, 'k', { engine, logger: { warn } });
      context.after(() => Promise.all([client.close(), server.stop()]));
      client.start();
      assert.match(await warned, /307/);
      assert.deepEqual(
        server.requests.map(({ path }) => path.split('?')[0]),
        ['/api/v1/sdk/stream'],
      );
    });

    test('a server that accepts and says nothing is TIMED_OUT', async (context) => {
      const sockets = [];
      const hole = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
      await once(hole, 'listening');
      const client = new Client(`http://127.0.0.1:${hole.address().port}`, 'k', { engine });
      context.after(async () => {
        await client.close();
        for (const socket of sockets) {
          socket.destroy();
        }
        hole.close();
      });
      assert.equal(await client.ready({ timeoutMs: 50 }), 'TIMED_OUT');
      assert.equal(client.status, 'NOT_READY');
    });
  });
}
