import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SingleNode } from '../../conformance/e2e/support/deployment.mjs';
import { KEYS } from '../../conformance/e2e/support/server.mjs';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const PROGRAM = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const HERE = fileURLToPath(new URL('..', import.meta.url));

const FLAGS = {
  'new-checkout': {
    type: 'boolean',
    enabled: true,
    clientSide: true,
    serve: 'on',
    description: 'The */ new\n  checkout',
  },
  "it's": { type: 'string', enabled: true, variants: { a: 'A"', b: 'B' }, serve: 'a' },
  limit: { type: 'number', enabled: true, clientSide: true, variants: { low: 1, high: 2.5 }, serve: 'low' },
  layout: {
    type: 'object',
    enabled: true,
    clientSide: true,
    variants: {
      list: { columns: 1, pictures: { show: false }, tags: [] },
      grid: { columns: 3, pictures: { show: true, size: 'big' }, tags: ['a', 1], note: null },
    },
    serve: 'list',
  },
};

const EXPECTED = `// Written by \`flagstaff codegen ts\`: run it again instead of editing.

import '@flagstaff/web';

declare module '@flagstaff/web' {
  interface FlagTypes {
    "it's": "A\\"" | "B";
    "layout": { readonly "columns": number; readonly "note"?: null; readonly "pictures": { readonly "show": boolean; readonly "size"?: string }; readonly "tags": ReadonlyArray<number | string> };
    "limit": number;
    /** The *\\/ new checkout */
    "new-checkout": boolean;
  }
}

/** The variants of each flag. */
export interface FlagVariants {
  "it's": "a" | "b";
  "layout": "grid" | "list";
  "limit": "high" | "low";
  "new-checkout": "off" | "on";
}
`;

const USE = `
import { Client } from '@flagstaff/web';
import type { FlagVariants } from './flags.js';

export function read(client: Client): FlagVariants['limit'] {
  const limit: number = client.get('limit', 7);
  const { columns, pictures } = client.get('layout', { columns: limit, pictures: { show: false }, tags: [] });
  const text: 'A"' | 'B' | 'C' = client.get("it's", 'C');
  client.isEnabled('new-checkout');
  // @ts-expect-error there is no such flag
  client.isEnabled(text);
  // @ts-expect-error it is a number
  client.get('limit', 'x');
  // @ts-expect-error it has no such member
  pictures.colour;
  return columns > 1 ? 'high' : 'low';
}
`;

describe('flagstaff codegen ts', () => {
  let folder;

  before(async () => {
    // Below the package, so that its name is resolved.
    folder = await mkdtemp(join(HERE, 'codegen-'));
    await writeFile(join(folder, 'document.json'), JSON.stringify({ schemaVersion: 1, flags: FLAGS }));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const program = (args, env = {}) =>
    run(process.execPath, [PROGRAM, 'codegen', 'ts', ...args], { cwd: folder, env: { ...process.env, ...env } });

  test('writes the types of a document, with which the compiler checks keys and values', async () => {
    await program(['document.json', '--out', 'flags.ts']);
    assert.equal(await readFile(join(folder, 'flags.ts'), 'utf8'), EXPECTED);
    await program(['document.json', '--out', 'flags.ts', '--check']);
    await writeFile(join(folder, 'use.ts'), USE);
    const compilerOptions = {
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'ES2022',
      lib: ['ES2022', 'DOM'],
      types: [],
      strict: true,
      noEmit: true,
    };
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, include: ['use.ts', 'flags.ts'] }),
    );
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
    await run(process.execPath, [tsc, '-p', folder]).catch(({ stdout }) => assert.fail(stdout));
  });

  test('can leave out what a page does not see', async () => {
    const { stdout } = await program(['document.json', '--client-side']);
    assert.doesNotMatch(stdout, /it's/);
    assert.match(stdout, /new-checkout/);
  });

  test('says what is wrong', async () => {
    await writeFile(join(folder, 'old.ts'), 'old');
    await writeFile(join(folder, 'other.json'), '[]');
    for (const [args, message] of [
      [['document.json', '--out', 'old.ts', '--check'], /old\.ts is not up to date/],
      [['document.json', '--check'], /--check needs --out/],
      [['other.json'], /other\.json is not a document/],
      [['none.json'], /none\.json/],
      [[], /--url and --key/],
      [['document.json', '--unknown'], /--unknown/],
      [['document.json', 'another.json'], /usage: flagstaff codegen ts/],
    ]) {
      const none = { FLAGSTAFF_URL: undefined, FLAGSTAFF_KEY: undefined };
      await assert.rejects(program(args, none), ({ code, stderr }) => code === 1 && message.test(stderr), `${args}`);
    }
  });

  test('reads the flags of a server', async () => {
    const deployment = await SingleNode.start();
    try {
      const { url } = deployment.writer;
      const { stdout } = await program([], { FLAGSTAFF_URL: url, FLAGSTAFF_KEY: KEYS.server });
      assert.match(stdout, /"wishlist-button-text": "Add to wishlist" \| "I wish for this" \| "Save for later";/);
      assert.equal((await program(['--url', `${url}/`, '--key', KEYS.server])).stdout, stdout);
      await assert.rejects(program(['--url', url, '--key', 'nobody']), ({ stderr }) => /HTTP 401/.test(stderr));
    } finally {
      await deployment.stop();
    }
  });
});
