// Builds dist: an ES module and a CommonJS form, with types for each.
//
// The modules must be in pkg, where scripts/build.sh puts them. esbuild bundles, tsc writes the types; see bindings-node/scripts/build-js.mjs.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { removeUnused } from '../../bindings-node/scripts/declarations.mjs';

/** The modules of `/local` and of `/local-dialects`; the latter is that of the Node package, too. */
const MODULES = {
  'flagstaff_wasm.wasm': 'pkg/web/flagstaff_wasm_bg.wasm',
  'flagstaff_wasm_dialects.wasm': 'pkg/node/flagstaff_wasm_bg.wasm',
};
const ENTRIES = ['ts/index.ts', 'ts/local.ts', 'ts/local-dialects.ts', 'ts/openfeature.ts'];
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

// OpenFeature's SDK is the application's own.
const external = ['@openfeature/web-sdk'];
const common = { bundle: true, external, platform: 'browser', target: 'es2022', logLevel: 'warning' };

rmSync('dist', { recursive: true, force: true });
await build({ ...common, entryPoints: ENTRIES, format: 'esm', outdir: 'dist/esm' });
await build({
  ...common,
  entryPoints: ENTRIES,
  format: 'cjs',
  outdir: 'dist/cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  // Without `require('node:url')`, which a bundler for browsers could not resolve.
  banner: { js: "const moduleUrl = 'file://' + __filename.replace(/[%#?]/g, encodeURIComponent);" },
});
await build({ ...common, entryPoints: ['cli/main.ts'], platform: 'node', format: 'esm', outfile: 'dist/cli.js' });
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', 'dist/esm/types'], { stdio: 'inherit' });
removeUnused(
  'dist/esm/types',
  ENTRIES.map((entry) => `bindings-wasm/${entry.replace('.ts', '.d.ts')}`),
);
cpSync('dist/esm/types', 'dist/cjs/types', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join('..', licence), join('dist', licence));
}

const kilobytes = ({ length }) => `${(length / 1000).toFixed(1)} kB`;
for (const [name, built] of Object.entries(MODULES)) {
  copyFileSync(built, join('dist', name));
  const bytes = readFileSync(built);
  console.log(`${name}: ${kilobytes(bytes)}, gzip ${kilobytes(gzipSync(bytes, { level: 9 }))}`);
}
