import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ANSWERS, App } from './install.mjs';

const PLATFORM = 'linux-x64-musl';
const path = (file) => fileURLToPath(new URL(file, import.meta.url));
/** A Node for musl. */
const node = path('../../.tools/musl/node');
const addons = path('../native/others');
const missing = [node, join(addons, `flagstaff.${PLATFORM}.node`)].filter((file) => !existsSync(file));
const skip = missing.length > 0 && `\`make dist-node\` was not run: there is no ${missing.join(', ')}`;

test('a Node for musl loads the addon from the package of its platform', { skip, timeout: 120_000 }, async () => {
  const out = mkdtempSync(join(tmpdir(), 'flagstaff-musl-'));
  let app;
  try {
    await promisify(execFile)(process.execPath, [path('../scripts/platform-packages.mjs'), out, addons]);
    const folders = ['node', `node-${PLATFORM}`].map((name) => join(out, name));
    // The system is not one of musl, as npm notices.
    app = await App.installAll(folders, path('app'), ['--force']);
    assert.equal(await app.run('evaluate.mjs', { node }), ANSWERS);
  } finally {
    app?.remove();
    rmSync(out, { recursive: true, force: true });
  }
});
