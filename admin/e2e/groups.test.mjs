// Groups and holdouts, and the settings: members, environments and projects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, eventually, Ui } from './support/ui.mjs';

const ui = Ui.ofTests();

const button = (page, name) => page.getByRole('button', { name, exact: true });

test('a holdout is created, edited after a look at who moves, kept while a flag names it, and deleted', async () => {
  const page = await ui.open('/projects/default/groups?env=production&tab=holdout');
  await page.getByRole('heading', { name: 'No holdouts yet' }).waitFor();
  await page.getByLabel('New key').fill('winter');
  await page.getByLabel('Share that is held out, in percent').fill('10');
  await button(page, 'Create holdout').click();
  const row = page.getByRole('row', { name: /winter/ });
  await row.getByText('10 %').waitFor();

  const serve = {
    arms: [
      { variant: 'on', weight: 50_000 },
      { variant: 'off', weight: 50_000 },
    ],
    experiment: { key: 'e', holdout: 'winter' },
  };
  const flag = { key: 'held-out', type: 'boolean', enabled: true, serve };
  await ui.api('POST', '/environments/production/flags', flag);
  await page.reload();
  await row.getByRole('link', { name: 'held-out' }).waitFor();
  await button(page, 'Delete winter').click();
  await page.getByText('winter cannot be deleted while 1 flag names it.').waitFor();

  await button(page, 'Edit winter').click();
  const dialog = page.getByRole('dialog', { name: 'Edit winter' });
  assert.ok(await button(dialog, 'Save').isDisabled());
  await dialog.getByLabel('Share that is held out, in percent').fill('20');
  await dialog.getByText(/^held-out/).waitFor();
  await dialog.getByLabel('Reason').fill('a larger holdout');
  await button(dialog, 'Save').click();
  await row.getByText('20 %').waitFor();
  const { items } = await ui.api('GET', '/audit?kind=holdout&limit=1');
  assert.equal(items[0].reason, 'a larger holdout');

  await ui.api('PATCH', '/environments/production/flags/held-out', { serve: 'on' });
  await page.reload();
  await row.getByText('nothing').waitFor();
  await button(page, 'Delete winter').click();
  await page.getByRole('heading', { name: 'No holdouts yet' }).waitFor();
});

test('a group with a unit of its own is created, found by the search in the address, and refused with a reason', async () => {
  const page = await ui.open('/projects/default/groups?env=staging');
  await page.getByRole('heading', { name: 'No groups yet' }).waitFor();
  for (const [key, unit] of [
    ['checkout', '/session/id'],
    ['search-page', ''],
  ]) {
    await page.getByLabel('New key').fill(key);
    await page.getByLabel('Unit').fill(unit);
    await button(page, 'Create group').click();
    await page.getByText(`${key} was created.`).waitFor();
  }
  await page.getByRole('cell', { name: '/session/id', exact: true }).waitFor();
  await page.getByRole('searchbox').fill('check');
  await page.getByRole('cell', { name: 'search-page', exact: true }).waitFor({ state: 'detached' });
  await page.waitForURL(/q=check/);
  await page.getByLabel('New key').fill('no spaces');
  await button(page, 'Create group').click();
  await page.getByText(/^\/key: expected 1 to 100 of/).waitFor();
  const { groups } = await ui.api('GET', '/environments/staging/document');
  assert.deepEqual(Object.keys(groups), ['checkout', 'search-page']);
});

test('a member is added, gets another role, and is removed', async () => {
  const page = await ui.open('/projects/default/settings');
  await page.getByRole('heading', { name: 'No members yet' }).waitFor();
  await page.getByRole('textbox', { name: 'Who' }).fill('ann@example.com');
  await button(page, 'Add member').click();
  await page.getByRole('cell', { name: 'ann@example.com', exact: true }).waitFor();
  await page.getByRole('combobox', { name: 'Role of ann@example.com' }).click();
  await page.getByRole('option', { name: 'editor' }).click();
  await page.getByText('ann@example.com is editor now.').waitFor();
  const { items } = await ui.api('GET', '/members');
  assert.deepEqual(
    items.map(({ email, role }) => [email, role]),
    [['ann@example.com', 'editor']],
  );
  await button(page, 'Remove ann@example.com').click();
  await page.getByRole('heading', { name: 'No members yet' }).waitFor();
});

test('an environment and a project are created, and values are made public', async () => {
  const page = await ui.open('/projects/default/settings?tab=environments');
  await page.getByLabel('Name of a new environment').fill('production');
  await button(page, 'Create environment').click();
  await page
    .getByRole('alert')
    .getByText(/production/)
    .waitFor();
  await page.getByLabel('Name of a new environment').fill('load-test');
  await button(page, 'Create environment').click();
  await page.getByText('The environment load-test was created.').waitFor();
  await page.getByRole('switch', { name: 'Values of load-test can be read without a key' }).click();
  await page.getByText('Anybody can read the values of load-test now.').waitFor();
  assert.equal((await ui.api('GET', '/environments/load-test/settings')).publicValues, true);

  await page.getByRole('tab', { name: 'Projects' }).click();
  await page.getByLabel('Name of a new project').fill('shop');
  await page.getByRole('combobox', { name: 'Environments' }).pressSequentially('live,test,');
  await button(page, 'Create project').click();
  await page.getByText('The project shop was created.').waitFor();
  await page.getByRole('cell', { name: 'live, test' }).waitFor();
  await page.getByRole('link', { name: 'shop' }).click();
  await page.waitForURL(/projects\/shop\/flags/);
  await page.getByRole('heading', { name: 'No flags yet' }).waitFor();
  // The list of projects appears as soon as there are two.
  await eventually(() => page.getByRole('combobox', { name: 'Project' }).inputValue(), 'shop');
});

test('an environment and a project are renamed, and deleted after their name was typed', async () => {
  await ui.api('POST', '/environments', { name: 'short-lived' });
  const page = await ui.open('/projects/default/settings?tab=environments');
  await button(page, 'Rename short-lived').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('New name').fill('production');
  await button(dialog, 'Rename').click();
  await dialog
    .getByRole('alert')
    .getByText(/production/)
    .waitFor();
  await dialog.getByLabel('New name').fill('qa');
  await button(dialog, 'Rename').click();
  await page.getByText('short-lived is now called qa.').waitFor();
  await button(page, 'Delete qa').click();
  await dialog.getByLabel('Type qa to delete it').fill('q');
  await eventually(() => button(dialog, 'Delete qa').isDisabled(), true);
  await dialog.getByLabel('Type qa to delete it').fill('qa');
  await button(dialog, 'Delete qa').click();
  await page.getByText(/^qa was deleted\. The audit has it as /).waitFor();
  await page.getByRole('cell', { name: 'qa', exact: true }).waitFor({ state: 'detached' });

  const project = await fetch(`${ui.url}/api/v1/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    body: '{"name": "pilot"}',
  });
  assert.equal(project.status, 201);
  await page.goto(`${ui.url}/projects/pilot/settings?tab=projects`);
  await button(page, 'Rename pilot').click();
  await dialog.getByLabel('New name').fill('outlet');
  await button(dialog, 'Rename').click();
  await page.waitForURL(/projects\/outlet\/settings/);
  await button(page, 'Delete outlet').click();
  await dialog.getByLabel('Type outlet to delete it').fill('outlet');
  await button(dialog, 'Delete outlet').click();
  await page.getByText(/^outlet was deleted\./).waitFor();
  await page.waitForURL(/projects\/default\/flags/);
});
