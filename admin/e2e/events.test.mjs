// Open pages follow what others change: two people in two browsers, and two tabs of one.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually, Ui } from './support/ui.mjs';

const PROJECT = '/projects/default';
const FLAGS = `${PROJECT}/flags`;

let ui;
/** The tokens of two people */
const tokens = {};
before(async () => {
  ui = await Ui.start();
  for (const name of ['ann', 'ben']) {
    tokens[name] = (await ui.api('POST', '/tokens', { role: 'editor', name })).token;
  }
});
afterEach(() => ui.closePages());
after(async () => {
  await ui?.stop();
});

const mark = (page) => page.locator('.followed');
const gallery = (page, isOn) => page.locator(`[aria-label="wishlist-gallery in production"][aria-checked="${isOn}"]`);

let touched = 0;
/** Waits until pages follow: a change before their stream is open is not told to them, but read with the page. */
async function following(...pages) {
  for (const page of pages) {
    while ((await mark(page).textContent()) === '') {
      touched += 1;
      await ui.api('PATCH', '/environments/development/flags/wishlist-layout', { description: `change ${touched}` });
      await mark(page)
        .getByText(/wishlist-layout/)
        .waitFor({ timeout: 2_000 })
        .catch(() => undefined);
    }
  }
}

/** Counts the streams that the tabs of a page's browser have opened. */
function countStreams(page) {
  const streams = [];
  page.context().on('request', (request) => {
    if (request.url().endsWith('/events')) {
      streams.push(request);
    }
  });
  return streams;
}

test("a switch in one browser is seen in the other, with a mark that names who did it, and not in one's own", async () => {
  await ui.api('PATCH', '/environments/production/flags/wishlist-gallery', { enabled: false });
  const [ann, ben] = await Promise.all([ui.open(FLAGS, { token: tokens.ann }), ui.open(FLAGS, { token: tokens.ben })]);
  await Promise.all([gallery(ann, false).waitFor(), gallery(ben, false).waitFor()]);
  await following(ann, ben);
  await ann.getByRole('switch', { name: 'wishlist-gallery in production' }).click();
  await mark(ben).getByText('ann changed wishlist-gallery in production').waitFor();
  await gallery(ben, true).waitFor();
  assert.match((await mark(ann).textContent()) ?? '', /^admin/);

  // On another page it is no news any more; on the page of another flag it never was.
  await ben.getByRole('link', { name: 'wishlist-max-items' }).click();
  await ben.getByRole('heading', { name: 'wishlist-max-items' }).waitFor();
  await eventually(() => mark(ben).textContent(), '', 'the mark goes with the page');
  await ui.api('PATCH', '/environments/production/flags/wishlist-button-text', { enabled: false });
  await ui.api('PATCH', '/environments/production/flags/wishlist-max-items', { enabled: false });
  await mark(ben)
    .getByText(/^admin changed wishlist-max-items in production/)
    .waitFor();
  await ben.getByText('The flag is off: everybody gets').waitFor();
});

test('a draft stays while somebody else saves the flag, and is put together with it', async () => {
  const page = `${PROJECT}/flags/wishlist-button-text?env=staging`;
  const ben = await ui.open(page, { token: tokens.ben });
  await ben.getByRole('button', { name: 'Equal shares' }).click();
  await ben.getByText('1 change', { exact: true }).waitFor();
  await ui.api('PATCH', '/environments/staging/flags/wishlist-button-text', { description: 'by somebody else' });
  await ben.getByText('somebody else has saved this flag').waitFor();
  await ben.getByRole('button', { name: 'Review and save' }).click();
  await ben.getByText('Who moves').waitFor();
  await ben.getByRole('button', { name: 'Save', exact: true }).click();
  await ben.getByText(/^Saved as revision/).waitFor();
  const saved = await ui.flag('wishlist-button-text', 'staging');
  assert.equal(saved.description, 'by somebody else');
});

