// A server process on a free port, which a test can kill and restart.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { built, fromRoot, within } from './paths.mjs';

const START_MS = 20_000;

/** Keys of every kind for one test, which are options of the server. */
export const KEYS = {
  admin: 'fs_admin_0123456789abcdefghijklmnopqrstuv',
  server: 'fs_server_0123456789abcdefghijklmnopqrstuv',
  client: 'fs_client_0123456789abcdefghijklmnopqrstuv',
  local: 'fs_local_0123456789abcdefghijklmnopqrstuv',
};

/** The administration of a server at an address */
export class ServerAt {
  #url;

  constructor(url) {
    this.#url = url;
  }

  get url() {
    return this.#url;
  }

  /** Switches a flag of the production environment on for all users, or off; creates it if it does not exist. */
  async flip(flag, enabled) {
    const response = await this.put(flag, { enabled, rolloutPercentage: enabled ? 100 : 0 });
    if (!response.ok) {
      throw new Error(`switching ${flag} failed with ${response.status}: ${await response.text()}`);
    }
  }

  /** Sends a change of a flag of the production environment. */
  put(flag, body) {
    return fetch(`${this.url}/api/v1/projects/default/environments/production/flags/${flag}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${KEYS.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
}

export class Server extends ServerAt {
  #options;
  #process;
  #address = '127.0.0.1:0';

  /** A server with these options and its keys; a new database gets the demo flags. */
  static async start(options) {
    const server = new Server();
    server.#options = options;
    await server.restart();
    return server;
  }

  get url() {
    return `http://${this.#address}`;
  }

  /** Starts the server; a restart uses the same address and, unless it is given others, the same options. */
  async restart(options = this.#options) {
    this.#options = options;
    const child = spawn(
      process.env.FLAGSTAFF_BINARY ?? built('flagstaff'),
      [
        'serve',
        ...['--listen', this.#address],
        ...this.#options,
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

  /** Kills the process without a shutdown. */
  async kill() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** The snapshot of the production environment. */
  async snapshot() {
    const response = await fetch(`${this.url}/api/v1/sdk/snapshot`, {
      headers: { authorization: `Bearer ${KEYS.server}` },
    });
    return response.json();
  }

  /** Whether this node reaches its database, and since how many milliseconds it may be stale. */
  async readiness() {
    return (await fetch(`${this.url}/readyz`)).json();
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await this.kill();
    }
  }
}

/** The address in the line that the server prints when it accepts connections. */
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
