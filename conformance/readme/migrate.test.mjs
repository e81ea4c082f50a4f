// Runs the guides of docs/migrate: each command against a server, with a test server instead of the vendor's; the code of both sides, with
// the vendor's result instead of the vendor's SDK if that is not installed; and each expression that replaces one of the vendor's.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from '@flagstaff/node';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { built, fromRoot } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';

const run = promisify(execFile);
const RUN_MS = 60_000;
const FLAG = 'new-checkout';
const SECRET = 'secret-of-the-vendor';

// A file of each vendor in which the user of the guide is in a share, and the result of the vendor's own test data or formula for that user.
const SAMPLES = {
  // User 123 of group gr1 is in slot 73 of 100.
  unleash: {
    file: {
      version: 2,
      features: [
        {
          name: FLAG,
          enabled: true,
          strategies: [
            { name: 'flexibleRollout', parameters: { rollout: '73', stickiness: 'userId', groupId: 'gr1' } },
          ],
        },
      ],
    },
    names: { context: { userId: '123', properties: {} } },
    theirs: true,
    sdk: (theirs) => ({ unleash: { isEnabled: () => theirs } }),
  },
  eppo: {
    file: {
      format: 'SERVER',
      flags: {
        [FLAG]: {
          key: FLAG,
          enabled: true,
          variationType: 'STRING',
          totalShards: 10_000,
          variations: { treatment: { key: 'treatment', value: 'treatment' } },
          allocations: [
            {
              key: 'nordics',
              rules: [{ conditions: [{ attribute: 'country', operator: 'ONE_OF', value: ['se'] }] }],
              splits: [{ variationKey: 'treatment', shards: [{ salt: 's', ranges: [{ start: 0, end: 9_999 }] }] }],
            },
          ],
        },
      },
    },
    names: { user: { id: 'u1' }, attributes: { country: 'se' } },
    theirs: 'treatment',
    sdk: (theirs) => ({ eppo: { getStringAssignment: () => theirs } }),
  },
  growthbook: {
    file: { features: { [FLAG]: { defaultValue: false, rules: [{ force: true, condition: { country: 'se' } }] } } },
    names: { user: { id: 'u1', country: 'se' } },
    theirs: true,
    sdk: async (theirs, file) => {
      const { GrowthBook } = await import('@growthbook/growthbook').catch(() => ({}));
      const recorded = class {
        getFeatureValue() {
          return theirs;
        }
      };
      const isInstalled = GrowthBook !== undefined && theirs === SAMPLES.growthbook.theirs;
      return { GrowthBook: isInstalled ? GrowthBook : recorded, features: file.features };
    },
  },
  // By LaunchDarkly's own test data userKeyA is at 0.42157587 of the key hashKey with the salt saltyA.
  launchdarkly: {
    file: {
      flags: {
        [FLAG]: {
          key: 'hashKey',
          on: true,
          salt: 'saltyA',
          variations: [true, false],
          fallthrough: {
            rollout: {
              variations: [
                { variation: 0, weight: 42_158 },
                { variation: 1, weight: 57_842 },
              ],
            },
          },
        },
      },
      segments: {},
    },
    names: { user: { id: 'userKeyA', country: 'se' } },
    theirs: true,
  },
  flagsmith: {
    file: {
      api_key: 'ser.x',
      feature_states: [{ id: 1, feature: { id: 1, name: FLAG }, enabled: false, feature_state_value: null }],
      project: {
        segments: [
          {
            id: 1,
            name: 'pro',
            rules: [{ type: 'ALL', conditions: [{ property_: 'plan', operator: 'EQUAL', value: 'pro' }] }],
            feature_states: [{ id: 2, feature: { id: 1, name: FLAG }, enabled: true, feature_state_value: null }],
          },
        ],
      },
    },
    names: { user: { id: 'u1', plan: 'pro' } },
    theirs: true,
  },
  flagd: {
    file: {
      flags: {
        [FLAG]: {
          state: 'ENABLED',
          variants: { on: true, off: false },
          defaultVariant: 'off',
          targeting: { if: [{ '==': [{ var: 'country' }, 'se'] }, 'on'] },
        },
      },
    },
    names: {},
    theirs: true,
  },
};

/** The blocks of a guide, and the expressions in the right columns of its tables. */
function read(page) {
  const text = readFileSync(fromRoot(`docs/migrate/${page}.md`), 'utf8');
  const blocks = Array.from(text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm), ([, language, code]) => ({ language, code }));
  const cells = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split(' | ').at(-1));
  const codes = cells.flatMap((cell) => Array.from(cell.matchAll(/`(client\.[^`]+)`/g), ([, code]) => code));
  const isPython = (code) => /^client\.[a-z_]+\(/.test(code);
  return { blocks, python: codes.filter(isPython), node: codes.filter((code) => !isPython(code)) };
}

/** A server of the vendor that has the file, and remembers who asked with which secret. */
async function vendorServer(file) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${JSON.stringify(request.headers)}`);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(file));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, asked, stop: () => server.close() };
}

