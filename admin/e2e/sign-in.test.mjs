// Signing in with a real identity provider and by one-time links, signing out, and pages of other origins that try to use the session.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Server } from '../../conformance/e2e/support/server.mjs';
import { link } from './support/links.mjs';
import { CLIENT, IdentityProvider } from './support/provider.mjs';
import { ADMIN, audit, eventually, Ui } from './support/ui.mjs';

const FLAGS = '/projects/default/flags';
const WITH_PROVIDER = 'Sign in with the company';

/** One node with an identity provider whose group `developers` may edit, and whose `staff` may read. */
class WithProvider {
  #folder;

  static async start() {
    const deployment = new WithProvider();
    deployment.#folder = await mkdtemp(join(tmpdir(), 'flagstaff-sign-in-'));
    deployment.database = `sqlite://${join(deployment.#folder, 'flagstaff.db')}`;
    const options = ['--database', deployment.database];
    deployment.writer = await Server.start(options);
    deployment.reader = deployment.writer;
    deployment.provider = await IdentityProvider.start(deployment.writer.url);
    // Only now both addresses are known.
    await deployment.writer.stop();
    await deployment.writer.restart([
      ...options,
      ...['--public-url', deployment.writer.url],
      ...['--oidc-issuer', deployment.provider.url],
      ...['--oidc-client-id', CLIENT.id],
      ...['--oidc-client-secret', CLIENT.secret],
      ...['--oidc-scopes', 'email,groups'],
      ...['--oidc-role-claim', 'groups'],
      ...['--oidc-roles', 'staff=viewer,developers=editor'],
      ...['--oidc-label', 'the company'],
      // A test that fails on purpose fails often, and all tests have the same address.
      ...['--rate-limit-failures', '0'],
    ]);
    return deployment;
  }

