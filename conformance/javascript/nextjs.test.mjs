// The guide for Next.js: its application, built by both of its bundlers, in Chromium against the server.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { openBrowser } from '../e2e/support/page.mjs';
import { fromRoot, within } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';
import { installPacked, readGuide } from './project.mjs';

const FLAG = 'wishlist-gallery';
const EXAMPLE = fromRoot('examples/javascript/nextjs');
const NEXT = createRequire(`${EXAMPLE}/package.json`).resolve('next/dist/bin/next');
const BUILD_MS = 1_200_000;
/** What an application has installed; in this tree they are links into folders that Next.js takes for parts of the application. */
const PACKAGES = { '@flagstaff/node': 'bindings-node', '@flagstaff/web': 'bindings-wasm', '@flagstaff/react': 'react' };
const SHOWN = { timeout: 60_000 };
/** What a build makes, and what belongs to no application. */
const MADE = ['.next', 'node_modules', 'next-env.d.ts'];

/** Where the application is built. With webpack, Next.js 16.4 refuses every edge route, also one of three lines without a package. */
const BUNDLERS = [
  { bundler: 'Turbopack', folder: EXAMPLE, hasEdge: true },
  { bundler: 'webpack', folder: fromRoot('examples/javascript/nextjs-webpack'), hasEdge: false },
];

test('the guide for Next.js shows the files of the example', async () => {
  for (const [path, text] of await readGuide('nextjs')) {
    assert.equal(await readFile(`${EXAMPLE}/${path}`, 'utf8'), text, path);
  }
});

for (const { bundler, folder, hasEdge } of BUNDLERS) {
  describe(`the guide for Next.js, with ${bundler}`, () => {
    const installed = `${folder}/node_modules/@flagstaff`;
    let deployment;
    let server;
    let browser;
    /** A build knows neither the server nor its key. */
    let buildEnv;
    let site;

    before(async () => {
      deployment = await SingleNode.start();
      server = deployment.writer;
      browser = await openBrowser();
      if (folder !== EXAMPLE) {
        await rm(folder, { recursive: true, force: true });
        const isSource = (path) => !MADE.includes(basename(path)) && path !== `${EXAMPLE}/app/edge`;
        await cp(EXAMPLE, folder, { recursive: true, filter: isSource });
      }
      await rm(installed, { recursive: true, force: true });
      await installPacked(PACKAGES, folder);
      // The tarball has no addon of a test build.
      await cp(fromRoot('bindings-node/native'), `${installed}/node/native`, { recursive: true });
      const { FLAGSTAFF_URL: _, FLAGSTAFF_KEY: __, ...rest } = process.env;
      buildEnv = {
        ...rest,
        NEXT_TELEMETRY_DISABLED: '1',
        NEXT_PUBLIC_FLAGSTAFF_URL: server.url,
        NEXT_PUBLIC_FLAGSTAFF_KEY: KEYS.client,
      };
    });

    after(async () => {
      await browser?.close();
      await deployment?.stop();
      await rm(folder === EXAMPLE ? installed : folder, { recursive: true, force: true });
    });

    /** Starts the built application; returns its address. */
    async function start() {
      site = spawn(process.execPath, [NEXT, 'start', '--hostname', '127.0.0.1', '--port', '0'], {
        cwd: folder,
        env: { ...buildEnv, FLAGSTAFF_URL: server.url, FLAGSTAFF_KEY: KEYS.server },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const listening = async () => {
        for await (const line of createInterface({ input: site.stdout })) {
          const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
          if (address !== undefined) {
            return address;
          }
        }
        throw new Error('Next.js ended before it listened');
      };
      return within(SHOWN.timeout, 'Next.js to listen', listening());
    }

    test('works as it is built', async (t) => {
      await server.flip(FLAG, true);
      await promisify(execFile)(process.execPath, [NEXT, 'build', `--${bundler.toLowerCase()}`], {
        cwd: folder,
        env: buildEnv,
        timeout: BUILD_MS,
      });
      const url = await start();
      t.after(async () => {
        const ended = once(site, 'exit');
        site.kill();
        await ended;
      });
      const html = await (await fetch(url)).text();
      assert.match(html, /<h1>Gallery<\/h1>/);
      assert.doesNotMatch(html, new RegExp(KEYS.server));

      const page = await browser.newPage();
      const problems = [];
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (line) => {
        if (['error', 'warning'].includes(line.type()) && !line.location().url.endsWith('/favicon.ico')) {
          problems.push(line.text());
        }
      });
      await page.goto(url);
      await page.locator('section[data-source="live"]').waitFor(SHOWN);
      assert.match(await page.locator('#server').textContent(), /20/);
      await page.getByText('Coming soon').waitFor(SHOWN);
      await server.flip(FLAG, false);
      await page.getByRole('heading', { name: 'List' }).waitFor(SHOWN);
      assert.deepEqual(problems, []);

      await page.goto(`${url}/widget`);
      await page.getByText('list of the bootstrap').waitFor(SHOWN);
      const widget = await (await fetch(`${url}/widget`, { headers: { 'x-nonce': 'bm9uY2U' } })).text();
      assert.match(widget, /<script type="application\/json" id="flagstaff-bootstrap" nonce="bm9uY2U">{"flags":/);

      // The Pages Router renders and follows in the same way.
      await page.goto(`${url}/classic`);
      await page.getByRole('heading', { name: 'Classic list' }).waitFor(SHOWN);
      assert.match(await page.locator('#server').textContent(), /20/);
      await server.flip(FLAG, true);
      await page.getByRole('heading', { name: 'Classic gallery' }).waitFor(SHOWN);
      assert.deepEqual(problems, []);
      await page.close();

      /** Asks until the response is the expected one: the server of the pages learns of a change a moment later. */
      const eventually = (path, status, pattern, options) =>
        within(
          SHOWN.timeout,
          `${path}: ${status} ${pattern}`,
          (async () => {
            for (;;) {
              const response = await fetch(url + path, options);
              if (pattern.test(await response.text()) && response.status === status) {
                return;
              }
              await sleep(50);
            }
          })(),
        );
      const plus = { headers: { cookie: 'user=user-1; plan=plus' } };
      await eventually('/', 200, /up to (<!-- -->)?100/, plus);
      await eventually('/classic', 200, /up to (<!-- -->)?100/, plus);
      await eventually('/start', 200, /<h1>Gallery<\/h1>/);
      if (hasEdge) {
        await eventually('/edge', 200, /{"view":"gallery"}/);
      }
      await eventually('/reorder', 404, /./);
      for (const path of ['/items', '/api/items']) {
        await eventually(path, 404, /{"error":"Feature not available"}/, { ...plus, method: 'POST' });
      }
      await server.flip(FLAG, false);
      await server.flip('wishlist-reorder', true);
      await server.flip('wishlist-add-item', true);
      await eventually('/start', 200, /Classic list/);
      await eventually('/reorder', 200, /<h1>Reorder/);
      for (const path of ['/items', '/api/items']) {
        await eventually(path, 201, /{"limit":100}/, { ...plus, method: 'POST' });
      }
      // All of the application follows by one stream, however often Next.js loads its module.
      const instances = await fetch(`${server.url}/api/v1/projects/default/environments/production/instances`, {
        headers: { authorization: `Bearer ${KEYS.admin}` },
      });
      const { items } = await instances.json();
      assert.deepEqual(
        items.map(({ sdk }) => sdk),
        ['@flagstaff/node'],
      );
    });
  });
}
