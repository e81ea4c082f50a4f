// The history of an environment: its revisions, the difference of any two, and going back to one.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { focused, Ui } from './support/ui.mjs';

const PAGE = '/projects/default/history?env=production';

let ui;
/** The revision before the changes of this test */
let first;
before(async () => {
  ui = await Ui.start();
  first = await revision();
  await ui.api('PATCH', '/environments/production/flags/wishlist-gallery?reason=the%20launch', {
    enabled: true,
    rolloutPercentage: 40,
  });
  await ui.api('PUT', '/environments/production/segments/testers', { include: { user: ['u-1'] } });
  await ui.api('DELETE', '/environments/production/flags/wishlist-max-items?reason=unused');
});
afterEach(() => ui.closePages());
after(async () => {
  await ui?.stop();
});

const revision = async () => (await ui.api('GET', '/environments/production/revisions?limit=1')).items[0].revision;
const comparison = (page, before, after) =>
  page.getByRole('region', { name: `From revision ${before} to revision ${after}` });
const drawer = (page, to) => page.getByRole('dialog', { name: `Make production what it was at revision ${to}` });

test('revisions tell who changed what and why, and any two are compared', async () => {
  const page = await ui.open(PAGE);
  const latest = page.getByRole('listitem').filter({ hasText: `Revision ${first + 3}` });
  await latest.getByText('“unused”').waitFor();
  await latest.getByText('flag wishlist-max-items deleted').waitFor();
  assert.equal(await latest.getByRole('button', { name: /Roll back/ }).count(), 0, 'it is what there is');

  await page.getByRole('button', { name: `What it changed: revision ${first + 1}`, exact: true }).click();
  const one = comparison(page, first, first + 1);
  await one.getByText('1 thing differs.').waitFor();
  await one.getByText('wishlist-gallery').waitFor();
  assert.equal(await one.getByText('wishlist-max-items').count(), 0);

  const form = page.getByRole('form', { name: 'Compare two revisions' });
  await form.getByLabel('compared with').fill(String(first + 3));
  await form.getByRole('button', { name: 'Compare' }).click();
  const all = comparison(page, first, first + 3);
  await all.getByText('3 things differ.').waitFor();
  await all.getByRole('listitem').filter({ hasText: 'segment testers' }).getByText('created').waitFor();
  await all.getByRole('listitem').filter({ hasText: 'wishlist-max-items' }).getByText('deleted').waitFor();
  // The address is a link to it.
  await page.reload();
  await all.getByText('3 things differ.').waitFor();
  await all.getByRole('button', { name: 'Close the comparison' }).click();
  await all.waitFor({ state: 'detached' });
});

test('a revision that the server does not know is told', async () => {
  const page = await ui.open(`${PAGE}&from=${first}&to=99999`);
  await comparison(page, first, 99_999).getByRole('alert').waitFor();
});

test('going back shows who moves, asks for a reason, and is one revision, which can be taken back too', async () => {
  const salt = (await ui.flag('wishlist-gallery')).salt;
  const page = await ui.open(PAGE);
  await page.getByRole('button', { name: `Roll back to this: revision ${first}`, exact: true }).click();
  const back = drawer(page, first);
  await back.getByText('This takes back 3 revisions').waitFor();
  await back.getByRole('heading', { name: 'Who moves' }).waitFor();
  await back.getByText(/wishlist-gallery, .*: 40 %/).waitFor();
  await back.getByRole('listitem').filter({ hasText: 'segment testers' }).getByText('deleted').waitFor();
  await focused(back.getByLabel('Reason'));
  await page.keyboard.type('the launch failed');
  await page.keyboard.press('Enter');
  await page.getByText(`production is what it was at revision ${first}.`).waitFor();
  await back.waitFor({ state: 'detached' });

  const [now] = (await ui.api('GET', '/environments/production/revisions?limit=1')).items;
  assert.deepEqual([now.revision, now.reason, now.objectCount], [first + 4, 'the launch failed', 3]);
  const flag = await ui.flag('wishlist-gallery');
  assert.deepEqual([flag.enabled, flag.salt], [false, salt]);
  await ui.flag('wishlist-max-items');
  await page
    .getByRole('listitem')
    .filter({ hasText: `Revision ${first + 4}` })
    .getByText('now', { exact: true })
    .waitFor();

  await page.getByRole('button', { name: `Roll back to this: revision ${first + 3}`, exact: true }).click();
  await drawer(page, first + 3)
    .getByRole('button', { name: 'Roll back' })
    .click();
  await page.getByText(`production is what it was at revision ${first + 3}.`).waitFor();
  assert.equal((await ui.flag('wishlist-gallery')).enabled, true);
});

test('what somebody else saves after the preview is not taken back', async () => {
  const page = await ui.open(PAGE);
  await page.getByRole('button', { name: `Roll back to this: revision ${first + 1}`, exact: true }).click();
  const back = drawer(page, first + 1);
  await back.getByRole('heading', { name: 'Who moves' }).waitFor();
  await ui.api('PATCH', '/environments/production/flags/wishlist-layout', { enabled: false });
  await back.getByRole('button', { name: 'Roll back' }).click();
  await back.getByRole('alert').waitFor();
  assert.equal((await ui.flag('wishlist-layout')).enabled, false);
  // The preview is of the new state by now, and can be saved.
  await back.getByRole('listitem').filter({ hasText: 'wishlist-layout' }).waitFor();
  await back.getByRole('button', { name: 'Roll back' }).click();
  await page.getByText(`production is what it was at revision ${first + 1}.`).waitFor();
});

test('an environment without changes says so', async () => {
  await ui.api('POST', '/environments', { name: 'empty' });
  const page = await ui.open('/projects/default/history?env=empty');
  await page.getByText('No changes yet').waitFor();
});
