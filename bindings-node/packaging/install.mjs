/** A tiny app, in a folder of its own, that has installed the package from its tarball. */

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
const types = join(dirname(require.resolve('@types/node/package.json')), '..');

/** The files of an npm package that a shell would find as `npm`; on Windows it is a script that `execFile` cannot start. */
const npm = (args, cwd) => exec('npm', args, { cwd, shell: process.platform === 'win32' });

export class App {
  #folder = mkdtempSync(join(tmpdir(), 'flagstaff-app-'));

  /** Packs the package in `source`, copies `app` and installs the tarball there, with nothing from a registry. */
  static async install(source, app) {
    const it = new App();
    cpSync(app, it.#folder, { recursive: true });
    writeFileSync(join(it.#folder, 'package.json'), '{ "name": "app", "private": true }\n');
    const { stdout } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', it.#folder], source);
    const [{ filename, files }] = JSON.parse(stdout);
    it.files = files.map(({ path }) => path);
    await npm(['install', '--offline', '--no-save', `./${filename}`], it.#folder);
    return it;
  }

  /** Runs a script of the app; returns what it prints. */
  async run(script) {
    return (await exec(process.execPath, [script], { cwd: this.#folder })).stdout;
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
