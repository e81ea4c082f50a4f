/** A tiny app, in a folder of its own, that has installed the package from its tarball. */

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
const modules = join(dirname(require.resolve('typescript/package.json')), '..');
const types = join(dirname(require.resolve('@types/node/package.json')), '..');

/** The files of an npm package that a shell would find as `npm`; on Windows it is a script that `execFile` cannot start. */
const npm = (args, cwd) => exec('npm', args, { cwd, shell: process.platform === 'win32' });

/** What `evaluate.mjs` and `evaluate.cjs` of the app print. */
export const ANSWERS = '["native",true,"#00f",2.5]\n["wasm",true,"#00f",2.5]\n';

export class App {
  #folder = mkdtempSync(join(tmpdir(), 'flagstaff-app-'));

  /** Packs the package in `source`, copies `app` and installs the tarball there, with nothing from a registry. */
  static async install(source, app) {
    const it = new App();
    cpSync(app, it.#folder, { recursive: true });
    writeFileSync(join(it.#folder, 'package.json'), '{ "name": "app", "private": true }\n');
    await it.#installPacked([source]);
    it.#addBuiltAddon(source);
    return it;
  }

  /** An app that installs several packages, which may depend on each other, and nothing else; `options` are those of npm. */
  static async installAll(sources, app, options = []) {
    const it = new App();
    cpSync(app, it.#folder, { recursive: true });
    writeFileSync(join(it.#folder, 'package.json'), '{ "name": "app", "private": true }\n');
    await it.#installPacked(sources, options);
    return it;
  }

  async #installPacked(sources, options = []) {
    this.files = [];
    const tarballs = [];
    for (const source of sources) {
      const { stdout } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', this.#folder], source);
      const [{ filename, files }] = JSON.parse(stdout);
      this.files.push(...files.map(({ path }) => path));
      tarballs.push(`./${filename}`);
    }
    // Without peers: npm asks the registry for optional ones too, which a new machine's cache does not have.
    await npm(['install', '--offline', '--legacy-peer-deps', '--no-save', ...options, ...tarballs], this.#folder);
  }

  /** The tarball has no addon unless an optimised one was built; then the app gets the one of the tests. */
  #addBuiltAddon(source) {
    const built = join(source, 'native', 'dev');
    const { name } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
    if (existsSync(built) && !this.files.some((file) => file.endsWith('.node'))) {
      cpSync(built, join(this.#folder, 'node_modules', name, 'native'), { recursive: true });
    }
  }

  /** The path of a file of the app. */
  path(file) {
    return join(this.#folder, file);
  }

  /** Writes a file of the app; returns its path. */
  write(file, text) {
    writeFileSync(this.path(file), text);
    return this.path(file);
  }

  /** Runs a script, in the app's folder and by this Node unless others are given; returns what it prints. */
  async run(script, { folder = this.#folder, node = process.execPath } = {}) {
    return (await exec(node, [script], { cwd: folder })).stdout;
  }

  /** Makes a package of this tree's node_modules one of the app's. */
  link(name) {
    symlinkSync(join(modules, name), this.path(join('node_modules', name)), 'dir');
  }

  /** Runs a program of this tree's node_modules in the app's folder; resolves with what it prints. */
  runTool(program, args, env) {
    // Not as a part of this run.
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...rest } = process.env;
    return exec(process.execPath, [join(modules, program), ...args], { cwd: this.#folder, env: { ...rest, ...env } });
  }

  /** Checks the app's types, those of the package included, as a project of this `module` setting would. */
  async check(module, lib) {
    const isNode = module === 'node16';
    const compilerOptions = {
      target: 'ES2022',
      lib,
      module: isNode ? 'node16' : 'esnext',
      moduleResolution: module,
      typeRoots: [types],
      types: lib.includes('DOM') ? [] : ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const include = isNode ? ['*.mts', '*.cts'] : ['*.mts'];
    writeFileSync(join(this.#folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }));
    await exec(process.execPath, [tsc, '-p', '.'], { cwd: this.#folder }).catch(({ stdout }) => {
      throw new Error(stdout);
    });
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs a tool of the workspace in `source`; rejects with what it prints where it finds fault. */
export async function lint(source, tool, ...args) {
  await exec('npx', ['--no-install', tool, ...args], { cwd: source, shell: process.platform === 'win32' }).catch(
    ({ stdout, stderr }) => {
      throw new Error(`${stdout}${stderr}`);
    },
  );
}
