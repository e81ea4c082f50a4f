// Builds dist: an ES module and a CommonJS form, each with its own types, and the WebAssembly module.
//
// esbuild bundles sdk-js and the framing library in, so that the package has no dependencies; tsc writes the types. Tools that do
// both at once need a newer Node than we support, or write types for one of the two forms only.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(new URL('../../sdk-js/package.json', import.meta.url));
process.chdir(folder);

rmSync('dist', { recursive: true, force: true });

const common = {
  entryPoints: ['ts/index.ts', 'ts/evaluator.ts'],
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: false,
  logLevel: 'warning',
};
await build({ ...common, format: 'esm', splitting: true, outdir: 'dist/esm' });
await build({
  ...common,
  format: 'cjs',
  outdir: 'dist/cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
});

const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', 'dist/esm/types'], { stdio: 'inherit' });
cpSync('dist/esm/types', 'dist/cjs/types', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

mkdirSync('dist', { recursive: true });
copyFileSync('../bindings-wasm/pkg/web/flagstaff_wasm_bg.wasm', 'dist/flagstaff_wasm.wasm');
const parser = join(dirname(require.resolve('eventsource-parser')), '..');
copyFileSync(join(parser, 'LICENSE'), 'dist/LICENSE-eventsource-parser');
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join('..', licence), join('dist', licence));
}