  async stop() {
    await this.writer?.stop();
    await this.provider?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

let ui;
let provider;
before(async () => {
  ui = await Ui.start(WithProvider);
  provider = ui.deployment.provider;
});
afterEach(() => ui.closePages());
after(async () => {
  await ui?.stop();
});

const open = (path, options) => ui.open(path, { token: null, also: [provider.url], ...options });
const button = (page, name) => page.getByRole('button', { name, exact: true });
const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor();
const cookie = async (page, name) => (await page.context().cookies(ui.url)).find((each) => each.name === name);

/** Says at the provider who signs in. */
async function continueAs(page, name) {
  await page.getByLabel('Name').fill(name);
  await button(page, 'Continue').click();
}

/** A page of somebody who has signed in with the provider. */
async function signedIn(name, path = FLAGS, title = 'Flags') {
  const page = await open(path);
  await button(page, WITH_PROVIDER).click();
  await continueAs(page, name);
  await heading(page, title);
  return page;
}

describe('with the identity provider', () => {
  test('one comes back to the page that was asked for, with a cookie that no script can read, and is in the audit', async () => {
    const page = await open(`${FLAGS}?q=gallery`);
    await button(page, WITH_PROVIDER).waitFor();
    assert.deepEqual(await audit(page), [], 'sign-in with a provider');
    await button(page, WITH_PROVIDER).click();
    await continueAs(page, 'ann');
    await page.getByText('1 of').waitFor();
    assert.equal(page.url(), `${ui.url}${FLAGS}?q=gallery`);

    const { value, httpOnly, sameSite, path } = await cookie(page, 'flagstaff_session');
    assert.deepEqual({ httpOnly, sameSite, path }, { httpOnly: true, sameSite: 'Strict', path: '/' });
    assert.equal(await cookie(page, 'flagstaff_sign_in'), undefined);
    const readable = await page.evaluate(() =>
      JSON.stringify([document.cookie, { ...sessionStorage }, { ...localStorage }]),
    );
    assert.equal(readable.includes(value) || readable.includes('flagstaff.token'), false, readable);

    await page.getByRole('switch', { name: 'wishlist-gallery in staging' }).click();
    const lastActor = async () => (await ui.api('GET', '/audit?limit=1')).items[0].actor;
    await eventually(lastActor, 'ann@example.com', 'who switched it');

    // Another tab of the same browser is signed in too, and so is a page that is loaded again.
    const tab = await page.context().newPage();
    await tab.goto(`${ui.url}${FLAGS}`);
    await heading(tab, 'Flags');
    await page.reload();
    await page.getByText('1 of').waitFor();
  });

  test('a role that may only read may only read', async () => {
    // Bob is in no group that has a role, and becomes a viewer as a member of the project.
    const member = await ui.api('POST', '/members', { email: 'bob@example.com', role: 'viewer' });
    const page = await signedIn('bob');
    await page.getByRole('switch', { name: 'wishlist-gallery in production' }).click();
    await page.getByText(/You may not do this/).waitFor();
    await ui.api('DELETE', `/members/${member.id}`);
  });

  test('somebody without a role is told so', async () => {
    const page = await open('/');
    await button(page, WITH_PROVIDER).click();
    await continueAs(page, 'carl');
    await page.getByText('You have no role in any project').waitFor();
    assert.equal(await cookie(page, 'flagstaff_session'), undefined);
    assert.equal(new URL(page.url()).hash, '');
    assert.deepEqual(await audit(page), [], 'sign-in with a failure');
  });

  test('somebody who cancels is told so', async () => {
    const page = await open('/');
    await button(page, WITH_PROVIDER).click();
    await button(page, 'Cancel').click();
    await page.getByText('The identity provider did not let you in').waitFor();
  });

  test('an answer that is sent again begins nothing, in this browser and in another one', async () => {
    const page = await open('/');
    const answers = [];
    page.on('request', (request) => request.url().includes('/oidc/callback?') && answers.push(request.url()));
    await button(page, WITH_PROVIDER).waitFor();
    await button(page, WITH_PROVIDER).click();
    await page.getByLabel('Name').waitFor();
    const attempt = await cookie(page, 'flagstaff_sign_in');
    await continueAs(page, 'ann');
    await heading(page, 'Flags');
    assert.equal(answers.length, 1);

    const stranger = await open('/');
    await stranger.goto(answers[0]);
    await stranger.getByText('The sign-in took too long, or was begun in another window').waitFor();
    // With the cookie too the provider does not accept the code again.
    await stranger.context().addCookies([attempt]);
    await stranger.goto(answers[0]);
    await stranger.getByText('does not accept this sign-in').waitFor();
    assert.equal(await cookie(stranger, 'flagstaff_session'), undefined);
  });

  test('a provider that is down is reported, and a token still signs in', async () => {
    await ui.restart();
    await provider.stop();
    const page = await open('/');
    try {
      await button(page, WITH_PROVIDER).click();
      await page.getByText('The identity provider does not answer').waitFor();
    } finally {
      await provider.restart();
    }
    await page.getByLabel(/^Access token/).fill(ADMIN);
    await button(page, 'Sign in').click();
    await heading(page, 'Flags');
  });

  test('signing out ends the session here and at the provider', async () => {
    const page = await signedIn('ann');
    const { value } = await cookie(page, 'flagstaff_session');
    await button(page, 'Sign out').click();
    await button(page, 'Sign out everywhere').click();
    await button(page, WITH_PROVIDER).waitFor();
    assert.equal(new URL(page.url()).origin, ui.url);
    assert.equal(await cookie(page, 'flagstaff_session'), undefined);
    const headers = { cookie: `flagstaff_session=${value}` };
    assert.equal((await fetch(`${ui.url}/api/v1/me`, { headers })).status, 401);
    // The provider asks again who it is.
    await button(page, WITH_PROVIDER).click();
    await page.getByLabel('Name').waitFor();
  });

  test('sign-in comes over the page when the session has ended, in a window of its own, and what was typed is still there', async () => {
    const page = await signedIn('ann', `${FLAGS}?new=1`);
    await page.getByRole('textbox', { name: 'Key' }).fill('typed-before');
    const { value } = await cookie(page, 'flagstaff_session');
    const headers = { cookie: `flagstaff_session=${value}`, 'sec-fetch-site': 'same-origin' };
    assert.equal((await fetch(`${ui.url}/api/v1/sign-out`, { method: 'POST', headers })).status, 200);
    const again = page.getByRole('dialog', { name: 'Sign in again' });
    const opened = page.context().waitForEvent('page');
    await button(again, WITH_PROVIDER).click();
    // The provider still knows who it is: the window closes by itself.
    const window = await opened;
    await again.waitFor({ state: 'detached' });
    await eventually(() => window.isClosed(), true, 'the window is closed');
    assert.equal(await page.getByRole('textbox', { name: 'Key' }).inputValue(), 'typed-before');
    await page.getByRole('button', { name: 'Create flag' }).click();
    await heading(page, 'typed-before');
    assert.equal((await ui.flag('typed-before')).key, 'typed-before');
  });
});

describe('a person with several sessions', () => {
  const SESSIONS = '/projects/default/keys?tab=sessions';
  beforeEach(async () => {
    // Those of other tests
    const url = `${ui.url}/api/v1/sessions?name=ann@example.com`;
    const { status } = await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${ADMIN}` } });
    assert.equal(status, 200);
  });
  const isRefused = (page) => page.getByRole('dialog', { name: 'Sign in again' }).waitFor();

  test('sees all of them, and ends another one, or all others', async () => {
    const pages = [];
    for (const _ of [1, 2, 3]) {
      pages.push(await signedIn('ann', SESSIONS, 'Keys and tokens'));
    }
    const [here, other, third] = pages;
    await here.reload();
    const own = here.getByRole('region', { name: 'Your sessions' });
    await own.getByText('this one').waitFor();
    await own.getByText('identity provider').first().waitFor();
    const ends = own.getByRole('button', { name: /^End the session of ann@example.com in Chrome on/ });
    await eventually(() => ends.count(), 2, 'the other sessions');
    // Who is signed in besides is for admins of all projects.
    assert.equal(await here.getByRole('heading', { name: 'Sessions of everybody' }).count(), 0);
    assert.deepEqual(await audit(here), [], 'sessions');

    await ends.first().click();
    await button(here, 'End').last().click();
    await here.getByText('The session has ended.').waitFor();
    await eventually(() => ends.count(), 1, 'the session that is left');
    await button(here, 'End all others').click();
    await button(here.getByRole('dialog'), 'End').click();
    await own.getByRole('button', { name: 'End all others' }).waitFor({ state: 'detached' });
    for (const ended of [other, third]) {
      await ended.reload();
      await button(ended, WITH_PROVIDER).waitFor();
    }
    await here.reload();
    await own.getByText('this one').waitFor();
  });

  test('is signed out by an admin of all projects, and the page asks to sign in again', async () => {
    const page = await signedIn('ann', `${FLAGS}?new=1`);
    await page.getByRole('textbox', { name: 'Key' }).fill('typed-before');
    const admin = await open(SESSIONS, { token: ADMIN });
    const all = admin.getByRole('region', { name: 'Sessions of everybody' });
    await all.getByRole('button', { name: 'End all sessions of ann@example.com' }).first().click();
    await button(admin.getByRole('dialog'), 'End').click();
    await all.getByText('ann@example.com').first().waitFor({ state: 'detached' });
    await isRefused(page);
    assert.equal(await page.getByRole('textbox', { name: 'Key' }).inputValue(), 'typed-before');
    const [row] = (await ui.api('GET', '/audit?kind=session&limit=1')).items;
    assert.deepEqual([row.actor, row.changes[0].before.name], ['admin', 'ann@example.com']);
  });

  test('is signed out by the identity provider when they sign out there', async () => {
    const [page, elsewhere] = [await signedIn('ann'), await signedIn('ann')];
    provider.told.length = 0;
    const tab = await page.context().newPage();
    await tab.goto(provider.signOut);
    await button(tab, 'Sign out everywhere').click();
    await eventually(() => provider.told, ['accepted'], 'what became of the logout token');
    // Only the session that began with this one of the provider has ended.
    await page.reload();
    await button(page, WITH_PROVIDER).waitFor();
    await elsewhere.reload();
    await heading(elsewhere, 'Flags');
    const [row] = (await ui.api('GET', '/audit?kind=session&limit=1')).items;
    assert.equal(row.actor, 'identity provider');
  });
});

describe('a page of another origin', () => {
  let evil;
  before(async () => {
    evil = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!DOCTYPE html><html lang="en"><title>Evil</title></html>');
    });
    evil.listen(0, '127.0.0.1');
    await once(evil, 'listening');
  });
  after(() => {
    evil?.close();
    evil?.closeAllConnections();
  });

  test('changes nothing with the session of who opens it', async () => {
    const page = await signedIn('ann');
    const flags = `${ui.url}/api/v1/projects/default/environments/production/flags`;
    /** What the server answers to a change that the page sends, and whether the page can read the flags. */
    const attack = async (visitor, url) => {
      // The same host at another port: for a browser the same site, so it sends the cookie.
      const foreign = await visitor.context().newPage();
      await foreign.goto(`http://127.0.0.1:${evil.address().port}/`);
      const answered = foreign.waitForResponse((response) => response.request().method() === 'POST');
      const canRead = await foreign.evaluate(async (to) => {
        const body = JSON.stringify({ key: 'forged', type: 'boolean' });
        await fetch(to, { method: 'POST', mode: 'no-cors', credentials: 'include', body });
        return fetch(to, { credentials: 'include' }).then(
          () => true,
          () => false,
        );
      }, url);
      return [(await answered.catch(() => undefined))?.status(), canRead];
    };
    // Without a session it is not known who asks; with one it is, and refused.
    assert.deepEqual(await attack(await open('/'), flags), [401, false]);
    assert.deepEqual(await attack(page, flags), [403, false]);
    assert.equal((await attack(page, `${ui.url}/api/v1/sign-out`))[0], 403);
    const keys = (await ui.api('GET', '/environments/production/flags?limit=200')).items.map((flag) => flag.key);
    assert.equal(keys.includes('forged'), false);
    // Still signed in.
    await page.reload();
    await heading(page, 'Flags');
  });
});

describe('by a one-time link', () => {
  test('one is signed in, the code leaves the address, and a second use is refused', async () => {
    const url = await link(ui);
    const page = await open(url.slice(ui.url.length));
    await heading(page, 'Flags');
    assert.equal(page.url(), `${ui.url}${FLAGS}`);
    const code = new URLSearchParams(new URL(url).hash.slice(1)).get('sign-in');
    assert.equal((await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).includes(code), false);

    const stranger = await open(url.slice(ui.url.length));
    await stranger.getByText('This link was used already, or has expired').waitFor();
    assert.equal(await cookie(stranger, 'flagstaff_session'), undefined);

    await button(page, 'Sign out').click();
    await page.getByLabel(/^Access token/).waitFor();
    assert.equal(await cookie(page, 'flagstaff_session'), undefined);
    await page.reload();
    await page.getByLabel(/^Access token/).waitFor();
  });
});
