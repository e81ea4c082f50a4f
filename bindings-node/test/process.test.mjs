import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import * as esm from '@flagstaff/node';
import { boolean, FlagServer } from './support/server.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Runs a script to its end, within the folder of the package so that it finds it by name; the environment is ours and `env`. */
async function run(script, { env = {}, args = ['--input-type=module', '--eval', script], input } = {}) {
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env }, stdio: 'pipe' });
  child.stdin.end(input);
  const [[code], stdout, stderr] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

describe('a process ends by itself, without close()', { timeout: 60_000 }, () => {
  const script = (url, rest) => `
    import { Client } from '@flagstaff/node';
    const client = new Client(${JSON.stringify(url)}, 'k', { logger: { warn() {} } });
    ${rest}`;

  test('while a stream is open', async (context) => {
    const server = await FlagServer.start();
    context.after(() => server.stop());
    server.put('f', boolean(true));
    const { code, stdout } = await run(
      script(server.url, "console.log(await client.ready(), client.getBooleanValue('f', false));"),
    );
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'READY true\n' });
  });

  test('while the server is away', async (context) => {
    const server = await FlagServer.start();
    const { url } = server;
    await server.stop();
    context.diagnostic(url);
    const { code, stdout } = await run(script(url, 'console.log(await client.ready({ timeoutMs: 20 }));'));
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'TIMED_OUT\n' });
  });

  test('while the server says nothing', async (context) => {
    const sockets = [];
    const hole = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(hole, 'listening');
    context.after(() => {
      for (const socket of sockets) {
        socket.destroy();
      }
      hole.close();
    });
    const { code } = await run(script(`http://127.0.0.1:${hole.address().port}`, 'client.start();'));
    assert.equal(code, 0);
  });

  test('where the client was never started, and where it is offline', async () => {
    assert.equal((await run(script('http://127.0.0.1:9', ''))).code, 0);
    const offline = "import { Client } from '@flagstaff/node'; Client.fromDocument('{\"schemaVersion\": 1}');";
    assert.equal((await run(offline)).code, 0);
  });
});

describe('worker threads', { timeout: 60_000 }, () => {
  for (const engine of ['native', 'wasm']) {
    test(`each has a client of its own, with the ${engine} engine, and may be ended at any time`, async (context) => {
      const server = await FlagServer.start();
      context.after(() => server.stop());
      server.put('f', boolean(true));
      const code = `
        const { parentPort, workerData: { url, engine } } = require('node:worker_threads');
        const { Client } = require('@flagstaff/node');
        const client = new Client(url, 'k', { engine, logger: { warn() {} } });
        client.ready().then((ready) => parentPort.postMessage([ready, client.engine, client.getBooleanValue('f', false)]));
        setInterval(() => client.getBooleanValue('f', false), 0);`;
      for (let round = 0; round < 5; round += 1) {
        const workers = Array.from(
          { length: 4 },
          () => new Worker(code, { eval: true, workerData: { url: server.url, engine } }),
        );
        // One in four is ended while it starts.
        await workers[0].terminate();
        for (const [answer] of await Promise.all(workers.slice(1).map((worker) => once(worker, 'message')))) {
          assert.deepEqual(answer, ['READY', engine, true]);
        }
        await Promise.all(workers.map((worker) => worker.terminate()));
      }
    });
  }
});

/** As many as fit into seconds: the start of a thread with the package takes 46 ms of a processor. A thousand take 46 s (docs/adr/0052). */
const THREADS = 100;
const AT_ONCE = 6;

