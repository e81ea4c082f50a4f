import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import webpack from 'webpack';
import { boolean, FlagServer } from '../test/support/server.mjs';
import { ANSWERS, App, lint } from './install.mjs';

const libc =
  process.platform === 'linux' ? (process.report.getReport().header.glibcVersionRuntime ? '-gnu' : '-musl') : '';
const platformName = () => `${process.platform}-${process.arch}${libc}`;
const addonFile = () => `flagstaff.${platformName()}.node`;
const JEST = ['--rootDir=.', '--testMatch=**/*.test.cjs', '--cache=false', '--watchman=false'];
const source = fileURLToPath(new URL('..', import.meta.url));

describe('an app that installed the tarball', { timeout: 120_000 }, () => {
  let app;
  before(async () => {
    app = await App.install(source, fileURLToPath(new URL('app', import.meta.url)));
  });
  after(() => app?.remove());

  test('evaluates as an ES module', async () => {
    assert.equal(await app.run('evaluate.mjs'), ANSWERS);
  });

  test('evaluates as a CommonJS module', async () => {
    assert.equal(await app.run('evaluate.cjs'), ANSWERS);
  });

  for (const module of ['node16', 'bundler']) {
    test(`has its types under the resolution of ${module}`, async () => {
      await app.check(module, ['ES2022']);
    });
  }

  describe('and tests with it under', () => {
    const testOf = (end) => `
      test('a connected client', async () => {
        const client = new Client(process.env.FLAGSTAFF_TEST_URL, 'k');
        expect([await client.ready({ timeoutMs: 20_000 }), client.engine]).toEqual(['READY', 'native']);
        expect(client.getBooleanValue('switch', false)).toBe(true);
        ${end}
      });
      test('a client for tests', () => {
        expect(new TestClient({ size: 3 }).getNumberValue('size', 0)).toBe(3);
      });`;
    let server;
    before(async () => {
      server = await FlagServer.start();
      server.put('switch', boolean(true));
    });
    after(() => server?.stop());
    const env = () => ({ FLAGSTAFF_TEST_URL: server.url });

    for (const [end, options, what] of [
      ['', [], 'it ends by itself, although a client is connected'],
      ['await client.close();', ['--detectOpenHandles'], 'it finds no open handle of a client that was closed'],
    ]) {
      test(`Jest: ${what}`, async () => {
        const imports =
          "const { Client } = require('@flagstaff/node'); const { TestClient } = require('@flagstaff/node/testing');";
        app.write('client.test.cjs', imports + testOf(end));
        const { stderr } = await app.runTool('jest/bin/jest.js', [...JEST, ...options], env());
        assert.match(stderr, /Tests: +2 passed, 2 total/);
        assert.doesNotMatch(stderr, /open handle|did not exit/i);
      });
    }

    test('Vitest: it ends by itself, although a client is connected', async () => {
      const imports = `import { Client } from '@flagstaff/node'; import { TestClient } from '@flagstaff/node/testing';
        import { expect, test } from 'vitest';`;
      app.write('client.test.mjs', imports + testOf(''));
      app.link('vitest');
      const { stdout, stderr } = await app.runTool(
        'vitest/vitest.mjs',
        ['run', '--no-color', 'client.test.mjs'],
        env(),
      );
      assert.match(stdout, /Tests +2 passed \(2\)/);
      assert.doesNotMatch(stdout + stderr, /timed out|hanging/i);
    });
  });

  describe('and bundles it', () => {
    // The bundle is beside node_modules, or alone in a folder, as in a function of a cloud.
    const alone = mkdtempSync(join(tmpdir(), 'flagstaff-bundle-'));
    after(() => rmSync(alone, { recursive: true, force: true }));

    /** Bundles `bundled.mjs`, which imports the client from `entry`, to a single file. */
    async function bundle(bundler, entry, format, folder) {
      const file = join(folder, `${bundler}-${entry.replace(/\W/g, '')}.${format === 'cjs' ? 'cjs' : 'mjs'}`);
      const input = app.write(`${bundler}.mjs`, readFileSync(app.path('bundled.mjs'), 'utf8').replace('ENTRY', entry));
      await BUNDLERS[bundler](input, file, format);
      return file;
    }

    /** Each writes the bundle of `input` to `file`. */
    const BUNDLERS = {
      esbuild: (input, outfile, format) =>
        esbuild({ entryPoints: [input], bundle: true, platform: 'node', format, outfile, logLevel: 'error' }),
      async rolldown(input, file, format) {
        const built = await rolldown({ input, platform: 'node', logLevel: 'silent' });
        await built.write({ file, format, codeSplitting: false });
      },
      async rollup(input, file, format) {
        const plugins = [nodeResolve({ exportConditions: ['node'], preferBuiltins: true })];
        const built = await rollup({ input, plugins, external: isBuiltin, logLevel: 'silent' });
        await built.write({ file, format, inlineDynamicImports: true });
        await built.close();
      },
      async webpack(input, file, format) {
        const isModule = format === 'esm';
        const compiler = webpack({
          entry: input,
          mode: 'production',
          optimization: { minimize: false },
          target: 'node20',
          experiments: { outputModule: isModule },
          output: { path: join(file, '..'), filename: basename(file), module: isModule },
        });
        const stats = await promisify(compiler.run.bind(compiler))();
        await promisify(compiler.close.bind(compiler))();
        assert.deepEqual(
          stats.toJson({ all: false, errors: true }).errors.map(({ message }) => message),
          [],
        );
      },
    };

    for (const bundler of Object.keys(BUNDLERS)) {
      for (const format of ['esm', 'cjs']) {
        test(`with ${bundler} as ${format}: the addon is found where the package is installed`, async () => {
          const file = await bundle(bundler, '@flagstaff/node', format, app.path('.'));
          assert.equal(await app.run(file), '["native","READY",true]\n');
        });

        test(`with ${bundler} as ${format}: /inline needs nothing beside the file`, async () => {
          const file = await bundle(bundler, '@flagstaff/node/inline', format, alone);
          assert.equal(await app.run(file, { folder: alone }), '["wasm","READY",true]\n');
        });
      }
    }

    test('without its files: the log says at the start what to do', async () => {
      const file = await bundle('esbuild', '@flagstaff/node', 'esm', alone);
      const stdout = await app.run(file, { folder: alone });
      assert.match(stdout, /there is no addon for .*a bundler does not copy it.*@flagstaff\/node\/inline/is);
      assert.match(stdout, /\n\[null,"FAILED",false\]\n$/);
    });
  });

  test('got the module and the licences, also of what is bundled, and no sources', () => {
    // An addon is there if `make build` was called; that of `make test`, which is not optimised, never is.
    assert.deepEqual(
      app.files.filter((file) => file.endsWith('.node') && !/^native\/flagstaff\.[^/]+\.node$/.test(file)),
      [],
    );
    assert.equal(app.files.filter((file) => file.endsWith('.wasm')).length, 1);
    for (const licence of ['MIT', 'APACHE', 'eventsource-parser']) {
      assert.ok(app.files.includes(`dist/LICENSE-${licence}`));
    }
    assert.deepEqual(
      app.files.filter(
        (file) => /\.rs$|^(ts|src|test)\//.test(file) || (file.endsWith('.ts') && !file.endsWith('.d.ts')),
      ),
      [],
    );
  });
});