const hasCurl = (() => {
  try {
    execFileSync('curl', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

/** Runs the commands of a guide in a folder; what each prints. */
async function runCommands(blocks, sample, { server, folder, vendor }) {
  const binary = process.env.FLAGSTAFF_BINARY ?? built('flagstaff');
  const env = {
    PATH: `${dirname(binary)}${delimiter}${process.env.PATH}`,
    FLAGSTAFF_SERVER: server.url,
    FLAGSTAFF_TOKEN: KEYS.admin,
    TOKEN: SECRET,
    KEY: SECRET,
  };
  const lines = blocks.flatMap(({ language, code }) => (language === 'sh' ? code.trimEnd().split('\n') : []));
  const printed = [];
  for (const line of lines) {
    const command = line.replaceAll(/https:\/\/[^/\s"]+/g, vendor.url).replaceAll(/(sdk-|ser\.)…/g, SECRET);
    if (command.startsWith('curl ') && !hasCurl) {
      await writeFile(join(folder, command.split(' > ')[1]), JSON.stringify(sample.file));
      continue;
    }
    const { stdout } = await run('sh', ['-ec', command], { cwd: folder, env, timeout: RUN_MS });
    printed.push({ command, stdout });
  }
  return printed;
}

/** Evaluates code of a guide: the block with both sides, whose log is returned, and single expressions, which must not throw. */
async function runNode(block, codes, names) {
  const logged = [];
  const all = { ...names, log: { warn: (...line) => logged.push(line) } };
  const AsyncFunction = (async () => {}).constructor;
  if (block !== undefined) {
    await new AsyncFunction(...Object.keys(all), block)(...Object.values(all));
  }
  const arguments_ = { client: names.client, context: {}, attributes: {}, subject: 'u1' };
  for (const code of codes) {
    await new AsyncFunction(...Object.keys(arguments_), `return ${code}`)(...Object.values(arguments_));
  }
  return logged.length;
}

async function runPython(vendor, block, codes, { server, sample, theirs }) {
  const python = process.env.FLAGSTAFF_PYTHON ?? fromRoot('.venv/bin/python');
  const given = { vendor, block, codes, url: server.url, key: KEYS.server, user: sample.names.user, theirs };
  const program = fromRoot('conformance/readme/side_by_side.py');
  const { stdout } = await run(python, [program, JSON.stringify(given)], { timeout: RUN_MS });
  return Number(stdout);
}

for (const [page, sample] of Object.entries(SAMPLES)) {
  test(`the guide for those who come from ${page}`, async (t) => {
    const { blocks, node, python } = read(page);
    const folder = await mkdtemp(join(tmpdir(), 'flagstaff-migrate-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const deployment = await SingleNode.start();
    t.after(() => deployment.stop());
    const vendor = await vendorServer(sample.file);
    t.after(() => vendor.stop());
    const server = deployment.writer;

    // flagd has its file on a disk.
    await writeFile(join(folder, 'flags.json'), JSON.stringify(sample.file));
    const printed = await runCommands(blocks, sample, { server, folder, vendor });
    const imports = printed.filter(({ command }) => command.startsWith('flagstaff import '));
    assert.ok(imports.length >= 2, `${imports.length} imports`);
    for (const { command, stdout } of imports) {
      assert.match(stdout, /^1 taken over exactly, 0 with remarks, 0 not taken over$/m, command);
    }
    const [report] = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));
    assert.deepEqual(report, { flag: FLAG, verdict: 'exact', notes: [] });
    // flagd and public payloads need no secret, and all others send it.
    const isSecret = blocks.some(({ code }) => /\$TOKEN|\$KEY|[hH]eader |-H /.test(code));
    for (const request of vendor.asked) {
      assert.equal(request.includes(SECRET), isSecret || page === 'growthbook', request);
    }

    const client = new Client(server.url, KEYS.server);
    t.after(() => client.close());
    await client.ready();
    const block = blocks.find(({ language }) => language === 'js' || language === 'python');
    assert.ok(block, 'the guide shows both sides');
    // The vendor's answer differs from ours only where another one is put in its place.
    for (const [theirs, expected] of [
      [sample.theirs, 0],
      [typeof sample.theirs === 'boolean' ? !sample.theirs : 'another', 1],
    ]) {
      const logged =
        block.language === 'js'
          ? await runNode(block.code, [], { client, ...sample.names, ...(await sample.sdk(theirs, sample.file)) })
          : await runPython(page, block.code, [], { server, sample, theirs });
      assert.equal(logged, expected, `theirs is ${theirs}`);
    }
    await runNode(undefined, node, { client });
    if (python.length > 0) {
      await runPython(page, '', python, { server, sample, theirs: sample.theirs });
    }
    assert.ok(page === 'flagd' || node.length + python.length > 0, 'the tables show our side');
  });
}
