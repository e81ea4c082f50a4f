// Attributes that the server has seen in contexts: an admin begins to record them, and conditions offer them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYS } from '../../conformance/e2e/support/server.mjs';
import { eventually, Ui } from './support/ui.mjs';

const SETTINGS = '/projects/default/settings?tab=environments';

const ui = Ui.ofTests();

/** Evaluates, as a program does */
async function evaluate(context) {
  const headers = { authorization: `Bearer ${KEYS.server}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ context });
  const response = await fetch(`${ui.url}/ofrep/v1/evaluate/flags`, { method: 'POST', headers, body });
  assert.ok(response.ok, `${response.status}`);
}

const names = async () =>
  (await ui.api('GET', '/environments/production/attributes')).items.map(({ attribute }) => attribute);
const recording = (page) => page.getByRole('switch', { name: 'Attributes in contexts of production are recorded' });

test('an admin marks attributes as private and begins to record', async () => {
  const page = await ui.open(SETTINGS);
  await page.getByRole('button', { name: 'Private attributes of production' }).click();
  const dialog = page.getByRole('dialog', { name: 'Private attributes of production' });
  await dialog.getByText('No attributes have been recorded.').waitFor();
  const field = dialog.getByRole('combobox', { name: 'Attributes of which no values are recorded' });
  await field.fill('email');
  await field.press('Enter');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The private attributes of production were saved.').waitFor();
  await recording(page).click();
  await page.getByText('Attributes in contexts of production are recorded now.').waitFor();
  const settings = await ui.api('GET', '/environments/production/settings');
  assert.deepEqual([settings.recordAttributes, settings.privateAttributes], [true, ['email']]);
});

test('conditions offer names and values that contexts had, and no values of private ones', async () => {
  await evaluate({ targetingKey: 'u-1', tier: 'gold', email: 'ann@example.com', seats: 12 });
  await evaluate({ targetingKey: 'u-2', tier: 'silver' });
  await eventually(names, ['email', 'seats', 'tier'], 'they are stored every ten seconds');

  const page = await ui.open('/projects/default/flags/wishlist-gallery?env=production');
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.getByRole('button', { name: 'Add a condition' }).first().click();
  const clause = page.getByRole('dialog', { name: 'Condition' });
  const attribute = clause.getByRole('combobox', { name: 'Attribute' });
  const value = clause.getByRole('combobox', { name: 'Value' });
  await attribute.fill('tie');
  await clause.getByRole('option', { name: 'tier' }).click();
  await value.fill('g');
  await clause.getByRole('option', { name: 'gold' }).click();
  await attribute.fill('email');
  await value.fill('ann');
  assert.equal(await clause.getByRole('option', { name: 'ann@example.com' }).count(), 0);
  // The type that was seen decides which operators come first.
  await attribute.fill('seats');
  await attribute.press('Tab');
  await page.keyboard.press('ArrowDown');
  await clause.getByText('for numbers').waitFor();
});

test('the settings show what was recorded, and the end of it deletes all', async () => {
  const page = await ui.open(SETTINGS);
  await page.getByRole('button', { name: 'Private attributes of production' }).click();
  const dialog = page.getByRole('dialog', { name: 'Private attributes of production' });
  await dialog.getByRole('cell', { name: 'gold, silver' }).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await recording(page).click();
  await page.getByText('What was recorded of contexts of production is deleted.').waitFor();
  assert.deepEqual(await names(), []);
});
