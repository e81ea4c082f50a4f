// Builds dist: one file as an ES module and one for CommonJS, with types for each.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

rmSync('dist', { recursive: true, force: true });
for (const format of ['esm', 'cjs']) {
  await build({
    entryPoints: ['src/index.ts'],
    bundle: true,
    format,
    outfile: `dist/${format}/index.js`,
    platform: 'neutral',
    target: 'es2022',
  });
}
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', 'dist/esm/types'], { stdio: 'inherit' });
// The compiler does not copy declarations.
copyFileSync('../admin/src/api/schema.d.ts', 'dist/esm/types/admin/src/api/schema.d.ts');
cpSync('dist/esm/types', 'dist/cjs/types', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join('..', licence), join('dist', licence));
}
