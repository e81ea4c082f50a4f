// What is committed is what the sources make: the types of the API, and the files that the server embeds. And how much a browser loads.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { builtFiles, embeddedFiles } from '../scripts/embed.mjs';
import { typesOf } from '../scripts/generate.mjs';
import { ADMIN, Ui } from './support/ui.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FIRST_LOAD_BYTES = 250_000;
const FIRST_LOAD_SCRIPTS = 12;

describe('the build', () => {
  before(() => build({ root: ROOT, logLevel: 'error' }));

  test('is what the server embeds: run `npm run build --workspace admin`', async () => {
    const [built, embedded] = [await builtFiles(), await embeddedFiles()];
    assert.deepEqual([...embedded.keys()].sort(), [...built.keys()].sort());
    for (const [path, content] of built) {
      assert.ok(content.equals(embedded.get(path)), path);
    }
  });

  test('loads at most 250 kB of compressed scripts at first', async () => {
    const manifest = JSON.parse(await readFile(`${ROOT}/dist/.vite/manifest.json`, 'utf8'));
    const chunks = new Set();
    const add = (name) => {
      if (!chunks.has(name)) {
        chunks.add(name);
        manifest[name].imports?.forEach(add);
      }
    };
    add('index.html');
    const files = [...chunks].map((name) => manifest[name].file).filter((file) => file.endsWith('.js'));
    const sizes = await Promise.all(
      files.map(async (file) => gzipSync(await readFile(`${ROOT}/dist/${file}`), { level: 9 }).length),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total > 50_000 && total <= FIRST_LOAD_BYTES, `${total} bytes`);
    for (const later of ['flag-page', 'code-field', 'playground']) {
      assert.ok(!files.some((file) => file.includes(later)), `${later} is loaded when it is opened`);
    }
  });
});

describe('the types of the API', () => {
  let ui;
  before(async () => {
    ui = await Ui.start();
  });
  after(async () => {
    await ui?.stop();
  });

  test('are those of the OpenAPI document: run `npm run generate --workspace admin`', async () => {
    const document = await (await fetch(`${ui.url}/api/v1/openapi.json`)).json();
    for (const [path, text] of await typesOf(document)) {
      assert.equal(await readFile(path, 'utf8'), text, path);
    }
  });

  test('the page that the server sends loads without a warning of the browser, and as little as it may', async () => {
    const page = await ui.open('/api', { token: null });
    const scripts = [];
    page.on('response', (response) => {
      if (response.request().resourceType() === 'script') {
        scripts.push(response);
      }
    });
    await page.goto(`${ui.url}/#token=${ADMIN}`);
    await page.getByRole('switch').first().waitFor();
    const sizes = await Promise.all(scripts.map(async (each) => Number((await each.allHeaders())['content-length'])));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total > 50_000 && total <= FIRST_LOAD_BYTES, `${total} bytes in ${sizes.length} scripts`);
    assert.ok(sizes.length <= FIRST_LOAD_SCRIPTS, scripts.map((each) => each.url()).join(' '));
    await ui.closePages();
  });
});
