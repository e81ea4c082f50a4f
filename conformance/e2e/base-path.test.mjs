// A server below a path of a host, behind a proxy: programs in four languages and the example page find it there.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BelowPath } from './support/deployment.mjs';
import { Followers } from './support/followers.mjs';
import { openBrowser } from './support/page.mjs';
import { KEYS } from './support/server.mjs';

const FLAG = 'wishlist-gallery';
const TIMEOUT_MS = 30_000;

for (const isRemoved of [false, true]) {
  describe(`behind a proxy that ${isRemoved ? 'removes' : 'keeps'} the path`, () => {
    let deployment;
    before(async () => {
      deployment = await BelowPath.start(isRemoved);
    });
    after(async () => {
      await deployment?.stop();
    });

    test('programs in all languages follow a flag', async (t) => {
      const followers = await Followers.start(deployment.reader, FLAG);
      try {
        await followers.see({ value: false, status: 'READY' }, TIMEOUT_MS);
        await followers.followFlip(t, deployment.writer, true, TIMEOUT_MS);
      } finally {
        await followers.stop();
      }
      assert.deepEqual(deployment.proxy.strays, []);
    });

    test('the example page follows a flag', async () => {
      await deployment.writer.flip(FLAG, true);
      const browser = await openBrowser();
      try {
        const page = await browser.newPage();
        const shows = (value) =>
          page.waitForSelector(`body[data-status="READY"] tr[data-flag="${FLAG}"][data-value="${value}"]`);
        // Without the slash at its end it is led on.
        await page.goto(`${deployment.reader.url}/example#key=${KEYS.client}`);
        await shows(true);
        await deployment.writer.flip(FLAG, false);
        await shows(false);
      } finally {
        await browser.close();
      }
      assert.deepEqual(deployment.proxy.strays, []);
    });
  });
}
