#!/usr/bin/env node
/** `npx flagstaff codegen ts`: writes the types of an environment's flags, so that the compiler checks keys and values. */

import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type FlagDocument, generateTypes } from './types.js';

const USAGE = `usage: flagstaff codegen ts [DOCUMENT] [options]

Writes TypeScript declarations of flags: their keys, values and variants. The flags are those of DOCUMENT, a file (JSON), or of a server.

  --url URL       the server; FLAGSTAFF_URL by default
  --key KEY       an SDK key of kind \`server\`; FLAGSTAFF_KEY by default
  --client-side   only flags marked \`clientSide\`, which are those that a page sees
  --out FILE      writes to this file instead of the standard output
  --check         writes nothing, and fails if the file is not up to date
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      key: { type: 'string' },
      'client-side': { type: 'boolean' },
      out: { type: 'string' },
      check: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, language, file, ...rest] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (command !== 'codegen' || language !== 'ts' || rest.length > 0) {
    throw new Error(`expected \`codegen ts\`\n\n${USAGE}`);
  }
  if (values.check && values.out === undefined) {
    throw new Error('--check needs --out');
  }
  const { url = process.env['FLAGSTAFF_URL'], key = process.env['FLAGSTAFF_KEY'] } = values;
  const document = file === undefined ? await download(url, key) : parse(await readFile(file, 'utf8'), file);
  const text = generateTypes(document, { clientSideOnly: values['client-side'] ?? false });
  if (values.out === undefined) {
    process.stdout.write(text);
  } else if (!values.check) {
    await writeFile(values.out, text);
  } else if ((await readFile(values.out, 'utf8').catch(() => '')) !== text) {
    throw new Error(`${values.out} is not up to date: run the command without --check`);
  }
}

/** The environment's document, from the server. */
async function download(url: string | undefined, key: string | undefined): Promise<FlagDocument> {
  if (url === undefined || key === undefined) {
    throw new Error('name a document, or a server with --url and --key');
  }
  const address = `${url.replace(/\/+$/, '')}/api/v1/sdk/snapshot`;
  const response = await fetch(address, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${address}: HTTP ${response.status}: ${text}`);
  }
  return parse(text, address);
}

function parse(text: string, from: string): FlagDocument {
  try {
    const document = JSON.parse(text) as FlagDocument;
    if (typeof document.flags === 'object' && document.flags !== null) {
      return document;
    }
  } catch {
    // The message is the same.
  }
  throw new Error(`${from} is not a document of flags in JSON`);
}

main().catch((error: unknown) => {
  process.stderr.write(`flagstaff: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
