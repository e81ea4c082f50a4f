// The real server binary, on a port and a database file of its own, which a test may kill and start again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { built, fromRoot, within } from './paths.mjs';

const START_MS = 20_000;

/** Keys of every kind for one test; the server is told to accept them. */
export const KEYS = {
  admin: 'fs_admin_0123456789abcdefghijklmnopqrstuv',
  server: 'fs_server_0123456789abcdefghijklmnopqrstuv',
  client: 'fs_client_0123456789abcdefghijklmnopqrstuv',
  local: 'fs_local_0123456789abcdefghijklmnopqrstuv',
};

export class Server {
  #folder;
  #process;
  #address = '127.0.0.1:0';

  /** A server that runs, with the demo flags. */
  static async start() {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), 'flagstaff-e2e-'));
    await server.restart();
    return server;
  }

  get url() {
    return `http://${this.#address}`;
  }

  /** Starts the binary; from the second time on at the same address and with the same file. */
  async restart() {
    const child = spawn(
      process.env.FLAGSTAFF_SERVER ?? built('flagstaff'),
      [
        'serve',
        ...['--listen', this.#address],
        ...['--database', `sqlite://${join(this.#folder, 'flagstaff.db')}`],
        ...['--seed', fromRoot('server/demo/flags.json')],
        ...['--admin-token', KEYS.admin],
        ...['--server-key', KEYS.server],
        ...['--client-key', KEYS.client],
        ...['--client-local-key', KEYS.local],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#process = child;
    this.#address = await within(START_MS, 'the server to listen', listening(child));
  }

  /** Ends the process as a power cut would. */
  async kill() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** Switches a flag of the production environment on for everybody, or off. */
  async flip(flag, enabled) {
    const path = `/api/v1/projects/default/environments/production/flags/${flag}`;
    const response = await fetch(this.url + path, {
      method: 'PUT',
      headers: { authorization: `Bearer ${KEYS.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify({ enabled, rolloutPercentage: enabled ? 100 : 0 }),
    });
    if (!response.ok) {
      throw new Error(`flipping ${flag} was answered ${response.status}: ${await response.text()}`);
    }
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await this.kill();
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The address on the line by which the server says that it accepts connections. */
async function listening(child) {
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const address = /^listening on http:\/\/(\S+)$/.exec(line)?.[1];
    if (address !== undefined) {
      child.stdout.resume();
      return address;
    }
  }
  throw new Error('the server ended before it listened');
}
