// Overrides, the page of a person, the audit, keys, and the instances.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, Ui } from './support/ui.mjs';

const ui = Ui.ofTests();

const button = (page, name) => page.getByRole('button', { name, exact: true });

test('overrides are set, found, removed and taken back, and pasted with the number of each bad line', async () => {
  const page = await ui.open('/projects/default/flags/wishlist-gallery?env=production&tab=overrides');
  await page.getByRole('heading', { name: 'No overrides' }).waitFor();
  await page.getByRole('textbox', { name: 'Key', exact: true }).fill('u-17');
  await page.getByLabel('Reason').fill('asked for it');
  await button(page, 'Set').click();
  const row = page.getByRole('row', { name: /u-17/ });
  await row.getByText('asked for it').waitFor();
  await button(page, 'Remove the override of u-17').click();
  await page.getByRole('heading', { name: 'No overrides' }).waitFor();
  await button(page, 'Undo').click();
  await row.getByText('asked for it').waitFor();

  await button(page, 'Paste many').click();
  const lines = Array.from({ length: 1_000 }, (_, index) => `org-user-${index}`);
  await page.getByLabel('Keys, one a line').fill('u-1\nu-2,exclude');
  await page.getByText('2 good lines, 0 bad lines').waitFor();
  const buffer = Buffer.from([...lines, 'org-user-3', 'x,purple'].join('\n'));
  await page.getByLabel('Read the lines from a file').setInputFiles({ name: 'keys.csv', mimeType: 'text/csv', buffer });
  await page.getByText('1,000 good lines, 2 bad lines').waitFor();
  await page.getByText('Line 1001: this key was above').waitFor();
  await button(page, 'Set 1,000 overrides').click();
  await page.getByText('1,001 overrides').waitFor();
  await page.getByRole('searchbox').fill('user-99');
  await page.getByText('11 overrides', { exact: true }).waitFor();
});

test('a hundred thousand lines are pasted, read and stored while the page stays alive', async () => {
  const page = await ui.open('/projects/default/flags/wishlist-got-it?env=production&tab=overrides');
  const wrong = [11, 2_001, 30_001, 45_001, 60_001, 70_001, 100_000];
  const lines = Array.from({ length: 100_000 }, (_, index) =>
    wrong.includes(index + 1) ? `user-${index},purple` : `user-${index}`,
  );
  await button(page, 'Paste many').click();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate((text) => navigator.clipboard.writeText(text), lines.join('\n'));
  await page.getByLabel('Keys, one a line').focus();
  await page.keyboard.press('Control+v');
  await page.getByText('99,993 good lines, 7 bad lines').waitFor();
  for (const line of wrong) {
    await page.getByText(`Line ${line}: unknown value`).waitFor();
  }
  await button(page, 'Clear').click();
  await page.getByLabel('Keys, one a line').focus();
  await page.keyboard.press('Control+v');
  await button(page, 'Set 99,993 overrides').click();
  // On a loaded machine this takes more than the usual 30 seconds.
  await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 120_000 });
  await page.getByText('99,993 overrides', { exact: true }).waitFor();
});

test('an object is patched by level, with the merged value and the level that decided each part', async () => {
  await ui.api('PATCH', '/environments/development/flags/wishlist-layout', { environmentPatch: { columns: 2 } });
  const page = await ui.open('/projects/default/flags/wishlist-layout?env=development&tab=overrides');
  const result = page.getByRole('table', { name: 'What they get' });
  const rows = () =>
    result.locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  const part = (path, value, source) => [path, value, source];
  await eventually(async () => (await rows()).slice(0, 1), [part('/columns', '2', 'the environment')]);

  const patch = async (level, key, value) => {
    await page.getByLabel(`Key of the ${level}`).fill(key);
    await page.getByLabel(`Patch for the ${level} ${key}`).fill(JSON.stringify(value));
    await button(page, `Save the patch of the ${level}`).click();
    await page.getByText(`The patch of ${key} was saved.`).waitFor();
  };
  await patch('organization', 'acme', { columns: 3, pictures: { show: true } });
  await patch('user', 'u-17', { columns: 4, 'a/b': 1 });
  await eventually(rows, [
    part('/a~1b', '1', 'user'),
    part('/columns', '4', 'user'),
    part('/pictures/show', 'true', 'organization'),
    part('/pictures/size', '"small"', 'the variant'),
  ]);
  await button(page, 'Remove the patch of the user').click();
  await eventually(rows, [
    part('/columns', '3', 'organization'),
    part('/pictures/show', 'true', 'organization'),
    part('/pictures/size', '"small"', 'the variant'),
  ]);
  await page.goto(`${ui.url}/projects/default/people?env=development&kind=organization&key=acme`);
  const row = page.getByRole('row', { name: /^wishlist-layout/ });
  await row.getByText('What they get').first().click();
  await row.getByRole('cell', { name: 'organization' }).first().waitFor();
});

