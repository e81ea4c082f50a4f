// The package as others install it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { App, lint } from '../../bindings-node/packaging/install.mjs';
import { packedFiles } from '../../conformance/javascript/project.mjs';

const source = fileURLToPath(new URL('..', import.meta.url));

test('both module forms export the same', async () => {
  const names = ['Admin', 'AdminError'];
  assert.deepEqual(Object.keys(await import('@flagstaff/admin')).sort(), names);
  assert.deepEqual(Object.keys(createRequire(import.meta.url)('@flagstaff/admin')).sort(), names);
});

test('the tarball contains what is built, with types and licences, and nothing else', async () => {
  const sources = ['admin', 'connection', 'credentials', 'error', 'flags', 'index', 'overrides', 'types'];
  const types = [
    ...sources.map((name) => `admin-client/src/${name}`),
    ...['operations', 'schema'].map((name) => `admin/src/api/${name}`),
  ];
  const forms = ['cjs', 'esm'].flatMap((form) => [
    `dist/${form}/index.js`,
    ...types.map((name) => `dist/${form}/types/${name}.d.ts`),
  ]);
  const others = ['README.md', 'package.json', 'dist/LICENSE-APACHE', 'dist/LICENSE-MIT', 'dist/cjs/package.json'];
  assert.deepEqual((await packedFiles('admin-client')).sort(), [...forms, ...others].sort());
});

test('the types of an application are checked', { timeout: 120_000 }, async () => {
  const app = await App.install(source, fileURLToPath(new URL('app', import.meta.url)));
  try {
    await app.check('node16', ['ES2022', 'DOM']);
    await app.check('bundler', ['ES2022', 'DOM']);
  } finally {
    app.remove();
  }
});

test('publint finds no fault', { timeout: 120_000 }, () => lint(source, 'publint', '--strict'));

test('are the types wrong? no', { timeout: 120_000 }, () => lint(source, 'attw', '--pack', '.'));
