// PostgreSQL and Redis for one test, each on a free port; a script of scripts/services runs it until stdin is closed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fromRoot, within } from './paths.mjs';

const ANSWER_MS = 60_000;

export class Service {
  #script;
  #lines;

  /** Starts `postgres` or `redis`. */
  static async start(name) {
    const service = new Service();
    service.port = await freePort();
    service.#script = spawn('sh', [fromRoot(`scripts/services/${name}.sh`), String(service.port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    service.#lines = createInterface({ input: service.#script.stdout })[Symbol.asyncIterator]();
    await service.#answers('up');
    return service;
  }

  /** Sends a command to the script: `crash`, `start`. */
  async tell(command) {
    this.#script.stdin.write(`${command}\n`);
    await this.#answers('done');
  }

  async #answers(expected) {
    const line = await within(ANSWER_MS, `a service to say ${expected}`, this.#lines.next());
    if (line.value !== expected) {
      throw new Error(`a service ended before it printed ${expected}: run make setup`);
    }
  }

  async stop() {
    const ended = once(this.#script, 'exit');
    this.#script.stdin.end();
    await ended;
  }
}

/** A free port of the loopback. */
export async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}