test('a person who was never seen gets every flag with its reason, and is overridden here', async () => {
  const page = await ui.open('/projects/default/people');
  await page.getByRole('heading', { name: 'Type a key' }).waitFor();
  await page.getByLabel('Key').fill('never-seen');
  await button(page, 'Show').click();
  const row = page.getByRole('row', { name: /wishlist-max-items/ });
  await row.getByText('no rule applies').waitFor();
  await eventually(() => page.getByRole('row').count(), 9);
  await button(page, 'Override wishlist-max-items').click();
  await page.getByRole('menuitem', { name: 'variant plus' }).click();
  await row.getByText('an override of the user').waitFor();
  await row.getByText('100').waitFor();
  assert.deepEqual((await ui.flag('wishlist-max-items')).overrides, { user: { 'never-seen': { variant: 'plus' } } });
  await button(page, 'Undo').click();
  await row.getByText('no rule applies').waitFor();
});

test('the audit is filtered by its address and exported', async () => {
  await ui.api('PATCH', '/environments/staging/flags/wishlist-layout?reason=because', { enabled: false });
  const page = await ui.open('/projects/default/audit?env=staging&flag=wishlist-layout&action=update');
  await page.getByText('“because”').waitFor();
  await eventually(() => page.locator('.history > li').count(), 1);
  const download = page.waitForEvent('download');
  await button(page, 'Export').click();
  assert.equal((await download).suggestedFilename(), 'audit-default.ndjson');
});

test('a key is created, shown once, rotated and revoked', async () => {
  const page = await ui.open('/projects/default/keys?env=staging');
  await page.getByLabel('Name').fill('checkout service');
  await button(page, 'Create').click();
  const secret = await page.locator('.secret').textContent();
  assert.match(secret, /^fs_server_/);
  await button(page, 'Done').click();
  const cells = page.getByRole('cell', { name: 'checkout service', exact: true });
  await cells.waitFor();
  await eventually(async () => (await page.content()).includes(secret), false);
  await page.getByRole('button', { name: /^Rotate checkout service/ }).click();
  await page.locator('.secret').waitFor();
  await button(page, 'Done').click();
  await eventually(() => cells.count(), 2);
  await button(page, 'Revoke checkout service').last().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('checkout service was revoked.').waitFor();
});

test('the instances that follow are listed, and those of an environment without any say what to do', async () => {
  const stream = new AbortController();
  const headers = { authorization: 'Bearer fs_server_0123456789abcdefghijklmnopqrstuv' };
  await fetch(`${ui.url}/api/v1/sdk/stream?instance=one&sdk=flagstaff-node/0.1.0`, { headers, signal: stream.signal });
  const page = await ui.open('/projects/default/instances?env=production');
  await page.getByRole('row', { name: /flagstaff-node/ }).waitFor();
  stream.abort();
  await page.getByRole('combobox', { name: 'Environment' }).click();
  await page.getByRole('option', { name: 'staging' }).click();
  await page.getByRole('heading', { name: 'No SDK follows this environment' }).waitFor();
});

test('a flag is described, copied to an environment that lacks it, archived and restored', async () => {
  await ui.api('POST', '/environments/staging/flags', {
    key: 'only-staging',
    type: 'boolean',
    enabled: true,
    serve: 'on',
  });
  const page = await ui.open('/projects/default/flags/only-staging?env=staging&tab=details');
  await page.getByLabel('Description').fill('Tried in staging first');
  await page.getByRole('combobox', { name: 'Tags' }).pressSequentially('trial,');
  await button(page, 'Save details').click();
  await page.getByText('The details were saved.').waitFor();
  await page.getByRole('heading', { name: '0 evaluations in staging in 14 days' }).waitFor();
  await page.getByRole('tab', { name: /^production/ }).click();
  await button(page, 'Copy it from staging').click();
  await page.getByText('only-staging was copied to production.').waitFor();
  assert.equal((await ui.flag('only-staging')).enabled, true);
  const { description, tags } = await ui.api('GET', '/flags/only-staging');
  assert.deepEqual([description, tags], ['Tried in staging first', ['trial']]);

  await button(page, 'Archive the flag').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('something else');
  await eventually(() => dialog.getByRole('button', { name: 'Archive the flag' }).isDisabled(), true);
  await dialog.getByRole('textbox').fill('only-staging');
  await dialog.getByRole('button', { name: 'Archive the flag' }).click();
  await page.getByText('only-staging was archived.').waitFor();
  assert.equal((await ui.api('GET', '/flags/only-staging')).lifecycle, 'archived');
  await page.goto(`${ui.url}/projects/default/flags/only-staging`);
  await button(page, 'Restore the flag').click();
  await page.getByRole('tab', { name: /^production/ }).waitFor();
  assert.equal((await ui.flag('only-staging', 'staging')).enabled, true);
});

