// A person switches a flag at the server, and a Python process, a Node process, a Rust process and a browser page follow.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Page } from './support/page.mjs';
import { built, fromRoot } from './support/paths.mjs';
import { Program } from './support/program.mjs';
import { KEYS, Server } from './support/server.mjs';

const FLAG = 'wishlist-gallery';
const START_MS = 30_000;
const LIVE_MS = 2_000;
const LOSS_MS = 30_000;
// A client waits up to half a minute between tries, and the page's throttling comes on top.
const RETURN_MS = 60_000;

let server;
const followers = [];

before(async () => {
  server = await Server.start();
  const args = [server.url, KEYS.server, FLAG];
  followers.push(
    new Program('python', fromRoot('.venv/bin/python'), [fromRoot('conformance/e2e/support/follow.py'), ...args]),
    new Program('node', process.execPath, [fromRoot('conformance/e2e/support/follow.mjs'), ...args]),
    new Program('rust', built('examples/watch'), [...args, 'user-1']),
  );
  followers.push(await Page.open(`${server.url}/example/#key=${KEYS.local}`, FLAG));
});

after(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  await server?.stop();
});

/** Switches the flag and waits until every follower shows it; gives the milliseconds that each took. */
async function flipAndFollow(t, value, milliseconds) {
  const started = performance.now();
  await Promise.all([
    server.flip(FLAG, value),
    ...followers.map(async (follower) => {
      await follower.sees({ value, status: 'READY' }, milliseconds);
      t.diagnostic(`${follower.name} shows ${value} after ${Math.round(performance.now() - started)} ms`);
    }),
  ]);
}

async function allSee(expected, milliseconds) {
  await Promise.all(followers.map((follower) => follower.sees(expected, milliseconds)));
}

test('all four start with the flag as the server has it', async () => {
  await allSee({ value: false, status: 'READY' }, START_MS);
});

test('a switched flag shows in all four within two seconds', async (t) => {
  await flipAndFollow(t, true, LIVE_MS);
  await flipAndFollow(t, false, LIVE_MS);
  await flipAndFollow(t, true, LIVE_MS);
});

test('a killed server takes no value away from any of the four', async () => {
  await server.kill();
  await allSee({ status: 'STALE' }, LOSS_MS);
  for (const follower of followers) {
    assert.equal(await follower.value(), true, follower.name);
  }
});

test('when the server is back, all four follow again without being touched', async (t) => {
  await server.restart();
  await flipAndFollow(t, false, RETURN_MS);
  await flipAndFollow(t, true, LIVE_MS);
});
