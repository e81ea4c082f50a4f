// Every page in both themes: axe finds nothing against WCAG 2.2 AA, nothing scrolls sideways at any width, and the pictures of
// docs/admin.md are those of these pages. FLAGSTAFF_SCREENSHOTS=1 takes the pictures again.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SingleNode } from '../../conformance/e2e/support/deployment.mjs';
import { KEYS } from '../../conformance/e2e/support/server.mjs';
import { link } from './support/links.mjs';
import { IDENTITY, tokenOf } from './support/people.mjs';
import { audit, eventually, Ui } from './support/ui.mjs';

const PICTURES = fileURLToPath(new URL('../../docs/admin', import.meta.url));
const GUIDE = fileURLToPath(new URL('../../docs/admin.md', import.meta.url));
const PROJECT = '/projects/default';
const RULES = [
  {
    id: 'staff',
    description: 'People of the company',
    when: { attribute: 'email', op: 'endsWith', value: '@example.com' },
    serve: 'on',
  },
  {
    id: 'nordics',
    from: '2026-12-01T00:00:00Z',
    when: {
      all: [
        {
          any: [
            { attribute: 'country', op: 'in', values: ['se', 'dk', 'no', 'fi'] },
            { not: { attribute: 'locale', op: 'startsWith', value: 'en' } },
          ],
        },
        { attribute: '/app/version', op: 'semverGreaterOrEqual', value: '2.1.0' },
      ],
    },
    serve: { variant: 'on', rollout: 25 },
  },
];

const click =
  (name, role = 'button') =>
  (page) =>
    page.getByRole(role, { name }).first().click();

