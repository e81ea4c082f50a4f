// Writes the types of the API, for TypeScript and for Python, from the OpenAPI document of the built server.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { Server } from '../../conformance/e2e/support/server.mjs';
import { pythonTypesOf } from './python-types.mjs';

/** Of the admin UI and of `@flagstaff/admin` */
const TYPESCRIPT = fileURLToPath(new URL('../src/api/schema.d.ts', import.meta.url));
const PYTHON = fileURLToPath(new URL('../../bindings-python/python/flagstaff/admin/_types.py', import.meta.url));

/** The text of each generated file for a document, by its path */
export async function typesOf(document) {
  const typescript = astToString(await openapiTypescript(document));
  return new Map([
    [TYPESCRIPT, `// Generated from /api/v1/openapi.json by \`npm run generate\`.\n\n${typescript}`],
    [PYTHON, pythonTypesOf(document)],
  ]);
}

async function generate() {
  const folder = await mkdtemp(join(tmpdir(), 'flagstaff-types-'));
  const server = await Server.start(['--database', `sqlite://${join(folder, 'flagstaff.db')}`]);
  try {
    const document = await (await fetch(`${server.url}/api/v1/openapi.json`)).json();
    for (const [path, text] of await typesOf(document)) {
      await writeFile(path, text);
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generate();
}
