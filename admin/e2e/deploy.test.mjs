// Another version of the server is deployed while a page is open: what the page loads later is no longer there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ui } from './support/ui.mjs';

const PROJECT = '/projects/default';

const ui = Ui.ofTests();

const link = (page, name) => page.getByRole('link', { name, exact: true });

/** Counts how often a page is loaded. Until it is, once or for good, the server lacks the files with this name, as after a deploy. */
async function deploy(page, files, { isForGood = false } = {}) {
  const seen = { loads: 0, lost: 0 };
  page.on('request', (request) => {
    if (request.isNavigationRequest()) {
      seen.loads += 1;
    }
  });
  await page.route(files, (route) => {
    if (seen.loads > 0 && !isForGood) {
      return route.fallback();
    }
    seen.lost += 1;
    return route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{}' });
  });
  return seen;
}

/** Gives the page the time to load itself again, if it wants to: then this fails. */
const settled = (page) => page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));

test('a page that was not loaded yet makes the browser load all anew, once, and opens', async () => {
  const page = await ui.open(`${PROJECT}/flags`);
  await link(page, 'wishlist-gallery').waitFor();
  const seen = await deploy(page, /\/assets\/playground-page-/);
  // Over the link nothing happens yet: what is typed on the page would be gone.
  const asked = page.waitForResponse(/\/assets\/playground-page-/);
  await link(page, 'Playground').hover();
  await asked;
  await settled(page);
  assert.equal(seen.loads, 0);
  await link(page, 'Playground').click();
  await page.getByRole('heading', { name: 'Playground' }).waitFor();
  assert.ok(seen.lost >= 1);
  assert.equal(seen.loads, 1);
  assert.equal(new URL(page.url()).pathname, `${PROJECT}/playground`);
});

test('a draft is kept', async () => {
  await ui.api('POST', '/environments/production/flags', {
    key: 'drafted',
    type: 'boolean',
    enabled: true,
    serve: 'on',
  });
  const page = await ui.open(`${PROJECT}/flags/drafted?env=production`);
  await page.getByRole('button', { name: 'Add a rule' }).click();
  const unsaved = page.getByRole('region', { name: 'Changes that are not saved' });
  await unsaved.waitFor();
  const seen = await deploy(page, /\/assets\/code-field-/);
  await page.getByText('JSON', { exact: true }).first().click();
  await page.locator('.cm-content').first().waitFor();
  await unsaved.waitFor();
  assert.equal(seen.loads, 1);
});

test('what is missing in the new version too is told, after one attempt', async () => {
  const page = await ui.open(`${PROJECT}/flags`);
  await link(page, 'wishlist-gallery').waitFor();
  // A file without styles: the browser's own error is what the router would load the page again for.
  const seen = await deploy(page, /\/assets\/audit-page-/, { isForGood: true });
  const reloaded = page.waitForEvent('load');
  await link(page, 'Audit').click();
  await reloaded;
  await page.getByText('This page has failed').waitFor();
  await settled(page);
  assert.equal(seen.loads, 1);
  // The other pages work.
  await link(page, 'Settings').click();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(seen.loads, 1);
});
