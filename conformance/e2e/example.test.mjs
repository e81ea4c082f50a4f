// The server's example page in a browser: it shows the demo flags and updates after a change.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SingleNode } from './support/deployment.mjs';
import { openBrowser } from './support/page.mjs';
import { KEYS } from './support/server.mjs';

const FLAG = 'wishlist-gallery';
const TIMEOUT_MS = 30_000;

describe('the example page', () => {
  let deployment;
  let browser;
  let page;
  const problems = [];

  before(async () => {
    deployment = await SingleNode.start();
    browser = await openBrowser();
    page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`${deployment.writer.url}/example/#key=${KEYS.client}`);
  });

  after(async () => {
    await browser?.close();
    await deployment?.stop();
  });

  const shows = (status, value) =>
    page.waitForSelector(`body[data-status="${status}"] tr[data-flag="${FLAG}"][data-value="${value}"]`, {
      timeout: TIMEOUT_MS,
    });

  test('shows a flag and follows its changes', async () => {
    await shows('READY', false);
    await deployment.writer.flip(FLAG, true);
    await shows('READY', true);
  });

  test('evaluates for the targeting key in its field', async () => {
    const texts = new Set();
    for (let user = 0; user < 20; user += 1) {
      const answered = page.waitForResponse((response) => response.url().endsWith('/ofrep/v1/evaluate/flags'));
      await page.fill('#targeting-key', `user-${user}`);
      await (await answered).finished();
      texts.add(await page.locator('tr[data-flag="wishlist-button-text"]').getAttribute('data-value'));
    }
    // Three arms, of 50, 30 and 20 percent
    assert.ok(texts.size > 1, [...texts].join());
  });

  test('keeps what it shows while the server is down, and follows again afterwards', async () => {
    await deployment.reader.kill();
    await shows('STALE', true);
    await deployment.reader.restart();
    await shows('READY', true);
    await deployment.writer.flip(FLAG, false);
    await shows('READY', false);
    assert.deepEqual(problems, []);
  });
});