describe('the packages that are published', { timeout: 120_000 }, () => {
  const out = mkdtempSync(join(tmpdir(), 'flagstaff-platforms-'));
  const built = ['native', 'native/dev']
    .map((folder) => join(source, folder))
    .find((folder) => existsSync(join(folder, addonFile())));
  const make = (...args) =>
    promisify(execFile)(process.execPath, [join(source, 'scripts/platform-packages.mjs'), out, ...args]);
  after(() => rmSync(out, { recursive: true, force: true }));

  test('have the addon in one of their own, which is found, and name it as an optional dependency', async () => {
    await make(built);
    const platform = `@flagstaff/node-${platformName()}`;
    const { optionalDependencies, devDependencies, version } = JSON.parse(
      readFileSync(join(out, 'node/package.json'), 'utf8'),
    );
    assert.deepEqual([optionalDependencies, devDependencies], [{ [platform]: version }, undefined]);
    const own = JSON.parse(readFileSync(join(out, `node-${platformName()}/package.json`), 'utf8'));
    assert.deepEqual([own.os, own.cpu], [[process.platform], [process.arch]]);
    const folders = ['node', `node-${platformName()}`].map((name) => join(out, name));
    const app = await App.installAll(folders, fileURLToPath(new URL('app', import.meta.url)));
    try {
      const addons = app.files.filter((file) => file.endsWith('.node'));
      assert.deepEqual(addons, [addonFile()]);
      assert.equal(await app.run('evaluate.mjs'), ANSWERS);
    } finally {
      app.remove();
    }
  });

  test('are not made of a part of the platforms when all are asked for', async () => {
    await assert.rejects(make(built, '--complete'), /has no addon for .*darwin-arm64/);
    await assert.rejects(make(join(source, 'ts')), /has no addon for/);
  });
});

test('publint finds no fault', { timeout: 120_000 }, () => lint(source, 'publint', '--strict'));

test('are the types wrong? no', { timeout: 120_000 }, () =>
  lint(source, 'attw', '--pack', '.', '--exclude-entrypoints', 'flagstaff_wasm.wasm'),
);
