// A program in any language that prints a line of JSON whenever the value of a flag or the status of its client changes:
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
    // A waiting caller gets the error; otherwise it is ignored.
    this.#ended.catch(() => {});
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#latest = JSON.parse(line);
      for (const look of this.#watchers) {
        look();
      }
    });
  }

  /** Waits until the program has printed the value and status in `expected`. */
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

  /** The last line of the program. */
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
