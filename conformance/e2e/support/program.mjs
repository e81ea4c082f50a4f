// A program in any language that follows one flag and prints a JSON line whenever its value or the client's status changes:
//
//   {"flag": "wishlist-gallery", "value": true, "status": "READY"}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from './paths.mjs';

export class Program {
  #process;
  #ended;
  #latest = {};
  #watchers = new Set();

  constructor(name, command, args) {
    this.name = name;
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((_, reject) => {
      this.#process.once('error', reject);
      this.#process.once('exit', (code, signal) => reject(new Error(`the ${name} program ended (${signal ?? code})`)));
    });
    // Whoever waits gets the error; nobody need be waiting.
    this.#ended.catch(() => {});
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#latest = JSON.parse(line);
      for (const look of this.#watchers) {
        look();
      }
    });
  }

  /** Waits until value and status, where named in `expected`, are what the program last told. */
  async sees(expected, milliseconds) {
    const what = `${this.name} to see ${JSON.stringify(expected)}`;
    let look;
    const seen = new Promise((resolve) => {
      look = () => {
        if (Object.entries(expected).every(([name, value]) => this.#latest[name] === value)) {
          resolve();
        }
      };
    });
    this.#watchers.add(look);
    look();
    try {
      await within(milliseconds, what, Promise.race([seen, this.#ended]), () => JSON.stringify(this.#latest));
    } finally {
      this.#watchers.delete(look);
    }
  }

  /** What the program last told. */
  async value() {
    return this.#latest.value;
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill();
      await ended;
    }
  }
}
