import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { App, lint } from '../../bindings-node/packaging/install.mjs';

const source = fileURLToPath(new URL('..', import.meta.url));

describe('an app that installed the tarball', { timeout: 120_000 }, () => {
  let app;
  before(async () => {
    app = await App.install(source, fileURLToPath(new URL('app', import.meta.url)));
  });
  after(() => app?.remove());

  test('evaluates as an ES module', async () => {
    assert.equal(await app.run('evaluate.mjs'), '[true,"#00f",2.5]\n');
  });

  test('evaluates as a CommonJS module', async () => {
    assert.equal(await app.run('evaluate.cjs'), '[true,"#00f",2.5]\n');
  });

  test('has the conditions of other vendors where it asks for them', async () => {
    assert.equal(await app.run('dialects.mjs'), '[["PARSE_ERROR","mine"],[null,"imported"]]\n');
  });

  for (const module of ['node16', 'bundler']) {
    test(`has its types under the resolution of ${module}`, async () => {
      await app.check(module, ['ES2022', 'DOM']);
    });
  }

  test('got two modules and the licences, and no sources', () => {
    assert.equal(app.files.filter((file) => file.endsWith('.wasm')).length, 2);
    for (const licence of ['MIT', 'APACHE']) {
      assert.ok(app.files.includes(`dist/LICENSE-${licence}`));
    }
    assert.deepEqual(
      app.files.filter((file) => /\.rs$|^(ts|src|test|example)/.test(file)),
      [],
    );
  });
});

test('publint finds no fault', { timeout: 120_000 }, () => lint(source, 'publint', '--strict'));

test('are the types wrong? no', { timeout: 120_000 }, () =>
  lint(source, 'attw', '--pack', '.', '--exclude-entrypoints', 'flagstaff_wasm.wasm', 'flagstaff_wasm_dialects.wasm'),
);
