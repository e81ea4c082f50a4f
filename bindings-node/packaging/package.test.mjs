import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { App, lint } from './install.mjs';

const source = fileURLToPath(new URL('..', import.meta.url));

describe('an app that installed the tarball', { timeout: 120_000 }, () => {
  let app;
  before(async () => {
    app = await App.install(source, fileURLToPath(new URL('app', import.meta.url)));
  });
  after(() => app?.remove());

  const answers = '["native",true,"#00f",2.5]\n["wasm",true,"#00f",2.5]\n';

  test('evaluates as an ES module', async () => {
    assert.equal(await app.run('evaluate.mjs'), answers);
  });

  test('evaluates as a CommonJS module', async () => {
    assert.equal(await app.run('evaluate.cjs'), answers);
  });

  for (const module of ['node16', 'bundler']) {
    test(`has its types under the resolution of ${module}`, async () => {
      await app.check(module, ['ES2022']);
    });
  }

  test('got the addon, the module and the licences, also of what is bundled, and no sources', () => {
    assert.equal(app.files.filter((file) => file.endsWith('.node')).length, 1);
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

test('publint finds no fault', { timeout: 120_000 }, () => lint(source, 'publint', '--strict'));

test('are the types wrong? no', { timeout: 120_000 }, () => lint(source, 'attw', '--pack', '.'));
