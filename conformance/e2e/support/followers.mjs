// Programs in three languages and a browser page, each of which shows one flag of a server.

import { performance } from 'node:perf_hooks';
import { Page } from './page.mjs';
import { built, fromRoot } from './paths.mjs';
import { Program } from './program.mjs';
import { KEYS } from './server.mjs';

export class Followers {
  #flag;
  #all = [];

  static async start(server, flag) {
    const followers = new Followers();
    followers.#flag = flag;
    const args = [server.url, KEYS.server, flag];
    followers.#all.push(
      new Program('python', fromRoot('.venv/bin/python'), [fromRoot('conformance/e2e/support/follow.py'), ...args]),
      new Program('node', process.execPath, [fromRoot('conformance/e2e/support/follow.mjs'), ...args]),
      new Program('rust', built('examples/watch'), [...args, 'user-1']),
    );
    followers.#all.push(await Page.open(server.url, KEYS.local, flag));
    return followers;
  }

  /** Waits until all of them show the value and status in `expected`. */
  async see(expected, milliseconds) {
    await Promise.all(this.#all.map((follower) => follower.sees(expected, milliseconds)));
  }

  /** The current value of each of them, by name. */
  async values() {
    const values = await Promise.all(this.#all.map(async (follower) => [follower.name, await follower.value()]));
    return Object.fromEntries(values);
  }

  /** Switches the flag at a server and waits until all of them show it; reports the time of each to the test. */
  async followFlip(t, server, value, milliseconds) {
    const started = performance.now();
    await Promise.all([
      server.flip(this.#flag, value),
      ...this.#all.map(async (follower) => {
        await follower.sees({ value, status: 'READY' }, milliseconds);
        t.diagnostic(`${follower.name} shows ${value} after ${Math.round(performance.now() - started)} ms`);
      }),
    ]);
  }

  async stop() {
    await Promise.all(this.#all.map((follower) => follower.stop()));
  }
}

/** The expected values if all four show `value`. */
export function everywhere(value) {
  return { python: value, node: value, rust: value, browser: value };
}
