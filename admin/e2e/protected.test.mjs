// A protected environment takes no change without a reason, and dangerous ones only when its name is typed.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually, focused, Ui } from './support/ui.mjs';

const PROJECT = '/projects/default';
const BAR = 'production is protected: every change needs a reason.';

let ui;
before(async () => {
  ui = await Ui.start();
  await ui.api('PUT', '/environments/production/settings', { requireReason: true });
});
afterEach(() => ui.closePages());
after(async () => {
  await ui?.stop();
});

const dialog = (page) => page.getByRole('dialog', { name: 'Change production?' });
const submit = (page) => dialog(page).getByRole('button', { name: 'Change it' });
const reasonOf = async (filter) => (await ui.api('GET', `/audit?limit=1&${filter}`)).items[0].reason;

test('a switch asks for the reason and nothing else, and does nothing without one', async () => {
  const page = await ui.open(`${PROJECT}/flags`);
  const gallery = page.getByRole('switch', { name: 'wishlist-gallery in production' });
  await gallery.click();
  const reason = dialog(page).getByLabel('Reason');
  await focused(reason);
  assert.ok(await submit(page).isDisabled());
  assert.equal(await dialog(page).getByLabel('Type production').count(), 0);
  await page.keyboard.press('Escape');
  await page.getByText('no reason was given').waitFor();
  assert.equal((await ui.flag('wishlist-gallery')).enabled, false);

  await gallery.click();
  await focused(reason);
  await page.keyboard.type('the launch');
  await page.keyboard.press('Enter');
  await page.getByText('wishlist-gallery is on in production.').waitFor();
  assert.equal(await reasonOf('flag=wishlist-gallery'), 'the launch');

  // Another environment is as it was.
  await page.getByRole('switch', { name: 'wishlist-gallery in staging' }).click();
  await page.getByText('wishlist-gallery is on in staging.').waitFor();
  assert.equal(await reasonOf('flag=wishlist-gallery'), 'switched in the admin UI');
});

test('the kill switch stays quick: the palette, Enter, a reason, Enter', async () => {
  const page = await ui.open(`${PROJECT}/flags/wishlist-max-items?env=production`);
  await page.getByText(BAR).waitFor();
  // It is red for who has the system choose all colours, too.
  await page.emulateMedia({ forcedColors: 'active' });
  const colour = await page.getByText(BAR).evaluate((bar) => getComputedStyle(bar).backgroundColor);
  assert.equal(colour, 'rgb(168, 35, 28)');
  await page.keyboard.press('Control+k');
  await page.getByRole('option', { name: 'Switch wishlist-max-items off in production' }).waitFor();
  await page.keyboard.press('Enter');
  await focused(dialog(page).getByLabel('Reason'));
  await page.keyboard.type('it is broken');
  await page.keyboard.press('Enter');
  await page.getByText('wishlist-max-items is off in production.').waitFor();
  assert.equal(await reasonOf('flag=wishlist-max-items'), 'it is broken');
});

test('saving rules needs the name of the environment too; Escape takes one back to the review', async () => {
  const page = await ui.open(`${PROJECT}/flags/wishlist-button-text?env=production`);
  await page.getByRole('button', { name: 'Equal shares' }).click();
  await page.getByRole('button', { name: 'Review and save' }).click();
  const review = page.getByRole('dialog', { name: 'Save wishlist-button-text in production' });
  await review.getByText('Who moves').waitFor();
  await review.getByLabel('Reason').fill('equal shares for all');
  await review.getByRole('button', { name: 'Save', exact: true }).click();
  const name = dialog(page).getByLabel('Type production to confirm');
  await focused(name);
  await page.keyboard.press('Escape');
  await review.getByText('no reason was given').waitFor();

  await review.getByRole('button', { name: 'Save', exact: true }).click();
  await focused(name);
  await page.keyboard.type('staging');
  await page.keyboard.press('Enter');
  assert.ok(await submit(page).isDisabled());
  await page.keyboard.press('Control+a');
  await page.keyboard.type('production');
  await page.keyboard.press('Enter');
  await review.waitFor({ state: 'detached' });
  assert.equal(await reasonOf('flag=wishlist-button-text'), 'equal shares for all');
});

test('archiving a flag, which is of all environments, asks for the protected one', async () => {
  const page = await ui.open(`${PROJECT}/flags/wishlist-layout?env=production&tab=details`);
  await page.getByRole('button', { name: 'Archive the flag' }).click();
  const archive = page.getByRole('dialog', { name: 'Archive wishlist-layout in all environments?' });
  await archive.getByRole('textbox').fill('wishlist-layout');
  await archive.getByRole('button', { name: 'Archive the flag' }).click();
  await dialog(page).getByLabel('Reason').fill('nobody uses it');
  assert.ok(await submit(page).isDisabled());
  await dialog(page).getByLabel('Type production to confirm').fill('production');
  await submit(page).click();
  await page.getByText('wishlist-layout was archived.').waitFor();
  assert.equal(await reasonOf('action=delete&flag=wishlist-layout'), 'nobody uses it');
});

test('protection begins and ends in the settings, and the bar with it', async () => {
  const page = await ui.open(`${PROJECT}/settings?tab=environments`);
  const staging = page.getByRole('switch', { name: 'Every change of staging needs a reason' });
  await staging.click();
  await page.getByText('Every change of staging needs a reason now.').waitFor();
  const other = await ui.open(`${PROJECT}/segments?env=staging`);
  await other.getByText('staging is protected').waitFor();
  await staging.click();
  const ending = page.getByRole('dialog', { name: 'Change staging?' });
  await ending.getByLabel('Reason').fill('the tests are over');
  await ending.getByLabel('Type staging to confirm').fill('staging');
  await ending.getByRole('button', { name: 'Change it' }).click();
  await page.getByText('Changes of staging need no reason now.').waitFor();
  // The other page follows.
  await other.getByText('staging is protected').waitFor({ state: 'detached' });
  await eventually(
    async () => (await ui.api('GET', '/environments/staging/settings')).requireReason,
    false,
    'staging is not protected',
  );
});
