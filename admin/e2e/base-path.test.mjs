// The admin UI below a path of a host, behind a proxy that keeps the path or removes it. As on every page of these tests the policy holds,
// and nothing outside the path is asked for.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { BelowPath } from '../../conformance/e2e/support/deployment.mjs';
import { link } from './support/links.mjs';
import { CLIENT, IdentityProvider } from './support/provider.mjs';
import { ADMIN, eventually, Ui } from './support/ui.mjs';

const PROJECT = '/projects/default';
const PAGES = [
  ...['flags', 'flags/wishlist-gallery?env=production', 'people', 'playground', 'segments', 'groups', 'compare'],
  ...['document?env=production', 'history', 'audit', 'keys', 'instances', 'settings'],
];

/** The identity provider must know the address of the server, and the server that of the provider. */
async function start(isRemoved) {
  let provider;
  const deployment = await BelowPath.start(isRemoved, async (url) => {
    provider = await IdentityProvider.start(url);
    return [
      ...['--oidc-issuer', provider.url],
      ...['--oidc-client-id', CLIENT.id],
      ...['--oidc-client-secret', CLIENT.secret],
      ...['--oidc-scopes', 'email,groups'],
      ...['--oidc-role-claim', 'groups'],
      ...['--oidc-roles', 'developers=editor'],
      ...['--oidc-label', 'the company'],
    ];
  });
  return Object.assign(deployment, { provider });
}

for (const isRemoved of [false, true]) {
  describe(`behind a proxy that ${isRemoved ? 'removes' : 'keeps'} the path`, () => {
    let ui;
    const strays = () => ui.deployment.proxy.strays;
    before(async () => {
      ui = await Ui.start({ start: () => start(isRemoved) });
    });
    afterEach(() => ui.closePages());
    after(async () => {
      await ui?.stop();
      await ui?.deployment.provider?.stop();
    });
    const button = (page, name) => page.getByRole('button', { name, exact: true });
    const cookies = async (page) =>
      (await page.context().cookies(ui.url))
        // Not those of the provider, which is at another port of the host.
        .filter(({ name }) => name.startsWith('flagstaff'))
        .map(({ name, path, httpOnly }) => ({ name, path, httpOnly }));
    const session = () => [{ name: 'flagstaff_session', path: new URL(ui.url).pathname, httpOnly: true }];

    test('every page opens by its address, and by the links between them', async () => {
      const page = await ui.open(PROJECT, { token: null });
      const errors = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on(
        'response',
        (response) => response.status() >= 400 && errors.push(`${response.status()} ${response.url()}`),
      );
      await page.goto(`${ui.url}/#token=${ADMIN}`);
      await page.getByRole('heading', { name: 'Flags' }).waitFor();
      assert.equal(page.url(), `${ui.url}${PROJECT}/flags`);
      for (const address of PAGES) {
        await page.goto(`${ui.url}${PROJECT}/${address}`);
        await page.locator('main h1').waitFor();
        await eventually(() => page.locator('main .bone, main [role="alert"]').count(), 0, address);
      }
      const menu = page.getByRole('navigation').getByRole('link');
      for (const entry of await menu.all()) {
        await entry.click();
        await page.locator('main h1').waitFor();
        assert.ok(page.url().startsWith(`${ui.url}${PROJECT}/`), page.url());
      }
      assert.deepEqual(errors, []);
      // The page of the API has a policy of its own; it tries `eval`, which is forbidden there too, and can do without.
      const docs = await page.context().browser().newPage();
      await docs.goto(`${ui.url}/api/v1/docs`);
      await docs.getByRole('heading', { name: 'Flagstaff' }).first().waitFor();
      await docs.close();
      assert.deepEqual(strays(), []);
    });

    test('a change by somebody else is seen at once', async () => {
      const page = await ui.open(`${PROJECT}/flags`);
      const gallery = page.getByRole('switch', { name: 'wishlist-gallery in staging' });
      await gallery.click();
      await page.getByText('wishlist-gallery is on in staging.').waitFor();
      await ui.api('PATCH', '/environments/staging/flags/wishlist-gallery', { enabled: false });
      await page.locator('[aria-label="wishlist-gallery in staging"][aria-checked="false"]').waitFor();
      assert.deepEqual(strays(), []);
    });

    test('a one-time link signs in, with a cookie that other servers of the host do not get', async () => {
      const page = await ui.open('', { token: null });
      await page.goto(await link(ui));
      await page.getByRole('heading', { name: 'Flags' }).waitFor();
      assert.deepEqual(await cookies(page), session());
      await page.reload();
      await page.getByRole('heading', { name: 'Flags' }).waitFor();
      await button(page, 'Sign out').click();
      await button(page, 'Sign in').waitFor();
      assert.deepEqual(await cookies(page), []);
      assert.deepEqual(strays(), []);
    });

    test('the identity provider leads back to the page that was asked for', async () => {
      const { provider } = ui.deployment;
      const address = `${PROJECT}/flags?q=gallery`;
      const page = await ui.open(address, { token: null, also: [provider.url] });
      await button(page, 'Sign in with the company').click();
      await page.getByLabel('Name').fill('ann');
      await button(page, 'Continue').click();
      await page.getByText('1 of').waitFor();
      assert.equal(page.url(), `${ui.url}${address}`);
      assert.deepEqual(await cookies(page), session());
      await button(page, 'Sign out').click();
      await button(page, 'Sign out everywhere').click();
      await button(page, 'Sign in with the company').waitFor();
      assert.equal(page.url(), `${ui.url}/`);
      assert.deepEqual(strays(), []);
    });
  });
}

test('past the proxy the server is found too', async () => {
  const ui = await Ui.start({ start: () => start(true) });
  try {
    const direct = ui.deployment.proxy.target;
    const page = await ui.open(`${PROJECT}/flags`, { at: direct });
    await page.getByRole('link', { name: 'wishlist-gallery' }).click();
    await page.getByRole('heading', { name: 'wishlist-gallery' }).waitFor();
    assert.ok(page.url().startsWith(`${direct}${PROJECT}/flags/wishlist-gallery`), page.url());
    await page.reload();
    await page.getByRole('heading', { name: 'wishlist-gallery' }).waitFor();
    await ui.closePages();
  } finally {
    await ui.stop();
    await ui.deployment.provider.stop();
  }
});
