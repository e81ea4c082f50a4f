// One file of each of six vendors, imported into a running server by `flagstaff import`, and evaluated by Python, Node, OFREP and a page.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from '@flagstaff/node';
import { readBlocks } from '../readme/blocks.mjs';
import { SingleNode } from './support/deployment.mjs';
import { openBrowser } from './support/page.mjs';
import { built, fromRoot } from './support/paths.mjs';
import { KEYS } from './support/server.mjs';
import { Site } from './support/site.mjs';
import { VENDOR_FILES } from './support/vendor-files.mjs';

const run = promisify(execFile);
/** What the caller passes as default; no flag of these files has such a value. */
const DEFAULTS = { boolean: null, string: 'mine', number: -77, object: { mine: true } };
const WAIT_MS = 30_000;

let deployment;
let server;
let folder;

before(async () => {
  deployment = await SingleNode.start();
  server = deployment.writer;
  folder = await mkdtemp(join(tmpdir(), 'flagstaff-imports-'));
});

after(async () => {
  await deployment?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Writes a vendor's file, and imports it. */
async function importFile(vendor, file, options = {}) {
  const path = join(folder, `${vendor}.json`);
  await writeFile(path, JSON.stringify(file));
  const args = ['import', '--from', vendor, path, '--options', JSON.stringify(options), '--server', server.url];
  const { stdout } = await run(process.env.FLAGSTAFF_BINARY ?? built('flagstaff'), args, {
    env: { ...process.env, FLAGSTAFF_TOKEN: KEYS.admin },
  });
  assert.match(stdout, / 0 not taken over/);
}

/** The evaluations, with the type of the imported flag, or of the default if the flag does not exist. */
async function withTypes(asked) {
  const { flags } = await server.snapshot();
  return asked.map(({ enabled, ...one }) => {
    const type = flags[one.flag]?.type ?? typeof (one.default ?? one.value ?? DEFAULTS.string);
    const fallback = 'default' in one ? one.default : DEFAULTS[type];
    const value = type === 'boolean' ? (enabled ?? one.value) : one.value;
    return { ...one, type, default: fallback, value: value === undefined ? fallback : value };
  });
}

/** Each client returns the values of these evaluations. */
const CLIENTS = {
  async node(asked) {
    const client = new Client(server.url, KEYS.server);
    try {
      assert.equal(await client.ready({ timeoutMs: WAIT_MS }), 'READY');
      const getters = {
        boolean: 'getBooleanValue',
        string: 'getStringValue',
        number: 'getNumberValue',
        object: 'getObjectValue',
      };
      return asked.map((one) => client[getters[one.type]](one.flag, one.default, one.context));
    } finally {
      await client.close();
    }
  },
  async python(asked) {
    const args = [fromRoot('conformance/e2e/support/ask.py'), server.url, KEYS.server];
    const python = spawn(fromRoot('.venv/bin/python'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(python, 'exit');
    const answers = [];
    python.stdin.end(asked.map((one) => `${JSON.stringify(one)}\n`).join(''));
    for await (const line of createInterface({ input: python.stdout })) {
      answers.push(JSON.parse(line).value);
    }
    assert.deepEqual(await ended, [0, null]);
    return answers;
  },
  async OFREP(asked) {
    const answers = [];
    for (const one of asked) {
      const response = await fetch(`${server.url}/ofrep/v1/evaluate/flags/${one.flag}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEYS.server}`, 'content-type': 'application/json' },
        body: JSON.stringify({ context: one.context }),
      });
      const { value, errorCode = null } = await response.json();
      // As OpenFeature's clients read it: without a value the caller has the default.
      assert.equal(response.ok, errorCode === null, one.flag);
      answers.push(value === undefined || !response.ok ? one.default : value);
    }
    return answers;
  },
};

for (const [vendor, data] of Object.entries(VENDOR_FILES)) {
  const skip = data === null && 'there is no ../shared/vendor-suites';
  test(`flags of ${vendor} have the vendor's own values in Python, Node and OFREP`, { skip }, async () => {
    await importFile(vendor, data.file, data.options);
    const asked = await withTypes(data.asked);
    assert.ok(asked.length >= 15, `${asked.length} cases`);
    for (const [name, ask] of Object.entries(CLIENTS)) {
      const answers = await ask(asked);
      const found = asked.map((one, index) => ({ ...one, value: answers[index] }));
      assert.deepEqual(found, asked, name);
    }
  });
}

describe('a page that evaluates imported flags', () => {
  const FEATURE = {
    name: 'imported-colour',
    enabled: true,
    strategies: [{ name: 'flexibleRollout', parameters: { rollout: '100', stickiness: 'userId', groupId: 'colours' } }],
    variants: ['red', 'blue'].map((name) => ({ name, weight: 500, stickiness: 'userId' })),
  };
  let browser;

  before(async () => {
    await importFile('unleash', { version: 2, features: [FEATURE] });
    assert.ok((await server.put('imported-colour', { clientSide: true })).ok);
    browser = await openBrowser();
  });

  after(() => browser?.close());

  test('has them from the entry of the guide', async () => {
    const { text } = readBlocks(fromRoot('docs/javascript/imported-flags.md')).get('local-dialects');
    const script = text.replaceAll('http://127.0.0.1:8080', server.url);
    const site = await Site.open({
      language: 'js',
      text: script.replace('clientLocalKey', JSON.stringify(KEYS.local)),
    });
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      const [value] = await CLIENTS.node([
        { flag: 'imported-colour', type: 'string', default: 'grey', context: { userId: '7' } },
      ]);
      assert.notEqual(value, 'grey');
      await page.waitForFunction((title) => document.title === title, `${value} SPLIT`, { timeout: WAIT_MS });
    } finally {
      await site.close();
    }
  });
});
