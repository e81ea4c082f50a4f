// @flagstaff/react in Chromium, with React 18 and 19, against the server.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Client } from '@flagstaff/node';
import { SingleNode } from '../../conformance/e2e/support/deployment.mjs';
import { openBrowser } from '../../conformance/e2e/support/page.mjs';
import { KEYS } from '../../conformance/e2e/support/server.mjs';
import { AppSite, bundleForBrowser, emptyPage, importOnServer, VERSIONS } from './support/app.mjs';

const FLAG = 'wishlist-gallery';
const CONTEXT = { targetingKey: 'user-1' };
const GRID = 1_000;
const NONCE = 'bm9uY2U';
const POLICY = `default-src 'none'; script-src 'nonce-${NONCE}'; connect-src *`;

let deployment;
let server;
let browser;
let site;
/** The client of the server that renders. */
let flags;

before(async () => {
  deployment = await SingleNode.start();
  server = deployment.writer;
  browser = await openBrowser();
  flags = new Client({ url: server.url, key: KEYS.server });
  assert.equal(await flags.ready({ timeoutMs: 20_000 }), 'READY');
});

afterEach(() => site?.close());

after(async () => {
  await browser?.close();
  await flags?.close();
  await deployment?.stop();
});

/** Opens a page of pages/. */
async function open(name, version, { config = {}, production, ...options } = {}) {
  site = await AppSite.open(browser, {
    html: emptyPage({ url: server.url, key: KEYS.client, ...config }),
    script: await bundleForBrowser(name, version, { production }),
  });
  return site.page(options);
}

/** Switches a flag, and waits until the server that renders knows of it. */
async function flip(flag, value) {
  const changed = new Promise((resolve) => {
    const look = () => flags.getBooleanValue(flag, !value, CONTEXT) === value && resolve(undefined);
    flags.on('change', look);
    look();
  });
  await server.flip(flag, value);
  await changed;
}

// Before the flags of the grid exist: the panel would show all of them.
test('the panel of the developer tools shows flags and overrides them for the tab; the address does so in development only', async () => {
  await server.flip(FLAG, false);
  const text = 'wishlist-button-text:Bestellen';
  const { page, problems } = await open('devtools.jsx', '19', { query: `?flags=${FLAG},${text}` });
  const shows = (expected) =>
    page.waitForFunction((text) => document.getElementById('shown').textContent === text, expected);
  await shows('true Bestellen');
  await page.getByRole('button', { name: `Reset ${FLAG}` }).click();
  await shows('false Bestellen');
  await page.getByLabel(FLAG).check();
  await shows('true Bestellen');
  const name = page.getByLabel('wishlist-button-text');
  await name.fill('"Kaufen"');
  await name.press('Enter');
  await shows('true Kaufen');
  await page.goto(site.url);
  await shows('true Kaufen');
  assert.match(await page.locator('details summary').textContent(), /READY/);
  assert.deepEqual(problems, []);
  await site.close();

  const built = await open('devtools.jsx', '19', { query: `?flags=${text}`, production: true });
  await built.page.waitForFunction(() => /READY/.test(document.querySelector('details summary').textContent));
  assert.doesNotMatch(await built.page.locator('#shown').textContent(), /Bestellen/);
});

