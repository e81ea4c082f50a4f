/** A worker in workerd, bundled as wrangler does it: with its conditions, and with WebAssembly modules as modules. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import workerd from 'workerd';

/** What workerd is told: it may reach this machine, which it refuses otherwise. */
const CONFIG = ({ modules, bindings }) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [(name = "worker.js", esModule = embed "worker.js")${modules}],
  bindings = [${bindings}]
);
`;

export class Workerd {
  /** The lines that the worker logs. */
  log = [];
  #folder;
  #process;
  #url;

  /** Starts the worker of a script; `env` are its variables. */
  static async start(script, env) {
    const it = new Workerd();
    it.#folder = await mkdtemp(join(tmpdir(), 'flagstaff-workerd-'));
    const wasm = [];
    const asModules = {
      name: 'wasm',
      setup({ onResolve }) {
        onResolve({ filter: /\.wasm$/ }, ({ path, resolveDir }) => {
          wasm.push(resolve(resolveDir, path));
          return { path: `./${basename(path)}`, external: true };
        });
      },
    };
    await build({
      entryPoints: [script],
      bundle: true,
      format: 'esm',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['cloudflare:*'],
      plugins: [asModules],
      outfile: join(it.#folder, 'worker.js'),
      logLevel: 'error',
    });
    for (const file of wasm) {
      await copyFile(file, join(it.#folder, basename(file)));
    }
    const modules = wasm.map((file) => `, (name = "${basename(file)}", wasm = embed "${basename(file)}")`).join('');
    const bindings = Object.entries(env).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`);
    await writeFile(join(it.#folder, 'config.capnp'), CONFIG({ modules, bindings: bindings.join(', ') }));
    it.#process = spawn(workerd.default, ['serve', '--control-fd=3', '--verbose', join(it.#folder, 'config.capnp')], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    for (const stream of [it.#process.stdout, it.#process.stderr]) {
      createInterface({ input: stream }).on('line', (line) => it.log.push(line));
    }
    it.#url = await it.#listening();
    return it;
  }

  async #listening() {
    for await (const line of createInterface({ input: this.#process.stdio[3] })) {
      const { event, port } = JSON.parse(line);
      if (event === 'listen') {
        return `http://127.0.0.1:${port}`;
      }
    }
    throw new Error(`workerd ended before it listened: ${this.log.join('\n')}`);
  }

  /** The text of the worker's response. */
  async get(path = '/', headers = {}) {
    return (await fetch(this.#url + path, { headers })).text();
  }

  async stop() {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