test(`${THREADS} worker threads with the addon are made and ended, of which a third does not end by itself`, {
  timeout: 120_000,
}, async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Client } = require('@flagstaff/node');
    const client = Client.fromDocument(workerData.document, { engine: 'native' });
    const view = client.forContext({ targetingKey: 'u1' });
    parentPort.postMessage([client.engine, view.isEnabled('f'), Object.keys(client.evaluateAll()).length]);
    if (workerData.stays) {
      setInterval(() => client.getBooleanValue('f', false), 1);
    }`;
  const document = JSON.stringify({ schemaVersion: 1, flags: { f: boolean(true), g: boolean(false) } });
  let made = 0;
  const chain = async () => {
    while (made < THREADS) {
      made += 1;
      const stays = made % 3 === 0;
      const worker = new Worker(code, { eval: true, workerData: { document, stays } });
      const exit = once(worker, 'exit');
      const [answer] = await once(worker, 'message');
      assert.deepEqual(answer, ['native', true, 2]);
      if (stays) {
        await worker.terminate();
      }
      assert.deepEqual(await exit, [stays ? 1 : 0]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, chain));
});

describe('the choice of the engine', { timeout: 60_000 }, () => {
  const script = "import { createEvaluator } from '@flagstaff/node/evaluator'; console.log(createEvaluator().engine);";

  test('is the addon by default', async () => {
    assert.equal((await run(script, { env: { FLAGSTAFF_ENGINE: '' } })).stdout, 'native\n');
  });

  test("is the environment's, for each engine", async () => {
    assert.equal((await run(script, { env: { FLAGSTAFF_ENGINE: 'wasm' } })).stdout, 'wasm\n');
    assert.equal((await run(script, { env: { FLAGSTAFF_ENGINE: 'native' } })).stdout, 'native\n');
  });

  test('falls back to WebAssembly if there is no addon for the platform', async () => {
    const elsewhere = `Object.defineProperty(process, 'arch', { value: 'pdp11' });`;
    const withoutAddon = `${elsewhere} const { createEvaluator } = await import('@flagstaff/node/evaluator'); console.log(createEvaluator().engine);`;
    assert.equal((await run(withoutAddon)).stdout, 'wasm\n');
  });

  test('that does not exist is FAILED, and getters return the default', async () => {
    const warnings = [];
    const client = new esm.Client('http://127.0.0.1:9', 'k', {
      engine: 'abacus',
      logger: { warn: (message) => warnings.push(message) },
    });
    assert.equal(await client.ready(), 'FAILED');
    assert.equal(client.getBooleanValue('f', true), true);
    assert.match(warnings.join(), /`native` or `wasm`/);
  });
});

test('both module forms have the same names', () => {
  assert.deepEqual(Object.keys(require('@flagstaff/node')), Object.keys(esm));
});

test('making a client with a URL that is none or an empty key throws at once', () => {
  assert.throws(() => new esm.Client('flags.example.com', 'k'), TypeError);
  assert.throws(() => new esm.Client('http://flags.example.com', ''), TypeError);
});

test('the example prints changes until its standard input ends', { timeout: 30_000 }, async (context) => {
  const server = await FlagServer.start();
  context.after(() => server.stop());
  server.put('f', boolean(false));
  const child = spawn(process.execPath, ['examples/watch.mjs', server.url, 'k', 'f', 'user-1'], { cwd: folder });
  const lines = [];
  for await (const chunk of child.stdout) {
    lines.push(...String(chunk).trim().split('\n').map(JSON.parse));
    if (lines.some(({ value }) => value)) {
      child.stdin.end();
    } else if (lines.at(-1).status === 'READY') {
      server.set('f', boolean(true));
    }
  }
  assert.deepEqual(lines.slice(0, 3), [
    { flag: 'f', value: false, status: 'NOT_READY' },
    { flag: 'f', value: false, status: 'READY' },
    { flag: 'f', value: true, status: 'READY' },
  ]);
  assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0);
});

describe('what is as deep as the language allows', { timeout: 120_000 }, () => {
  const file = fileURLToPath(new URL('../../conformance/cases/loading/depth.json', import.meta.url));
  const code = `
    const { readFileSync } = require('node:fs');
    const { parentPort, workerData } = require('node:worker_threads');
    const { createEvaluator } = require('@flagstaff/node/evaluator');
    const { document, cases } = JSON.parse(readFileSync(workerData.file, 'utf8'));
    const evaluator = createEvaluator(workerData.engine);
    const errors = new Set();
    const documents = [document, ...cases.flatMap((one) => one.document ?? [])];
    for (const one of documents) {
      evaluator.load(JSON.stringify(one));
      for (const flag of Object.keys(one.flags)) {
        errors.add(JSON.parse(evaluator.evaluate(flag, null, null, { targetingKey: 'u1' }, 0)).errorCode);
        evaluator.explain(flag, null, null, { targetingKey: 'u1' }, 0);
      }
      evaluator.evaluateAll({ targetingKey: 'u1' }, 0);
    }
    parentPort.postMessage([documents.length, ...errors].sort());`;

  for (const engine of ['native', 'wasm']) {
    test(`fits into the stack of a worker thread, with the ${engine} evaluator`, async () => {
      // A quarter of what a worker has unless it is told otherwise.
      const resourceLimits = { stackSizeMb: 1 };
      const worker = new Worker(code, { eval: true, workerData: { file, engine }, resourceLimits });
      const [answer] = await once(worker, 'message');
      assert.deepEqual(answer, [8, 'PARSE_ERROR', null]);
      await worker.terminate();
    });
  }
});