for (const version of VERSIONS) {
  describe(`React ${version}`, () => {
    test('hydrates what a server has rendered: no warning, no flicker, and changes follow', async () => {
      await flip(FLAG, true);
      const { render, getFlag } = await importOnServer('server.jsx', version);
      const config = { url: server.url, key: KEYS.client };
      const bootstrap = { ...flags.bootstrapFor(CONTEXT), config };
      assert.deepEqual(
        [getFlag(bootstrap, FLAG), getFlag(bootstrap, 'none', 'x'), getFlag(flags.forContext(CONTEXT), FLAG)],
        [true, 'x', true],
      );
      const html = render({ ...config, bootstrap, nonce: NONCE });
      assert.match(html, /<p id="gallery">Gallery<\/p>/);
      site = await AppSite.open(browser, {
        html,
        headers: { 'content-security-policy': POLICY },
        script: await bundleForBrowser('hydrate.jsx', version),
      });
      const { page, problems } = await site.page();
      await page.waitForSelector('#text[data-source="live"][data-loading="false"]');
      const first = await page.evaluate(() => globalThis.shown);
      assert.match(first.join(), /^Gallery[\w ]+1Oldtrue 20$/);
      await server.flip(FLAG, false);
      await page.waitForFunction(() => document.getElementById('gallery').textContent === 'List');
      assert.equal((await page.evaluate(() => globalThis.shown)).length, 2);
      assert.deepEqual(problems, []);
    });

    test('shows what has changed since the server rendered, without a warning', async () => {
      await flip(FLAG, false);
      const { render } = await importOnServer('server.jsx', version);
      const config = { url: server.url, key: KEYS.client };
      const bootstrap = { ...flags.bootstrapFor(CONTEXT), config };
      const html = render({ ...config, bootstrap, nonce: NONCE });
      await server.flip(FLAG, true);
      site = await AppSite.open(browser, { html, script: await bundleForBrowser('hydrate.jsx', version) });
      const { page, problems } = await site.page();
      await page.waitForFunction(() => document.getElementById('gallery').textContent === 'Gallery');
      assert.equal((await page.evaluate(() => globalThis.shown)).length, 2);
      assert.deepEqual(problems, []);
    });

    test(`renders one of ${GRID} components when one of ${GRID} flags changes`, async () => {
      await createGrid();
      const { page, problems } = await open('grid.jsx', version, { config: { count: GRID } });
      await page.waitForSelector(`#grid-${GRID - 1}`);
      const counts = () =>
        page.evaluate(() => [...globalThis.renderings.values()].reduce((sum, count) => sum + count, 0));
      let expected = GRID;
      assert.equal(await counts(), expected);
      for (const [flag, value] of [
        ['grid-400', false],
        ['grid-401', false],
        ['grid-400', true],
      ]) {
        await server.flip(flag, value);
        const isShown = ([id, text]) => document.getElementById(id).textContent === text;
        await page.waitForFunction(isShown, [flag, String(value)]);
        expected += 1;
        assert.equal(await counts(), expected);
      }
      assert.deepEqual(problems, []);
    });

    test('loads, suspends, follows its context and exposes once, under StrictMode with inline options', async () => {
      await server.flip(FLAG, true);
      site = await AppSite.open(browser, {
        html: emptyPage({ url: server.url, key: KEYS.client }),
        script: await bundleForBrowser('states.jsx', version),
      });
      const evaluations = [];
      let release;
      const held = new Promise((resolve) => {
        release = resolve;
      });
      const hold = async (route) => {
        evaluations.push(route.request().postDataJSON().context);
        await held;
        await route.continue();
      };
      const { page, problems } = await site.page({
        prepare: (page) => page.route('**/ofrep/v1/evaluate/flags*', hold),
      });
      await page.waitForSelector('#waiting');
      assert.deepEqual(JSON.parse(await page.locator('#details').textContent()), {
        value: 'Add',
        isLoading: true,
        source: 'fallback',
        errorCode: 'PROVIDER_NOT_READY',
      });
      release();
      await page.waitForFunction(() => document.getElementById('suspended')?.textContent === 'true');
      const details = JSON.parse(await page.locator('#details').textContent());
      assert.deepEqual([details.isLoading, details.source, details.errorCode], [false, 'live', undefined]);
      assert.equal(await page.locator('#exposed').textContent(), '20');
      const match = details.value === 'Add to wishlist' ? 'match' : 'other';
      assert.equal(await page.locator('#feature').textContent(), match);
      // One for the values and at most one for the stream's first announcement, and one client only.
      assert.ok(evaluations.length <= 2, `${evaluations.length} requests`);
      const exposures = () => page.evaluate(() => globalThis.exposures.toSorted());
      const first = await exposures();
      assert.deepEqual(
        first.map((exposure) => exposure.split('=')[0]),
        ['wishlist-button-text', FLAG, 'wishlist-max-items'],
      );

      await page.evaluate(() => globalThis.setUser({ targetingKey: 'user-1', plan: 'plus' }));
      await page.waitForFunction(() => document.getElementById('exposed').textContent === '100');
      assert.deepEqual(evaluations.at(-1), { targetingKey: 'user-1', plan: 'plus' });
      const second = await exposures();
      assert.equal(second.length, 2 * first.length);

      await page.evaluate(() => globalThis.setShown(false));
      await page.waitForSelector('#closed');
      const statuses = () => page.evaluate(() => [...globalThis.clients].map(({ status }) => status));
      await page.waitForFunction(() => [...globalThis.clients].every(({ status }) => status !== 'READY'));
      assert.ok((await statuses()).length <= 2);
      assert.deepEqual(problems, []);
    });

    test("serves OpenFeature's hooks: a change renders its readers, and a context is followed", async () => {
      await server.flip(FLAG, false);
      const { page, problems } = await open('openfeature.jsx', version);
      const shows = (id, text) =>
        page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [id, text]);
      await shows('gallery', 'false');
      await shows('items', '20');
      const { items } = await page.evaluate(() => globalThis.renderings);
      await server.flip(FLAG, true);
      await shows('gallery', 'true');
      assert.equal((await page.evaluate(() => globalThis.renderings)).items, items);
      await page.evaluate(() => globalThis.setContext({ targetingKey: 'user-1', plan: 'plus' }));
      await shows('items', '100');
      assert.deepEqual(problems, []);
    });

    test('has the flags that the page evaluates itself, and the panel says step by step how', async () => {
      await server.flip(FLAG, false);
      const config = { key: KEYS.local, wasm: '/flagstaff.wasm' };
      const { page, problems } = await open('local.jsx', version, { config });
      const shows = (id, text) =>
        page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [id, text]);
      await shows('gallery', 'false');
      await page.waitForSelector('#items[data-source="live"]');
      await shows('items', '20');
      const { items } = await page.evaluate(() => globalThis.renderings);
      await server.flip(FLAG, true);
      await shows('gallery', 'true');
      assert.equal((await page.evaluate(() => globalThis.renderings)).items, items);
      await page.evaluate(() => void globalThis.client.setContext({ targetingKey: 'user-1', plan: 'plus' }));
      await shows('items', '100');
      await page.waitForSelector('#items[data-reason="TARGETING_MATCH"]');
      await page.locator('summary', { hasText: 'Trace of wishlist-max-items' }).click();
      await page
        .locator('li', { hasText: /^rule, .*result: "match"/ })
        .first()
        .waitFor();
      await page
        .locator('li', { hasText: /attribute: "plan", .*found: "plus".*result: true/ })
        .first()
        .waitFor();
      assert.deepEqual(problems, []);
    });

    test('has flags for the tests of an application', async () => {
      const { page, problems } = await open('testing.jsx', version);
      await page.waitForFunction(() => globalThis.steps?.length === 3);
      assert.deepEqual(await page.evaluate(() => globalThis.steps), ['Order', 'Pay', 'Buy']);
      assert.deepEqual(problems, []);
    });
  });
}

/** The flags of the grid, in one revision. */
async function createGrid() {
  const flag = { type: 'boolean', enabled: true, clientSide: true, serve: 'on' };
  const flags = Object.fromEntries(Array.from({ length: GRID }, (_, index) => [`grid-${index}`, flag]));
  const response = await fetch(`${server.url}/api/v1/projects/default/environments/production/document?mode=merge`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${KEYS.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ schemaVersion: 1, flags }),
  });
  assert.ok(response.ok, `${response.status}: ${await response.text()}`);
}
