// Eight tabs of one browser: one of them has the stream, whichever of them is closed or hidden.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SingleNode } from './support/deployment.mjs';
import { openBrowser } from './support/page.mjs';
import { until, within } from './support/paths.mjs';
import { RemotePages } from './support/remote-page.mjs';
import { KEYS } from './support/server.mjs';

const FLAG = 'wishlist-gallery';
const TABS = 8;

/** The client that gets values, and the one that evaluates in the page. */
const CLIENTS = [
  { name: 'of the remote client', key: KEYS.client },
  { name: 'of the client that evaluates', key: KEYS.local, isLocal: true },
];

for (const { name, ...client } of CLIENTS) {
  describe(`eight tabs ${name}`, () => {
    let deployment;
    let server;
    let pages;
    let tabs;
    let browser;

    before(async () => {
      deployment = await SingleNode.start();
      server = deployment.writer;
      browser = await openBrowser();
      pages = await RemotePages.open(browser, { url: server.url, flag: FLAG, ...client });
      tabs = await Promise.all(Array.from({ length: TABS }, () => pages.tab()));
    });

    after(async () => {
      await pages?.stop();
      await browser?.close();
      await deployment?.stop();
    });

    const leaders = () => tabs.filter(({ streams }) => streams > 0);

    async function everybodySees(expected) {
      await Promise.all(tabs.map((tab) => tab.shows(expected)));
    }

    /** Waits until exactly one tab has the stream; returns it. */
    async function leader() {
      await until(
        10_000,
        'one tab to have the stream',
        () => leaders().length === 1,
        () => `${leaders().length} of them`,
      );
      return leaders()[0];
    }

    test('share one stream and all show a change', async () => {
      await everybodySees({ value: false, status: 'READY' });
      await leader();
      await server.flip(FLAG, true);
      await everybodySees({ value: true });
      assert.equal(
        tabs.reduce((sum, { opened }) => sum + opened, 0),
        1,
      );
    });

    test('leave connections for the requests of the site', async () => {
      // HTTP/1.1 allows six connections to a host: with a stream for each tab this request would wait for ever.
      const statuses = await within(
        10_000,
        'a request of each tab',
        Promise.all(
          tabs.map(({ page }) =>
            page.evaluate(
              (url) => fetch(`${url}/ofrep/v1/evaluate/flags/none`, { method: 'POST' }).then((r) => r.status),
              server.url,
            ),
          ),
        ),
      );
      assert.deepEqual(new Set(statuses), new Set([401]));
    });

    test('hand the stream over when its tab is closed', async (t) => {
      const first = await leader();
      tabs = tabs.filter((tab) => tab !== first);
      const started = performance.now();
      await first.page.close();
      await leader();
      t.diagnostic(`handed over after ${(performance.now() - started).toFixed(0)} ms`);
      await server.flip(FLAG, false);
      await everybodySees({ value: false });
    });

    test('hand it over when its tab is hidden, and take no notice of a change in a hidden tab until it is looked at', async () => {
      const first = await leader();
      await first.page.clock.install();
      await first.setVisible(false);
      await first.page.clock.runFor(21_000);
      const second = await leader();
      assert.notEqual(second, first);
      await server.flip(FLAG, true);
      await Promise.all(tabs.filter((tab) => tab !== first).map((tab) => tab.shows({ value: true })));
      assert.equal(await first.shown('value'), false);
      await first.setVisible(true);
      await first.shows({ value: true });
      await server.flip(FLAG, false);
      await everybodySees({ value: false });
    });

    test('all become stale when the server is away, and all follow it when it is back', async () => {
      await server.kill();
      await everybodySees({ value: false, status: 'STALE' });
      await server.restart();
      await everybodySees({ value: false, status: 'READY' });
      await server.flip(FLAG, true);
      await everybodySees({ value: true });
      await leader();
    });
  });
}
