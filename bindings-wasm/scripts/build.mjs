// Builds dist, an ES module and a CommonJS form with types for each, and the example page, which the server embeds.
//
// The module must be in pkg/web, where scripts/build-wasm puts it. esbuild bundles, tsc writes the types; see bindings-node/scripts/build-js.mjs.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const MODULE = 'pkg/web/flagstaff_wasm_bg.wasm';
const require = createRequire(new URL('../../sdk-js/package.json', import.meta.url));
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** Bundlers look for every `new URL('…', import.meta.url)`; the one that wasm-bindgen writes names a file that the package does not have. */
const withoutOwnUrl = {
  name: 'without-own-url',
  setup(bundle) {
    bundle.onLoad({ filter: /pkg[\\/]web[\\/]flagstaff_wasm\.js$/ }, async ({ path }) => {
      const glue = await readFile(path, 'utf8');
      const contents = glue.replace("new URL('flagstaff_wasm_bg.wasm', import.meta.url)", 'undefined');
      if (contents === glue) {
        throw new Error('wasm-bindgen writes its module URL in another way now');
      }
      return { contents, loader: 'js' };
    });
  },
};

const common = { bundle: true, platform: 'browser', target: 'es2022', logLevel: 'warning', plugins: [withoutOwnUrl] };

rmSync('dist', { recursive: true, force: true });
await build({ ...common, entryPoints: ['ts/local.ts'], format: 'esm', outdir: 'dist/esm' });
await build({
  ...common,
  entryPoints: ['ts/local.ts'],
  format: 'cjs',
  outdir: 'dist/cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  // Without `require('node:url')`, which a bundler for browsers could not resolve.
  banner: { js: "const moduleUrl = 'file://' + __filename.replace(/[%#?]/g, encodeURIComponent);" },
});
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', 'dist/esm/types'], { stdio: 'inherit' });
cpSync('dist/esm/types', 'dist/cjs/types', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
copyFileSync(MODULE, 'dist/flagstaff_wasm.wasm');
copyFileSync(join(dirname(require.resolve('eventsource-parser')), '..', 'LICENSE'), 'dist/LICENSE-eventsource-parser');
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join('..', licence), join('dist', licence));
}

mkdirSync('example-dist', { recursive: true });
for (const name of readdirSync('example-dist')) {
  if (name !== '.gitkeep') {
    rmSync(join('example-dist', name), { recursive: true });
  }
}
await build({ ...common, entryPoints: ['example/example.ts'], format: 'esm', minify: true, outdir: 'example-dist' });
copyFileSync('example/index.html', 'example-dist/index.html');
copyFileSync(MODULE, 'example-dist/flagstaff_wasm.wasm');

const kilobytes = (bytes) => `${(bytes.length / 1000).toFixed(1)} kB`;
for (const file of [MODULE, 'example-dist/example.js']) {
  const bytes = readFileSync(file);
  console.log(`${file}: ${kilobytes(bytes)}, gzip ${kilobytes(gzipSync(bytes, { level: 9 }))}`);
}
