// The files of a guide of docs/javascript, in a folder of their own with the packed packages, as a reader of the guide makes them.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { fromRoot } from '../e2e/support/paths.mjs';

const run = promisify(execFile);
const FILE = /<!-- file: (\S+) -->\s*```\w+\n([\s\S]*?)```/g;
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

/** The files of a guide: path and text. */
export async function readGuide(name) {
  const text = await readFile(fromRoot(`docs/javascript/${name}.md`), 'utf8');
  return new Map(Array.from(text.matchAll(FILE), ([, path, body]) => [path, body]));
}

/** The files in the tarball of a package. */
export async function packedFiles(folder) {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: fromRoot(folder) });
  return JSON.parse(stdout)[0].files.map(({ path }) => path);
}

/** Packs folders of this tree, `packages` by name, and unpacks them into the node_modules of a folder. */
export async function installPacked(packages, folder) {
  for (const [name, source] of Object.entries(packages)) {
    const target = join(folder, 'node_modules', name);
    await mkdir(target, { recursive: true });
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], {
      cwd: fromRoot(source),
    });
    const tarball = join(target, JSON.parse(stdout)[0].filename);
    await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', target]);
    await rm(tarball);
  }
}

export class Project {
  folder;
  #server;

  /** `packages` are folders of this tree that are packed and unpacked; `tools` are packages of this tree's node_modules. */
  static async create(files, { packages = {}, tools = [] }) {
    const project = new Project();
    project.folder = await mkdtemp(join(tmpdir(), 'flagstaff-guide-'));
    await project.write('package.json', '{ "private": true, "type": "module" }\n');
    for (const [path, text] of files) {
      await project.write(path, text);
    }
    await installPacked(packages, project.folder);
    for (const name of tools) {
      const link = join(project.folder, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(fromRoot(`node_modules/${name}`), link);
    }
    return project;
  }

  async write(path, text) {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** Runs a program of the project's node_modules. */
  async run(program, args, env = {}) {
    const file = join(this.folder, 'node_modules', program);
    return run(process.execPath, [file, ...args], { cwd: this.folder, env: { ...process.env, ...env } });
  }

  /** Runs tests of the project. */
  async runTests(...files) {
    // Not as a part of this run, whose format its reporter would have.
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
    return run(process.execPath, ['--test', '--test-reporter=tap', ...files], { cwd: this.folder, env });
  }

  /** Serves a folder of the project; returns the address. */
  async serve(folder) {
    this.#server = createServer(async ({ url }, response) => {
      // Browsers ask for it of their own accord.
      if (url === '/favicon.ico') {
        response.writeHead(204).end();
        return;
      }
      const path = url === '/' ? '/index.html' : new URL(url, 'http://site').pathname;
      try {
        const body = await readFile(join(this.folder, folder, path));
        response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  async remove() {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