test('a segment is created, edited with who moves, and its ids are added, found and removed', async () => {
  const page = await ui.open('/projects/default/segments?env=staging');
  await page.getByRole('heading', { name: 'No segments yet' }).waitFor();
  await page.getByLabel('Key of a new segment').fill('beta');
  await button(page, 'Create segment').click();
  await page.getByText('No flag and no other segment refers to it.').waitFor();
  const flag = {
    key: 'for-beta',
    type: 'boolean',
    enabled: true,
    rules: [{ id: 'testers', when: { segment: 'beta' }, serve: 'on' }],
    serve: 'off',
  };
  await ui.api('POST', '/environments/staging/flags', flag);
  await page.getByLabel('Add ids').fill('u-1, u-2\nu-3');
  await button(page, 'Add 3 ids').click();
  await page.getByText('3 ids', { exact: true }).waitFor();
  await page.getByRole('searchbox').fill('u-2');
  await page.getByText('1 id', { exact: true }).waitFor();
  await button(page, 'Remove u-2').click();
  await page.getByText('0 ids', { exact: true }).waitFor();
  await button(page, 'Undo').click();
  await page.getByText('1 id', { exact: true }).waitFor();
  await page.reload();
  await page.getByRole('link', { name: 'for-beta' }).waitFor();
  await eventually(() => button(page, 'Delete the segment').isDisabled(), true);

  await button(page, 'Add a condition').click();
  const clause = page.getByRole('dialog', { name: 'Condition' });
  await clause.getByRole('combobox', { name: 'Attribute' }).fill('plan');
  await clause.getByRole('combobox', { name: 'Value' }).fill('plus');
  await button(page, 'Done').click();
  await page.getByText('1 flag or segment uses it').waitFor();
  await page.getByLabel('Reason').fill('who pays tests');
  await button(page, 'Save').click();
  await page.getByText('The segment beta was saved.').waitFor();
  const { segments } = await ui.api('GET', '/environments/staging/document');
  assert.deepEqual(segments.beta.when, { attribute: 'plan', op: 'equals', value: 'plus' });
});

test('two environments are compared, and a flag is copied after a dry run', async () => {
  await ui.api('PATCH', '/environments/staging/flags/wishlist-reorder', { enabled: true, rolloutPercentage: 40 });
  const page = await ui.open('/projects/default/compare?from=staging&to=production');
  const item = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'wishlist-reorder' }) });
  await item.getByText('share').first().waitFor();
  await page.getByLabel('Select wishlist-reorder').check();
  await button(page, 'Copy 1 flag to production').click();
  await page.getByText('40 %: off → on').waitFor();
  await page.getByLabel('Reason').fill('tried in staging');
  const answers = [];
  let meanwhile;
  const isCopy = (url) => url.pathname.endsWith('/copy') && !url.searchParams.has('dryRun');
  page.on('response', (response) => isCopy(new URL(response.url())) && answers.push(response.status()));
  // Somebody saves after the button is pressed, and before the server is asked.
  await page.route(isCopy, async (route) => {
    const change = meanwhile;
    meanwhile = undefined;
    await change?.();
    await route.continue();
  });
  // What has changed since it was looked at is not copied, but shown.
  meanwhile = () => ui.api('PATCH', '/environments/staging/flags/wishlist-reorder', { rolloutPercentage: 60 });
  await button(page, 'Copy').click();
  await page.getByText('One of the environments has changed meanwhile').waitFor();
  await page.getByText('60 %: off → on').waitFor();
  assert.equal((await ui.flag('wishlist-reorder')).enabled, false);
  assert.deepEqual(answers.splice(0), [412]);
  // What changes elsewhere in the environment is no reason to ask again.
  const other = { key: 'meanwhile', type: 'boolean', enabled: false };
  meanwhile = () => ui.api('POST', '/environments/production/flags', other);
  await button(page, 'Copy').click();
  await page.getByText('1 flag copied to production.').waitFor();
  assert.deepEqual(answers, [412, 200]);
  assert.equal((await ui.flag('wishlist-reorder')).serve.rollout, 60);
  await item.waitFor({ state: 'detached' });
});
