import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { lint } from '../../bindings-node/packaging/install.mjs';

const require = createRequire(import.meta.url);
const source = fileURLToPath(new URL('..', import.meta.url));

/** Bytes, gzipped; the promise of README.md. */
const BUDGET = 3_000;

test('stays within its budget beside @flagstaff/web, minified as an application would', () => {
  const { outputFiles } = buildSync({
    entryPoints: [join(source, 'dist/esm/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    external: ['react', 'react/jsx-runtime', '@flagstaff/web'],
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(size <= BUDGET, `${size} bytes gzipped, the budget is ${BUDGET}`);
});

test('is a client component but for its part for servers, in both module forms', async () => {
  for (const entry of [
    '@flagstaff/react',
    '@flagstaff/react/server',
    '@flagstaff/react/testing',
    '@flagstaff/react/devtools',
  ]) {
    assert.deepEqual(
      Object.keys(require(entry)).sort(),
      Object.keys(await import(entry))
        .filter((name) => name !== 'default' && name !== 'module.exports')
        .sort(),
    );
  }
  const { readFileSync } = await import('node:fs');
  assert.match(readFileSync(require.resolve('@flagstaff/react'), 'utf8'), /^["']use client["']/);
  assert.doesNotMatch(readFileSync(require.resolve('@flagstaff/react/server'), 'utf8'), /use client/);
});

const TYPES = `
import { type FlagDetails, Client } from '@flagstaff/web';
import { useFlag, useFlagDetails, useFlags, Feature } from '@flagstaff/react';
import { getFlag } from '@flagstaff/react/server';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>) => {};

interface Layout {
  mode: 'list' | 'grid';
}
`;

const UNTYPED = `${TYPES}
export function Untyped(client: Client) {
  const a = useFlag('any');
  same<typeof a, boolean>(true);
  const b = useFlag('any', 'text');
  same<typeof b, string>(true);
  const c = useFlag('any', { columns: 1, tags: ['a'] });
  same<typeof c, { columns: number; tags: string[] }>(true);
  const layout: Layout = { mode: 'list' };
  const ofInterface = useFlag('any', layout);
  same<typeof ofInterface, Layout>(true);
  const columns = getFlag({ flags: [] }, 'any', { columns: 1 }).columns + client.get('any', { columns: 1 }).columns;
  same<typeof columns, number>(true);
  const orNothing = client.details('any', undefined).value;
  same<typeof orNothing, undefined>(true);
  const d = useFlagDetails('any', 3).value;
  same<typeof d, number>(true);
  const e = getFlag({ flags: [] }, 'any', 1);
  same<typeof e, number>(true);
  const f: FlagDetails<boolean> = client.details('any', false);
  return f;
}
`;

const TYPED = `${TYPES}
declare module '@flagstaff/web' {
  interface FlagTypes {
    'new-checkout': boolean;
    'button-text': 'Buy' | 'Order';
  }
}
export function Typed(client: Client) {
  const a = useFlag('new-checkout');
  same<typeof a, boolean>(true);
  const b = useFlag('button-text', 'Buy');
  same<typeof b, 'Buy' | 'Order'>(true);
  const c = client.get('button-text', 'Order');
  same<typeof c, 'Buy' | 'Order'>(true);
  useFlags().isFeatureEnabled('new-checkout');
  // @ts-expect-error there is no such flag
  useFlag('old-checkout');
  const d = useFlag('button-text', 'Pay');
  same<typeof d, 'Buy' | 'Order' | 'Pay'>(true);
  const e = useFlag('new-checkout', true);
  same<typeof e, boolean>(true);
  // @ts-expect-error its values are of another type
  useFlag('button-text', 1);
  // @ts-expect-error there is no such flag
  return <Feature flag="old" />;
}
`;

test('has the types of the fallback, and those that an application declares', () => {
  const folder = mkdtempSync(join(source, 'types-'));
  try {
    for (const [name, text] of [
      ['untyped', UNTYPED],
      ['typed', TYPED],
    ]) {
      writeFileSync(join(folder, `${name}.tsx`), text);
      const compilerOptions = {
        target: 'ES2022',
        lib: ['ES2022', 'DOM'],
        module: 'esnext',
        moduleResolution: 'bundler',
        jsx: 'react-jsx',
        types: [],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: [`${name}.tsx`] }));
      const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
      try {
        execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
      } catch ({ stdout }) {
        assert.fail(stdout);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('publint finds no fault', { timeout: 120_000 }, () => lint(source, 'publint', '--strict'));

test('are the types wrong? no', { timeout: 120_000 }, () => lint(source, 'attw', '--pack', '.'));
