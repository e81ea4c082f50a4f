// Findings of the lint at the rules that have them, and the name of a flag.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ui } from './support/ui.mjs';

const ui = Ui.ofTests();

test('what the lint finds is at the rule that has it, and follows the draft', async () => {
  const is = (value) => ({ attribute: 'country', op: 'equals', value });
  const flag = {
    key: 'odd',
    type: 'boolean',
    enabled: true,
    rules: [
      { id: 'nordics', when: is('se'), serve: 'on' },
      { id: 'never', when: { all: [is('se'), is('dk')] }, serve: 'on' },
    ],
    serve: 'off',
  };
  await ui.api('POST', '/environments/production/flags', flag);
  const page = await ui.open('/projects/default/flags/odd?env=production');
  const notes = (index) => page.locator(`[data-rule="${index}"] .note.warn`);
  await notes(1).first().waitFor();
  assert.equal(await notes(0).count(), 0);

  // Moved up, it takes its findings along.
  await page.getByRole('button', { name: 'Move rule 2, never' }).click();
  await notes(0).first().waitFor();
  await notes(1).first().waitFor({ state: 'detached' });

  // Without the rule there are none.
  await page.getByRole('button', { name: 'More for never' }).click();
  await page.getByRole('menuitem', { name: 'Remove the rule' }).click();
  await page.locator('.note.warn').first().waitFor({ state: 'detached' });
  await page.getByText('1 change', { exact: true }).waitFor();
});

test('a flag gets a name, which the list, the palette and the page of the flag show', async () => {
  const page = await ui.open('/projects/default/flags/wishlist-gallery?env=production&tab=details');
  const form = page.getByRole('form', { name: 'About the flag' });
  await form.getByLabel('Name').fill('Picture gallery');
  await form.getByLabel('Description').fill('Pictures instead of a list');
  await form.getByRole('button', { name: 'Save details' }).click();
  await page.getByText('The details were saved.').waitFor();
  await page.getByRole('heading', { name: 'Picture gallery' }).waitFor();
  for (const environment of ['production', 'staging']) {
    const { name, description } = await ui.flag('wishlist-gallery', environment);
    assert.deepEqual([name, description], ['Picture gallery', 'Pictures instead of a list']);
  }
  await page.keyboard.press('Control+k');
  await page.keyboard.type('picture');
  await page.getByRole('option', { name: 'wishlist-gallery · Picture gallery' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Flags' }).first().click();
  await page.getByRole('searchbox').fill('picture gallery');
  await page.getByText('1 of 9 flags').or(page.getByText('1 of 10 flags')).waitFor();
  await page.getByText('Picture gallery').waitFor();
});
