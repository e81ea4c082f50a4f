// Builds dist: an ES module and a CommonJS form of every source file, with types for each. Files are not bundled, so that all entries have the
// same React context.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const files = readdirSync('src').map((file) => join('src', file));
// What is not for servers runs in the browser, also where a server component renders it.
const forServers = files.filter((file) => file === join('src', 'server.tsx'));
const forBrowsers = files.filter((file) => !forServers.includes(file));

rmSync('dist', { recursive: true, force: true });
for (const format of ['esm', 'cjs']) {
  // Neutral: for browsers esbuild would replace `process.env.NODE_ENV`, which is for the application's own bundler to do.
  const common = { format, outdir: `dist/${format}`, platform: 'neutral', jsx: 'automatic', target: 'es2022' };
  await build({ ...common, entryPoints: forBrowsers, banner: { js: "'use client';" } });
  await build({ ...common, entryPoints: forServers });
}
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', 'dist/esm/types'], { stdio: 'inherit' });
cpSync('dist/esm/types', 'dist/cjs/types', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join('..', licence), join('dist', licence));
}
