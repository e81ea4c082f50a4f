// Personal tokens of a person who signs in with a JSON Web Token.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SingleNode } from '../../conformance/e2e/support/deployment.mjs';
import { IDENTITY, tokenOf } from './support/people.mjs';
import { Ui } from './support/ui.mjs';

const PAGE = '/projects/default/keys?tab=own';

const ui = Ui.ofTests({ start: () => SingleNode.start(IDENTITY) });

test('a person makes a token, which acts in their name, sees its last use, and revokes it', async () => {
  const token = tokenOf({ sub: 'ann', flagstaff_role: { default: 'editor' } });
  const page = await ui.open(PAGE, { token });
  await page.getByRole('heading', { name: 'No personal tokens' }).waitFor();
  await page.getByLabel('Name').fill('laptop');
  await page.getByRole('combobox', { name: 'Role' }).click();
  assert.deepEqual(await page.getByRole('option').allTextContents(), ['viewer', 'editor']);
  await page.getByRole('option', { name: 'editor' }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const secret = (await page.locator('code.secret').textContent()) ?? '';
  assert.match(secret, /^fs_editor_/);
  await page.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('row', { name: /laptop/ });
  await row.getByText('never').waitFor();

  const path = '/environments/production/flags/wishlist-gallery';
  await ui.api('PATCH', path, { enabled: true }, { authorization: `Bearer ${secret}` });
  assert.equal((await ui.api('GET', '/audit?limit=1')).items[0].actor, 'ann');
  await page.reload();
  await row.getByText('never').waitFor({ state: 'detached' });
  await row.getByRole('button', { name: 'Revoke laptop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('laptop was revoked.').waitFor();
  await page.getByRole('heading', { name: 'No personal tokens' }).waitFor();
});

test('whoever signed in with a token is told why they have none', async () => {
  const page = await ui.open(PAGE);
  await page.getByText('Only people who sign in with the identity provider have personal tokens').waitFor();
});
