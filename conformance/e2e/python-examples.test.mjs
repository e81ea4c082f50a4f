// The applications of examples/python, run by gunicorn, uvicorn and Celery: a flag switched at the server shows in each.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { SingleNode } from './support/deployment.mjs';
import { fromRoot } from './support/paths.mjs';
import { KEYS } from './support/server.mjs';
import { freePort, Service } from './support/service.mjs';

const run = promisify(execFile);
const FLAG = 'wishlist-gallery';
const START_MS = 60_000;
const LIVE_MS = 30_000;
const POLL_MS = 20;
// gunicorn writes only what goes wrong, and no socket into the home folder.
const QUIETLY = ['--log-level', 'warning', '--no-control-socket'];

function program(name) {
  return fromRoot(`.venv/bin/${name}`);
}

/** A program in the folder of an example. */
class Example {
  #process;

  constructor(name, command, args, variables) {
    this.folder = fromRoot(`examples/python/${name}`);
    this.variables = { ...process.env, ...variables };
    this.#process = spawn(program(command), args, {
      cwd: this.folder,
      env: this.variables,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  get isRunning() {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Ends the program as its operator would: it must stop by itself. */
  async stop() {
    if (this.isRunning) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
  }
}

/** Repeats a question until its answer is as expected. */
async function becomes(expected, milliseconds, example, ask) {
  const end = Date.now() + milliseconds;
  let answer;
  do {
    answer = await ask().catch((error) => String(error.cause?.code ?? error));
    if (JSON.stringify(answer) === JSON.stringify(expected)) {
      return;
    }
    assert.ok(example.isRunning, 'the example ended');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  } while (Date.now() < end);
  assert.deepEqual(answer, expected);
}

async function get(url) {
  const response = await fetch(url, { headers: { 'x-user': 'user-1' } });
  return [response.status, await response.text()];
}

/** What the tests of an example print; they run without a server. */
async function ownTests(example) {
  const { FLAGSTAFF_URL: _url, FLAGSTAFF_KEY: _key, ...variables } = example.variables;
  // Loading every plugin of this tree takes longer than the tests.
  const env = { ...variables, PYTEST_DISABLE_PLUGIN_AUTOLOAD: '1', PYTEST_PLUGINS: 'flagstaff.pytest_plugin' };
  const { stdout } = await run(program('python'), ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'], {
    cwd: example.folder,
    env,
  });
  return stdout;
}

describe('examples for Python', () => {
  let deployment;
  let server;
  let variables;

  before(async () => {
    deployment = await SingleNode.start();
    server = deployment.writer;
    variables = { FLAGSTAFF_URL: server.url, FLAGSTAFF_KEY: KEYS.server };
  });

  after(() => deployment?.stop());

  const sites = {
    django: {
      command: 'gunicorn',
      args: (port) => ['--bind', `127.0.0.1:${port}`, '--workers', '2', '--preload', ...QUIETLY, 'shop.wsgi'],
      home: { false: /Wishlist as a list/, true: /Wishlist with a gallery/ },
      refused: /not found/i,
      opened: 'The gallery',
    },
    fastapi: {
      command: 'uvicorn',
      args: (port) => ['--host', '127.0.0.1', '--port', `${port}`, '--log-level', 'warning', 'shop:app'],
      home: { false: /"gallery":false/, true: /"gallery":true/ },
      refused: /The gallery is not open yet/,
      opened: '"The gallery"',
    },
  };

  for (const [name, { command, args, home, refused, opened }] of Object.entries(sites)) {
    test(`${name} follows a switch, and has a page only while its flag is on`, async () => {
      await server.flip(FLAG, false);
      const port = await freePort();
      const example = new Example(name, command, args(port), variables);
      const url = `http://127.0.0.1:${port}`;
      const shows = async (value) => home[value].test((await get(`${url}/`))[1]);
      try {
        await becomes(true, START_MS, example, () => shows(false));
        const [status, text] = await get(`${url}/gallery`);
        assert.equal(status, 404);
        assert.match(text, refused);
        await server.flip(FLAG, true);
        // Each of several workers follows by itself.
        await becomes([true, true, true, true], LIVE_MS, example, () =>
          Promise.all([1, 2, 3, 4].map(() => shows(true))),
        );
        await becomes([200, opened], LIVE_MS, example, () => get(`${url}/gallery`));
      } finally {
        await example.stop();
      }
      assert.match(await ownTests(example), /2 passed/);
    });
  }

  test('celery has the flags of the user for whom a task was queued', async () => {
    const redis = await Service.start('redis');
    const environment = { ...variables, REDIS_URL: `redis://127.0.0.1:${redis.port}/0` };
    const args = [
      '-A',
      'tasks',
      'worker',
      '--concurrency',
      '1',
      '--loglevel',
      'error',
      '--without-gossip',
      '--without-mingle',
    ];
    const example = new Example('celery', 'celery', args, environment);
    const queue = async (user) => {
      const { stdout } = await run(program('python'), ['queue_email.py', user], {
        cwd: example.folder,
        env: example.variables,
      });
      return stdout.trim();
    };
    try {
      await server.flip(FLAG, false);
      const closed = 'Look at your list\nThe gallery is not open yet';
      const open = 'Look at your gallery\nThe gallery is filled';
      await becomes(closed, START_MS, example, () => queue('user-1'));
      await server.flip(FLAG, true);
      await becomes(open, LIVE_MS, example, () => queue('user-1'));
      await server.put(`${FLAG}/overrides/user/user-1`, { value: 'exclude' });
      await becomes(closed, LIVE_MS, example, () => queue('user-1'));
      assert.equal(await queue('user-2'), open);
    } finally {
      await example.stop();
      await redis.stop();
    }
    assert.match(await ownTests(example), /3 passed/);
  });
});