test('what is typed into a form stays while somebody else saves the same thing', async () => {
  await ui.api('PUT', '/environments/staging/segments/beta', { description: 'first' });
  const ben = await ui.open(`${PROJECT}/segments/beta?env=staging`, { token: tokens.ben });
  const description = ben.getByRole('textbox', { name: 'Description' });
  await description.fill('by ben');
  await ui.api('PATCH', '/environments/staging/segments/beta', { description: 'by admin' });
  await ben.getByText('Somebody else has saved this meanwhile').waitFor();
  assert.equal(await description.inputValue(), 'by ben');
  await ben.getByRole('button', { name: 'Save', exact: true }).click();
  await ben.getByRole('alert').waitFor();
  assert.equal((await ui.api('GET', '/environments/staging/segments/beta')).description, 'by admin');
  await ben.getByRole('button', { name: 'Keep mine' }).click();
  await ben.getByRole('button', { name: 'Save', exact: true }).click();
  await ben.getByText('beta was saved').waitFor();
  assert.equal((await ui.api('GET', '/environments/staging/segments/beta')).description, 'by ben');

  // Who has typed nothing sees what the other has saved.
  await ui.api('PATCH', '/environments/staging/segments/beta', { description: 'by admin again' });
  await eventually(() => description.inputValue(), 'by admin again', 'the form follows');
});

test('all tabs share one stream, and another tab opens it when the one that had it is closed', async () => {
  const first = await ui.open(FLAGS, { token: tokens.ann });
  const streams = countStreams(first);
  const second = await first.context().newPage();
  await second.goto(`${ui.url}${FLAGS}#token=${tokens.ann}`);
  await second.getByRole('link', { name: 'wishlist-gallery' }).waitFor();
  await following(first, second);
  await ui.api('PATCH', '/environments/production/flags/wishlist-gallery', { rolloutPercentage: 11 });
  for (const page of [first, second]) {
    await mark(page).getByText('admin changed wishlist-gallery in production').waitFor();
  }
  assert.ok(streams.length <= 1, `${streams.length} streams`);

  // Either tab may have been the first to take the lock.
  const opened = streams.length;
  const reader = streams[0]?.frame().page() ?? first;
  const other = reader === first ? second : first;
  await reader.close();
  await eventually(async () => streams.length, opened + 1, 'the other tab opens the stream');
  // It goes on where the first stream was.
  assert.match((await streams.at(-1).allHeaders())['last-event-id'], /^\d+$/);
  await ui.api('PATCH', '/environments/staging/flags/wishlist-gallery', { rolloutPercentage: 12 });
  await mark(other).getByText('admin changed wishlist-gallery in staging').waitFor();
});

test('a page whose files are those of an earlier build loads itself again, not for ever, and keeps the draft', async () => {
  const page = await ui.open(`${FLAGS}/wishlist-max-items?env=production`);
  await page.getByLabel('Value of plus').fill('77');
  await page.getByText('1 change', { exact: true }).waitFor();
  let isGone = true;
  let loads = 0;
  page.on('load', () => {
    loads += 1;
  });
  // An earlier build had another name for this file.
  await page.route('**/assets/playground-page-*.js', (route) =>
    isGone ? route.continue({ url: `${ui.url}/assets/playground-page-gone.js` }) : route.fallback(),
  );
  const [answer] = await Promise.all([
    page.waitForResponse(/playground-page-[^/]*\.js$/),
    page.getByRole('link', { name: 'Playground' }).click(),
  ]);
  assert.equal(answer.status(), 404);
  assert.match(answer.headers()['content-type'], /json/);
  // Neither our attempt nor that of the router has helped, so it says so instead of loading itself for ever.
  await page.getByRole('heading', { name: 'This page has failed' }).waitFor();
  assert.ok(loads >= 1 && loads <= 2, `${loads} loads`);
  assert.equal(await page.getByRole('main').count(), 1);
  isGone = false;
  await page.getByRole('button', { name: 'Reload' }).click();
  await page
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: 'Explain wishlist-max-items' }) })
    .getByText('changed here')
    .waitFor();
});

test('without a stream the page is read again now and then', async () => {
  await ui.api('PATCH', '/environments/production/flags/wishlist-gallery', { enabled: false });
  const page = await ui.open('/', { token: null });
  await page.route('**/events', (route) => route.abort());
  await page.goto(`${ui.url}${FLAGS}#token=${tokens.ben}`);
  await page.reload();
  await gallery(page, false).waitFor();
  await ui.api('PATCH', '/environments/production/flags/wishlist-gallery', { enabled: true });
  await gallery(page, true).waitFor();
  assert.equal(await mark(page).textContent(), '');
});