/** Each page or state by its name: its path, what is done before it is looked at, and whether the guide shows it */
const STATES = {
  'sign-in': { path: '/', token: null, shows: 'Access token', isShown: true },
  'wrong-token': {
    path: '/',
    token: null,
    act: [(page) => page.getByLabel(/^Access token/).fill('fs_admin_of_nobody'), click('Sign in')],
    shows: 'The server does not know this token',
  },
  flags: { path: `${PROJECT}/flags`, shows: '37 evaluations in 7 days', isShown: true },
  'no-match': { path: `${PROJECT}/flags?q=nothing`, shows: 'No flag matches these filters' },
  'new-flag': { path: `${PROJECT}/flags?new=1`, shows: 'The name in the code', isShown: true },
  palette: { path: `${PROJECT}/flags`, act: [click('Find or do')], shows: 'wishlist-gallery', isShown: true },
  flag: { path: `${PROJECT}/flags/new-checkout?env=production`, shows: 'nordics', isShown: true },
  condition: {
    path: `${PROJECT}/flags/new-checkout?env=production`,
    act: [click('country is one of se, dk, no and 1 more')],
    shows: 'In upper or lower case',
  },
  split: { path: `${PROJECT}/flags/wishlist-button-text?env=production`, shows: 'Equal shares' },
  yaml: {
    path: `${PROJECT}/flags/new-checkout?env=production&as=yaml`,
    shows: 'nordics',
    isShown: true,
  },
  'code-errors': {
    path: `${PROJECT}/flags/new-checkout?env=production&as=json`,
    act: [(page) => page.getByRole('textbox', { name: 'The flag as JSON' }).fill('{\n  "type": "bool"\n}')],
    shows: 'Line 2:',
  },
  experiment: {
    path: `${PROJECT}/flags/checkout-colour?env=production`,
    act: [(page) => page.getByText('in steps', { exact: true }).click()],
    shows: 'Before the first step nobody gets it',
    isShown: true,
  },
  findings: { path: `${PROJECT}/flags/odd?env=staging`, shows: /alternatives/ },
  reason: {
    path: `${PROJECT}/flags/wishlist-max-items?env=development`,
    act: [click('Find or do'), click('Switch wishlist-max-items off in development', 'option')],
    shows: 'The reason is stored in the history and the audit.',
    isShown: true,
  },
  review: {
    path: `${PROJECT}/flags/wishlist-button-text?env=production`,
    act: [click('Equal shares'), click('Review and save')],
    shows: 'Who moves',
    isShown: true,
  },
  overrides: { path: `${PROJECT}/flags/new-checkout?env=production&tab=overrides`, shows: 'u-17', isShown: true },
  patches: {
    path: `${PROJECT}/flags/wishlist-layout?env=production&tab=overrides`,
    act: [
      (page) => page.getByLabel('Key of the organization').fill('acme'),
      (page) => page.getByLabel('Key of the user').fill('u-17'),
      (page) => page.getByRole('cell', { name: 'organization' }).first().waitFor(),
    ],
    shows: 'Patch for the user u-17',
    isShown: true,
  },
  'bad-lines': {
    path: `${PROJECT}/flags/new-checkout?env=production&tab=overrides`,
    act: [click('Paste many'), (page) => page.getByLabel('Keys, one a line').fill('u-1\nu-2,purple')],
    shows: 'Line 2: unknown value',
  },
  conflict: {
    path: `${PROJECT}/flags/wishlist-reorder?env=staging`,
    act: [
      (page) => page.getByLabel('Share that gets it, in percent').fill('60'),
      (page) => page.getByText('1 change', { exact: true }).waitFor(),
      () => ui.api('PATCH', '/environments/staging/flags/wishlist-reorder', { rolloutPercentage: 70 }),
      click('Review and save'),
    ],
    shows: 'changed one thing that you changed too',
  },
  history: {
    path: `${PROJECT}/flags/new-checkout?env=production&tab=history`,
    shows: 'Roll back to this',
    isShown: true,
  },
  details: {
    path: `${PROJECT}/flags/new-checkout?env=production&tab=details`,
    shows: 'Archive the flag',
    isShown: true,
  },
  playground: {
    path: `${PROJECT}/playground?env=production&flag=checkout-colour`,
    shows: 'The flag as JSON',
    isShown: true,
  },
  'playground-json': {
    path: `${PROJECT}/playground?env=production`,
    act: [
      (page) => page.getByText('JSON', { exact: true }).click(),
      (page) => page.getByLabel('Context as JSON').fill('['),
    ],
    shows: 'This is not a context',
  },
  segments: { path: `${PROJECT}/segments?env=production`, shows: 'beta', isShown: true },
  segment: { path: `${PROJECT}/segments/beta?env=production`, shows: 'Listed ids', isShown: true },
  groups: { path: `${PROJECT}/groups?env=production&tab=holdout`, shows: 'winter', isShown: true },
  'no-groups': { path: `${PROJECT}/groups?env=staging`, shows: 'No groups yet' },
  'edit-holdout': {
    path: `${PROJECT}/groups?env=production&tab=holdout`,
    act: [click('Edit winter'), (page) => page.getByLabel('Share that is held out, in percent').last().fill('20')],
    shows: 'Who moves',
  },
  compare: { path: `${PROJECT}/compare?from=staging&to=production`, shows: 'things differ', isShown: true },
  document: { path: `${PROJECT}/document?env=staging`, shows: 'The document of staging', isShown: true },
  bulk: {
    path: `${PROJECT}/flags?q=wishlist`,
    act: [(page) => page.getByRole('checkbox', { name: 'Select all flags of the list' }).check()],
    shows: 'flags selected',
  },
  person: { path: `${PROJECT}/people?env=production&key=u-17`, shows: 'an override of the user', isShown: true },
  audit: { path: `${PROJECT}/audit`, shows: 'chained by hashes', isShown: true },
  keys: { path: `${PROJECT}/keys?env=production`, shows: 'Programs read the flags', isShown: true },
  'personal-tokens': {
    path: `${PROJECT}/keys?tab=own`,
    token: tokenOf({ sub: 'ann', email: 'ann@example.com', email_verified: true }),
    shows: 'nightly report',
    isShown: true,
  },
  sessions: {
    // By a link: who signs in with a token has no session.
    path: `${PROJECT}/keys?tab=sessions`,
    isByLink: true,
    shows: 'Sessions of everybody',
    isShown: true,
  },
  'no-personal-tokens': { path: `${PROJECT}/keys?tab=own`, shows: 'Only people who sign in' },
  members: { path: `${PROJECT}/settings`, shows: 'ann@example.com', isShown: true },
  environments: { path: `${PROJECT}/settings?tab=environments`, shows: 'Public values', isShown: true },
  projects: { path: `${PROJECT}/settings?tab=projects`, shows: 'Name of a new project', isShown: true },
  'delete-environment': {
    path: `${PROJECT}/settings?tab=environments`,
    act: [click('Delete staging')],
    shows: 'Type staging to delete it',
  },
  instances: { path: `${PROJECT}/instances?env=production`, shows: 'checkout-1', isShown: true },
  'no-instances': { path: `${PROJECT}/instances?env=staging`, shows: 'No SDK follows this environment' },
  'not-found': { path: `${PROJECT}/nothing`, shows: 'This page does not exist' },
};

