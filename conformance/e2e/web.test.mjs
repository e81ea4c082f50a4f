// The remote client of @flagstaff/web in Chromium against the server: values, changes, and every way in which the server becomes unreachable.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { SingleNode } from './support/deployment.mjs';
import { openBrowser } from './support/page.mjs';
import { until } from './support/paths.mjs';
import { RemotePages } from './support/remote-page.mjs';
import { KEYS } from './support/server.mjs';

const FLAG = 'wishlist-gallery';
const WAIT_MS = 10_000;
const KEYS_ROUTE = '/api/v1/projects/default/environments/production/keys';

describe('the remote client for browsers', () => {
  let server;
  let deployment;
  let pages;
  let browser;

  before(async () => {
    deployment = await SingleNode.start();
    server = deployment.writer;
    browser = await openBrowser();
  });

  afterEach(() => pages?.stop());

  after(async () => {
    await browser?.close();
    await deployment?.stop();
  });

  async function open(options) {
    pages = await RemotePages.open(browser, { url: server.url, key: KEYS.client, flag: FLAG, ...options });
    return pages.tab();
  }

  test('shows a change in the page as it is made', async (t) => {
    await server.flip(FLAG, false);
    const tab = await open();
    await tab.shows({ value: false, status: 'READY', source: 'live' });
    // The page takes the time itself: asking it for a value takes longer than the change.
    await tab.page.evaluate(() => {
      const options = { attributes: true, attributeFilter: ['data-value'] };
      new MutationObserver(() => {
        globalThis.changedAt = Date.now();
      }).observe(document.body, options);
    });
    const times = [];
    for (let round = 0; round < 10; round += 1) {
      const value = round % 2 === 0;
      const started = Date.now();
      await server.flip(FLAG, value);
      await tab.shows({ value });
      times.push((await tab.page.evaluate(() => globalThis.changedAt)) - started);
    }
    times.sort((a, b) => a - b);
    t.diagnostic(`from the request of a write to the page: median ${times[5]} ms, longest ${times[9]} ms`);
    assert.equal(tab.streams, 1);
  });

  test('asks again when somebody looks at it after five minutes, and gets 304', async () => {
    await server.flip(FLAG, true);
    pages = await RemotePages.open(browser, {
      url: server.url,
      key: KEYS.client,
      flag: FLAG,
      options: '{ stream: false }',
    });
    const tab = await pages.tab({ prepare: (page) => page.clock.install() });
    await tab.shows({ value: true, status: 'READY' });
    await tab.page.evaluate(() => dispatchEvent(new Event('focus')));
    await tab.page.clock.fastForward('04:59');
    await tab.page.evaluate(() => dispatchEvent(new Event('focus')));
    await tab.page.clock.fastForward('00:02');
    await tab.page.evaluate(() => dispatchEvent(new Event('focus')));
    await until(WAIT_MS, 'the request', () => tab.evaluations.length === 2);
    assert.deepEqual(tab.evaluations, [200, 304]);
    await server.flip(FLAG, false);
    await tab.page.clock.fastForward('05:01');
    await tab.setVisible(true);
    await tab.shows({ value: false });
  });

  test('closes the stream when it was hidden for 20 seconds, and opens it at once when it is looked at', async () => {
    await server.flip(FLAG, true);
    pages = await RemotePages.open(browser, { url: server.url, key: KEYS.client, flag: FLAG });
    const tab = await pages.tab({ prepare: (page) => page.clock.install() });
    await tab.shows({ value: true, status: 'READY' });
    await until(WAIT_MS, 'the stream', () => tab.streams === 1);
    await tab.setVisible(false);
    await tab.page.clock.fastForward(19_000);
    assert.equal(tab.streams, 1);
    await tab.page.clock.fastForward(1_100);
    await until(WAIT_MS, 'the stream to be closed', () => tab.streams === 0);
    await server.flip(FLAG, false);
    assert.equal(await tab.shown('value'), true);
    await tab.setVisible(true);
    await tab.shows({ value: false });
    await until(WAIT_MS, 'the stream', () => tab.streams === 1);
  });

  test('closes the stream of a page that was opened in the background and never looked at', async () => {
    pages = await RemotePages.open(browser, { url: server.url, key: KEYS.client, flag: FLAG });
    const hide = () => Object.defineProperty(document, 'visibilityState', { get: () => 'hidden', configurable: true });
    const tab = await pages.tab({
      prepare: async (page) => {
        await page.addInitScript(hide);
        await page.clock.install();
      },
    });
    await tab.shows({ status: 'READY' });
    await until(WAIT_MS, 'the stream', () => tab.streams === 1);
    await tab.page.clock.fastForward(20_100);
    await until(WAIT_MS, 'the stream to be closed', () => tab.streams === 0);
  });

  test('keeps its values while the browser is offline, and catches up', async () => {
    await server.flip(FLAG, true);
    const tab = await open();
    await tab.shows({ value: true, status: 'READY' });
    await pages.context.setOffline(true);
    await tab.shows({ value: true, status: 'STALE' });
    await server.flip(FLAG, false);
    await pages.context.setOffline(false);
    await tab.shows({ value: false, status: 'READY' });
    await server.flip(FLAG, true);
    await tab.shows({ value: true });
  });

  test('keeps its values while the server is away, also on the next page, and follows it when it is back', async () => {
    await server.flip(FLAG, true);
    const tab = await open();
    await tab.shows({ value: true, status: 'READY' });
    await server.kill();
    await tab.shows({ value: true, status: 'STALE' });
    await tab.page.reload();
    await tab.shows({ first: true, value: true, source: 'cache', status: 'STALE' });
    await server.restart();
    await tab.shows({ value: true, status: 'READY', source: 'live' });
    await server.flip(FLAG, false);
    await tab.shows({ value: false });
  });

  test('starts with the values that the page contains: the response of the server, unchanged', async () => {
    await server.flip(FLAG, true);
    const context = { targetingKey: 'user-1' };
    const response = await fetch(`${server.url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.client}`, 'content-type': 'application/json' },
      body: JSON.stringify({ context }),
    });
    const bootstrap = (await response.text()).replaceAll('<', '\\u003c');
    const before = `<script type="application/json" id="flagstaff-bootstrap">${bootstrap}</script>`;
    const tab = await open({ before });
    await tab.shows({ first: true, value: true, status: 'READY' });
  });

  test('works where the page may store nothing and share nothing', async () => {
    await server.flip(FLAG, true);
    pages = await RemotePages.open(browser, { url: server.url, key: KEYS.client, flag: FLAG });
    const { page } = await pages.tab();
    // The origin of such a frame is opaque: storage and locks are forbidden.
    await page.setContent(`<iframe sandbox="allow-scripts" src="${pages.url}"></iframe>`);
    const body = page.frameLocator('iframe').locator('body[data-status=\'"READY"\'][data-value="true"]');
    await body.waitFor({ state: 'attached', timeout: 30_000 });
    await server.flip(FLAG, false);
    const changed = page.frameLocator('iframe').locator('body[data-value="false"]');
    await changed.waitFor({ state: 'attached', timeout: 30_000 });
  });

  test('sends the signature of its context, and tells whose values it cannot get', async () => {
    await server.flip(FLAG, true);
    const admin = { authorization: `Bearer ${KEYS.admin}`, 'content-type': 'application/json' };
    const send = async (method, path, body) => {
      const response = await fetch(server.url + path, { method, headers: admin, body: JSON.stringify(body) });
      assert.ok(response.ok, `${method} ${path}: ${response.status}`);
      return response.json();
    };
    const key = await send('POST', KEYS_ROUTE, { kind: 'client', name: 'signed' });
    const { secret } = await send('POST', `${KEYS_ROUTE}/${key.id}/secrets`);
    await send('PATCH', `${KEYS_ROUTE}/${key.id}`, { signedContexts: true });
    const expires = Math.floor(Date.now() / 1_000) + 3_600;
    const message = `flagstaff-context-1\n${key.id}\n${expires}\n{"targetingKey":"user-1"}`;
    const signature = `${expires}.${createHmac('sha256', secret).update(message).digest('hex')}`;
    pages = await RemotePages.open(browser, {
      url: server.url,
      key: key.token,
      flag: FLAG,
      options: `{ signature: async () => ${JSON.stringify(signature)} }`,
    });
    const tab = await pages.tab();
    await tab.shows({ value: true, status: 'READY' });
    const warnings = [];
    tab.page.on('console', (line) => warnings.push(line.text()));
    await tab.page.evaluate(() => void globalThis.client.setContext({ targetingKey: 'somebody else' }));
    await tab.shows({ value: null, status: 'FAILED' });
    assert.match(warnings.join('\n'), /signature/);
  });
});
