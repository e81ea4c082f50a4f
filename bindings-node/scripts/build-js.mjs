// Builds dist: an ES module and a CommonJS form, each with its own types, and the WebAssembly module.
//
// esbuild bundles sdk-js and the framing library in, so that the package has no dependencies; tsc writes the types. Tools that do
// both at once need a newer Node than we support, or write types for one of the two forms only.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { removeUnused } from './declarations.mjs';

const ENTRIES = [
  'index',
  'evaluator',
  'inline',
  'express',
  'fastify',
  'hono',
  'next',
  'openfeature',
  'testing',
  'edge',
];
// The platforms of these entries support only ES modules.
const EDGE_ENTRIES = ['edge-workerd', 'edge-light'];
const MODULE = '../bindings-wasm/pkg/node/flagstaff_wasm_bg.wasm';

const folder = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(new URL('../../sdk-js/package.json', import.meta.url));
process.chdir(folder);

rmSync('dist', { recursive: true, force: true });

const common = { platform: 'node', target: 'node20', sourcemap: false, logLevel: 'warning' };
await build({
  ...common,
  entryPoints: ENTRIES.map((name) => `ts/${name}.ts`),
  bundle: true,
  format: 'esm',
  splitting: true,
  loader: { '.wasm': 'binary' },
  external: ['fastify', 'hono', 'next', 'react', '@openfeature/server-sdk'],
  outdir: 'dist/esm',
});
// The same files in the other form, so that all entries share their classes there too.
await build({
  ...common,
  entryPoints: readdirSync('dist/esm').map((name) => `dist/esm/${name}`),
  format: 'cjs',
  outdir: 'dist/cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
});

// Each in one file, with the import of the module unchanged: the platform's bundler resolves it.
await build({
  ...common,
  entryPoints: EDGE_ENTRIES.map((name) => `ts/${name}.ts`),
  bundle: true,
  platform: 'neutral',
  format: 'esm',
  external: ['../flagstaff_wasm.wasm', '../flagstaff_wasm.wasm?module'],
  outdir: 'dist/esm',
});

const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', 'dist/esm/types'], { stdio: 'inherit' });
removeUnused(
  'dist/esm/types',
  [...ENTRIES, ...EDGE_ENTRIES].map((name) => `bindings-node/ts/${name}.d.ts`),
);
cpSync('dist/esm/types', 'dist/cjs/types', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

mkdirSync('dist', { recursive: true });
copyFileSync(MODULE, 'dist/flagstaff_wasm.wasm');
const parser = join(dirname(require.resolve('eventsource-parser')), '..');
copyFileSync(join(parser, 'LICENSE'), 'dist/LICENSE-eventsource-parser');
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join('..', licence), join('dist', licence));
}