let ui;
/** Ends the stream of the SDK that follows production */
const follower = new AbortController();
before(async () => {
  ui = await Ui.start({ start: () => SingleNode.start(IDENTITY) });
  for (const environment of ['production', 'staging']) {
    const flag = {
      key: 'new-checkout',
      type: 'boolean',
      enabled: environment === 'staging',
      rules: RULES,
      serve: { variant: 'on', rollout: 5 },
    };
    await ui.api('POST', `/environments/${environment}/flags?reason=the%20checkout%20of%20next%20year`, flag);
  }
  await ui.api('PATCH', '/environments/production/flags/new-checkout?reason=begin%20with%20the%20staff', {
    enabled: true,
  });
  const beta = {
    description: 'Who tests for us',
    include: { user: ['u-1', 'u-17'] },
    when: { attribute: 'plan', op: 'in', values: ['plus', 'family'] },
  };
  await ui.api('PUT', '/environments/production/segments/beta', beta);
  await ui.api('POST', '/environments/production/holdouts', { key: 'winter', percent: 5 });
  await ui.api('POST', '/environments/production/groups', { key: 'checkout' });
  const serve = {
    arms: [
      { variant: 'on', weight: 50_000 },
      { variant: 'off', weight: 50_000 },
    ],
    experiment: { key: 'checkout-colour', group: 'checkout', slice: [[0, 30_000]], holdout: 'winter' },
  };
  await ui.api('POST', '/environments/production/flags', {
    key: 'checkout-colour',
    type: 'boolean',
    enabled: true,
    serve,
  });
  await ui.api('PUT', '/environments/production/flags/wishlist-layout/overrides/organization/acme', {
    value: { patch: { pictures: { show: true } } },
  });
  await reportUsage('wishlist-gallery', 37);
  const stream = await fetch(`${ui.url}/api/v1/sdk/stream?instance=checkout-1&sdk=flagstaff-node/0.1.0`, {
    headers: { authorization: `Bearer ${KEYS.server}` },
    signal: follower.signal,
  });
  // It is read, since a stream that nobody refers to is closed.
  stream.body.pipeTo(new WritableStream()).catch(() => undefined);
  await ui.api('POST', '/members', { email: 'ann@example.com', role: 'editor' });
  const person = { authorization: `Bearer ${tokenOf({ sub: 'ann', email: 'ann@example.com', email_verified: true })}` };
  const token = { project: 'default', role: 'viewer', name: 'nightly report' };
  const response = await fetch(`${ui.url}/api/v1/me/tokens`, {
    method: 'POST',
    headers: { ...person, 'content-type': 'application/json' },
    body: JSON.stringify(token),
  });
  assert.equal(response.status, 201);
  await beginSession('ann', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0');
  await beginSession(
    'bob',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1',
  );
  const country = (value) => ({ attribute: 'country', op: 'equals', value });
  await ui.api('POST', '/environments/staging/flags', {
    key: 'odd',
    type: 'boolean',
    enabled: true,
    rules: [{ id: 'nobody', when: { all: [country('se'), country('dk')] }, serve: 'on' }],
    serve: 'off',
  });
  await ui.api('PUT', '/environments/development/settings', { requireReason: true });
  await ui.api('PATCH', '/environments/staging/flags/wishlist-gallery', { enabled: true, rolloutPercentage: 50 });
  await ui.api('PATCH', '/flags/new-checkout', {
    description: 'The checkout of next year',
    tags: ['checkout', 'q1'],
    owner: 'team-pay',
  });
  const isStored = async () => 'wishlist-gallery' in (await ui.api('GET', '/usage')).flags;
  await eventually(isStored, true, 'the reported evaluations');
  await ui.api('PATCH', '/flags/wishlist-max-items', { kind: 'permission', owner: 'team-wish' });
  await ui.api('PUT', '/environments/production/flags/new-checkout/overrides/user/u-17', {
    value: 'include',
    reason: 'tests it for us',
  });
});

/** Signs in by a one-time link in a browser that names itself so. */
async function beginSession(name, userAgent) {
  const code = new URLSearchParams(new URL(await link(ui, name)).hash.slice(1)).get('sign-in');
  const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', 'user-agent': userAgent };
  const request = { method: 'POST', headers, body: JSON.stringify({ code }) };
  assert.equal((await fetch(`${ui.url}/api/v1/sign-in/link`, request)).status, 204);
}

/** Reports evaluations of a flag, as an SDK does; the server stores them within ten seconds. */
async function reportUsage(flag, count) {
  const now = new Date().toISOString();
  const report = {
    instance: 'pictures',
    sequence: 1,
    sdk: { name: 'flagstaff-test', version: '1.2.3' },
    from: now,
    until: now,
    counts: [{ flag, variant: 'on', count }],
  };
  const headers = { authorization: `Bearer ${KEYS.server}`, 'content-type': 'application/json' };
  const response = await fetch(`${ui.url}/api/v1/sdk/usage`, { method: 'POST', headers, body: JSON.stringify(report) });
  assert.ok(response.ok, `${response.status}`);
}

afterEach(() => ui.closePages());
after(async () => {
  follower.abort();
  await ui?.stop();
});

for (const [name, { path, token, isByLink, act = [], shows, isShown }] of Object.entries(STATES)) {
  test(name, async () => {
    const page = isByLink
      ? await ui.open(`${path}${new URL(await link(ui, 'ann')).hash}`, { token: null })
      : await ui.open(path, { token });
    for (const step of act) {
      await step(page);
    }
    await page.getByText(shows).or(page.getByLabel(shows)).first().waitFor();
    await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
    assert.deepEqual(await audit(page), [], 'in the light theme');
    await picture(page, isShown && `${name}-light`);

    // The other theme has the same elements in other colours.
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
    assert.deepEqual(await audit(page, ['color-contrast']), [], 'in the dark theme');
    await picture(page, isShown && `${name}-dark`);

    for (const width of [3840, 1920, 768, 360, 320]) {
      await page.setViewportSize({ width, height: 800 });
      await eventually(
        () => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)),
        0,
        `pixels beyond a width of ${width}`,
      );
    }
    // The layout of a phone is another one: cards, and dialogs of the whole width.
    assert.deepEqual(await audit(page), [], 'on a phone');
  });
}

async function picture(page, name) {
  if (name && process.env.FLAGSTAFF_SCREENSHOTS === '1') {
    await mkdir(PICTURES, { recursive: true });
    await page.screenshot({ path: `${PICTURES}/${name}.png` });
  }
}

test('the guide shows a picture of each page in both themes, and no other', async () => {
  const guide = await readFile(GUIDE, 'utf8');
  const shown = [...guide.matchAll(/admin\/([\w-]+\.png)/g)].map((match) => match[1]);
  const names = Object.keys(STATES).filter((name) => STATES[name].isShown);
  const wanted = names.flatMap((name) => [`${name}-dark.png`, `${name}-light.png`]).sort();
  assert.deepEqual([...new Set(shown)].sort(), wanted);
  assert.deepEqual((await readdir(PICTURES)).sort(), wanted);
});
