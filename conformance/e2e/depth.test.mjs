// A page evaluates conditions of the maximum depth; its JavaScript engine has the smallest stack of all hosts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { buildSync } from 'esbuild';
import { openBrowser } from './support/page.mjs';
import { fromRoot } from './support/paths.mjs';

const require = createRequire(import.meta.url);
const { document: chains, cases } = JSON.parse(readFileSync(fromRoot('conformance/cases/loading/depth.json'), 'utf8'));

/** Documents, each with a flag at the maximum depth and the variant that it serves. */
const QUESTIONS = [
  [chains, 'p128', true],
  [chains, 'c128', true],
  ...cases
    .filter(({ document, expect }) => document !== undefined && expect.variant !== undefined)
    .map(({ document, flag, expect }) => [document, flag, expect.variant === 'on']),
];

describe('a page', { timeout: 120_000 }, () => {
  let browser;
  let page;

  before(async () => {
    const script = "import { Client } from '@flagstaff/web/local'; globalThis.Client = Client;";
    const built = buildSync({
      stdin: { contents: script, resolveDir: fromRoot('conformance') },
      bundle: true,
      format: 'esm',
      write: false,
    });
    browser = await openBrowser();
    page = await browser.newPage();
    await page.addScriptTag({ content: built.outputFiles[0].text, type: 'module' });
    await page.waitForFunction(() => 'Client' in globalThis);
  });

  after(() => browser?.close());

  test('evaluates what is as deep as the language allows', async () => {
    assert.ok(QUESTIONS.length > 4);
    const module = readFileSync(require.resolve('@flagstaff/web/flagstaff_wasm.wasm')).toString('base64');
    const wasm = `data:application/wasm;base64,${module}`;
    for (const [document, flag, expected] of QUESTIONS) {
      const answered = await page.evaluate(
        async ([text, key, url]) => {
          const client = await globalThis.Client.fromDocument(text, { wasm: url, context: { targetingKey: 'u1' } });
          return [client.get(key, undefined), client.details(key, undefined).errorCode ?? null];
        },
        [JSON.stringify(document), flag, wasm],
      );
      assert.deepEqual(answered, [expected, null], flag);
    }
  });
});
