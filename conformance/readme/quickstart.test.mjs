// Runs each quick start of the README unchanged against a server: it must show the value of the flag.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { openBrowser } from '../e2e/support/page.mjs';
import { fromRoot } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';
import { Site } from '../e2e/support/site.mjs';
import { flagOf, readBlocks } from './blocks.mjs';

const run = promisify(execFile);
const RUN_MS = 60_000;
// The first run compiles the dependencies of the block.
const COMPILE_MS = 600_000;
// URL and key in the browser's block, which has no environment variables.
const URL_IN_PAGE = 'http://127.0.0.1:8080';
const KEY_IN_PAGE = /fs_client_[^'"]*/;

const blocks = readBlocks();
let deployment;
let server;
let folder;

before(async () => {
  deployment = await SingleNode.start();
  server = deployment.writer;
  folder = await mkdtemp(join(tmpdir(), 'flagstaff-readme-'));
  // Makes the packages available as in a project that has installed them.
  await symlink(fromRoot('node_modules'), join(folder, 'node_modules'));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
  await deployment?.stop();
});

/** Runs a program with the address and key in the environment; returns its output. */
async function output(command, args, timeout = RUN_MS) {
  const env = { ...process.env, FLAGSTAFF_URL: server.url, FLAGSTAFF_KEY: KEYS.server };
  const { stdout } = await run(command, args, { env, timeout, cwd: fromRoot('.') });
  return stdout;
}

async function written(name, text) {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

/** Switches the flag off, then on: only the server can provide the value on, since the default of every block is the value off. */
async function showsBothValues(block, show) {
  const flag = flagOf(block.text);
  for (const value of [false, true]) {
    await server.flip(flag, value);
    const shown = await show(value);
    assert.match(shown, new RegExp(`\\b${value}\\b`, 'i'), `${flag} is ${value}, but the quick start shows: ${shown}`);
    assert.doesNotMatch(shown, new RegExp(`\\b${!value}\\b`, 'i'));
  }
}

test('the README has a quick start for each language', () => {
  assert.deepEqual([...blocks.keys()].sort(), ['browser', 'node', 'python', 'rust']);
});

test('the quick start for Python', { skip: !blocks.has('python') }, async () => {
  const block = blocks.get('python');
  const file = await written('quickstart.py', block.text);
  const python = process.env.FLAGSTAFF_PYTHON ?? fromRoot('.venv/bin/python');
  await showsBothValues(block, () => output(python, [file]));
});

test('the quick start for Node', { skip: !blocks.has('node') }, async () => {
  const block = blocks.get('node');
  const file = await written('quickstart.mjs', block.text);
  await showsBothValues(block, () => output(process.execPath, [file]));
});

test('the quick start for Rust', { skip: !blocks.has('rust') }, async () => {
  // The packages and features of scripts/test.sh: cargo rebuilds most dependencies for others.
  const selection = [
    '--workspace',
    '--exclude',
    'flagstaff-wasm-bindgen',
    '--features',
    'flagstaff-conformance/bindings',
  ];
  await output('cargo', ['build', '--quiet', ...selection, '--example', 'quickstart'], COMPILE_MS);
  const example = join(process.env.CARGO_TARGET_DIR ?? fromRoot('target'), 'debug/examples/quickstart');
  await showsBothValues(blocks.get('rust'), () => output(example, []));
});

test('the quick start for the browser', { skip: !blocks.has('browser') }, async () => {
  const { language, text } = blocks.get('browser');
  assert.ok(text.includes(URL_IN_PAGE) && KEY_IN_PAGE.test(text), 'the block names its server and a key');
  const site = await Site.open({
    language,
    text: text.replace(URL_IN_PAGE, server.url).replace(KEY_IN_PAGE, KEYS.client),
  });
  const browser = await openBrowser();
  try {
    await showsBothValues({ text }, async (value) => {
      const page = await browser.newPage();
      await page.goto(site.url);
      // Until the client is ready, a page may show the default.
      const isShown = (text) => document.body.innerText.toLowerCase().includes(text);
      await page.waitForFunction(isShown, String(value), { timeout: RUN_MS });
      const shown = await page.locator('body').innerText();
      await page.close();
      return shown;
    });
  } finally {
    await browser.close();
    await site.close();
  }
});
