// Two nodes on PostgreSQL: the page is that of one node, and changes come from the other.

import { test } from 'node:test';
import { TwoNodes } from '../../conformance/e2e/support/deployment.mjs';
import { eventually, Ui } from './support/ui.mjs';

const ui = Ui.ofTests(TwoNodes);

test('a switch at one node is on at the other, and a change there is seen here without a reload', async () => {
  const page = await ui.open('/projects/default/flags', { at: ui.reader.url });
  const gallery = page.getByRole('switch', { name: 'wishlist-gallery in production' });
  await gallery.click();
  await page.getByText('wishlist-gallery is on in production.').waitFor();
  // The other node has heard of it a moment later: nobody waits for it there.
  const isOn = async () => (await ui.flag('wishlist-gallery')).enabled;
  await eventually(isOn, true, 'the other node has the change');
  await ui.api('PATCH', '/environments/production/flags/wishlist-gallery', { enabled: false });
  await page
    .locator('[aria-label="wishlist-gallery in production"][aria-checked="false"]')
    .waitFor({ timeout: 30_000 });
});
