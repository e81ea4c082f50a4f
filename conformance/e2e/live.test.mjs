// A flag is switched at the server, and a Python process, a Node process, a Rust process and a browser page show the new value.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DEPLOYMENTS } from './support/deployment.mjs';
import { everywhere, Followers } from './support/followers.mjs';

const FLAG = 'wishlist-gallery';
const START_MS = 30_000;
const LIVE_MS = 2_000;
const LOSS_MS = 30_000;
// A client waits up to 30 seconds between attempts, and the browser throttles timers of the page.
const RETURN_MS = 60_000;

for (const Deployment of DEPLOYMENTS) {
  describe(`live on ${Deployment.title}`, () => {
    let deployment;
    let followers;

    before(async () => {
      deployment = await Deployment.start();
      followers = await Followers.start(deployment.reader, FLAG);
    });

    after(async () => {
      await followers?.stop();
      await deployment?.stop();
    });

    test('all four start with the flag as the server has it', async () => {
      await followers.see({ value: false, status: 'READY' }, START_MS);
    });

    test('a switched flag shows in all four within two seconds', async (t) => {
      for (const value of [true, false, true]) {
        await followers.followFlip(t, deployment.writer, value, LIVE_MS);
      }
    });

    test('a killed server takes no value away from any of the four', async () => {
      await deployment.reader.kill();
      await followers.see({ status: 'STALE' }, LOSS_MS);
      assert.deepEqual(await followers.values(), everywhere(true));
    });

    test('when the server is back, all four follow again without being touched', async (t) => {
      await deployment.reader.restart();
      await followers.followFlip(t, deployment.writer, false, RETURN_MS);
      await followers.followFlip(t, deployment.writer, true, LIVE_MS);
    });
  });
}
