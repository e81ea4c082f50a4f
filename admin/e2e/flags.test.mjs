// Signing in, the list of flags, and the palette.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KEYS } from '../../conformance/e2e/support/server.mjs';
import { ADMIN, eventually, focused, reach, Ui } from './support/ui.mjs';

const FLAGS = '/projects/default/flags';
/** Scrolls past `rows` rows, frame by frame, in the page: how many rows were made, how many were passed, and how many were there at a time */
async function scrollThrough(rows) {
  const all = () => [...document.querySelectorAll('.flags .body')];
  const last = () => Math.max(...all().map((row) => Number(row.getAttribute('aria-rowindex'))));
  let made = 0;
  let most = 0;
  let frames = 0;
  const observer = new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      made += [...addedNodes].filter((node) => node instanceof Element && node.matches('.body')).length;
    }
  });
  observer.observe(document.querySelector('.flags'), { childList: true, subtree: true });
  const first = last();
  // Whoever stops on the way has passed too few rows.
  while (last() < first + rows && frames < rows) {
    frames += 1;
    scrollBy(0, innerHeight / 2);
    await new Promise(requestAnimationFrame);
    most = Math.max(most, all().length);
  }
  observer.disconnect();
  return { made, passed: last() - first, most };
}

/** Creates 2,000 flags, unless they are there. */
async function createMany() {
  const lines = Array.from({ length: 2_000 }, (_, index) => [
    `many-${String(index).padStart(4, '0')}`,
    { type: 'boolean', enabled: index % 2 === 0 },
  ]);
  const document = { schemaVersion: 1, flags: Object.fromEntries(lines) };
  await ui.api('PUT', '/environments/staging/document?mode=merge', document);
}

const ui = Ui.ofTests();

describe('signing in', () => {
  test('asks for an access token, says what is wrong with another one, and keeps the address', async () => {
    const page = await ui.open(`${FLAGS}?q=gallery`, { token: null });
    const token = page.getByLabel(/^Access token/);
    const submit = async (text) => {
      await token.fill(text);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
    await submit('fs_admin_nobody_knows_this_token_at_all');
    await page.getByText('The server does not know this token').waitFor();
    await submit(KEYS.server);
    await page.getByText('This is an SDK key').waitFor();
    await submit(ADMIN);
    await page.getByRole('link', { name: 'wishlist-gallery' }).waitFor();
    assert.match(page.url(), /\?q=gallery$/);
    // Only this tab has the token.
    assert.deepEqual(await page.evaluate(() => [Object.values(localStorage), document.cookie]), [[], '']);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await token.waitFor();
  });

  test('by a link takes the token out of the address', async () => {
    const page = await ui.open('/');
    await page.getByRole('heading', { name: 'Flags' }).waitFor();
    assert.equal(page.url(), `${ui.url}${FLAGS}`);
  });

  test('a flag is created in all environments, also when they are read after its form is open', async () => {
    const page = await ui.open('/api', { token: null });
    let answer = () => undefined;
    const asked = new Promise((resolve) => {
      answer = resolve;
    });
    await page.route('**/api/v1/projects?*', async (route) => {
      await asked;
      await route.continue();
    });
    await page.goto(`${ui.url}${FLAGS}?new=1#token=${ADMIN}`);
    await page.getByRole('textbox', { name: 'Key' }).fill('early');
    answer();
    await page.getByRole('button', { name: 'Create flag' }).click();
    await page.getByRole('heading', { name: 'early' }).waitFor();
    for (const environment of ['development', 'staging', 'production']) {
      assert.equal((await ui.flag('early', environment)).enabled, false);
      await ui.api('DELETE', `/environments/${environment}/flags/early`);
    }
  });

  test('comes over the page when a token is revoked, and what was typed is still there', async () => {
    const made = await ui.api('POST', '/tokens', { role: 'editor', name: 'leaver' });
    const page = await ui.open(`${FLAGS}?new=1`, { token: made.token });
    await page.getByRole('textbox', { name: 'Key' }).fill('half-typed');
    await ui.api('DELETE', `/tokens/${made.id}`);
    // The page follows the project, so it learns of it by itself.
    await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
    await page.getByLabel(/^Access token/).fill(ADMIN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    assert.equal(await page.getByRole('textbox', { name: 'Key' }).inputValue(), 'half-typed');
    await page.getByRole('button', { name: 'Create flag' }).click();
    await page.getByRole('heading', { name: 'half-typed' }).waitFor();
    assert.equal((await ui.flag('half-typed', 'staging')).enabled, false);
  });
});

describe('the list of flags', () => {
  test('searches, filters and sorts by its address, which shows the same elsewhere', async () => {
    const page = await ui.open(FLAGS);
    await page.getByRole('searchbox').fill('wishlist');
    await page.getByRole('combobox', { name: 'On or off' }).click();
    await page.getByRole('option', { name: 'on', exact: true }).click();
    await page.getByRole('combobox', { name: 'Sort' }).click();
    await page.getByRole('option', { name: 'newest first' }).click();
    await page.waitForURL(/\?.*sort=/);
    await page.getByText('3 of 9 flags').waitFor();
    const keys = (at) => at.locator('.flags .key').allTextContents();
    const other = await ui.open(page.url().slice(ui.url.length));
    await other.getByText('3 of 9 flags').waitFor();
    const shown = await keys(other);
    assert.equal(shown.length, 3);
    await eventually(() => keys(page), shown);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await page.getByText('9 flags', { exact: true }).waitFor();
    assert.equal(await page.getByRole('searchbox').inputValue(), '');
  });

  test('a search keeps every letter, also of somebody who types while an earlier one goes into the address', async () => {
    const page = await ui.open(FLAGS);
    const search = page.getByRole('searchbox');
    await search.fill('wish');
    await page.waitForURL(/\?q=wish$/);
    // The next letters come in the turn in which the address changes. What the field shows is read in every frame from then on.
    const seen = await search.evaluate(async (input) => {
      const type = (text) => {
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, text);
        input.dispatchEvent(new Event('input', { bubbles: true }));
      };
      const { replaceState } = history;
      const changed = new Promise((resolve) => {
        history.replaceState = (...given) => {
          replaceState.apply(history, given);
          history.replaceState = replaceState;
          type('wishlist-gallery');
          resolve();
        };
      });
      type('wishl');
      await changed;
      const values = new Set();
      while (!location.search.endsWith('=wishlist-gallery')) {
        await new Promise(requestAnimationFrame);
        values.add(input.value);
      }
      return [...values];
    });
    assert.deepEqual(seen, ['wishlist-gallery']);
    await page.getByText('1 of 9 flags').waitFor();
    assert.equal(await search.inputValue(), 'wishlist-gallery');
  });

  test('switches a flag at once, tells the audit, and takes it back', async () => {
    const page = await ui.open(FLAGS);
    await page.clock.install();
    const name = { name: 'wishlist-gallery in production' };
    await page.getByRole('switch', name).click();
    await page.getByText('wishlist-gallery is on in production.').waitFor();
    assert.equal((await ui.flag('wishlist-gallery')).enabled, true);
    assert.equal((await ui.flag('wishlist-gallery', 'staging')).enabled, false);
    // Who is about to take it back is not hurried.
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.clock.fastForward(15_000);
    await page.keyboard.press('Enter');
    const undone = page.getByText('wishlist-gallery is off in production.');
    await undone.waitFor();
    await page.clock.fastForward(15_000);
    await undone.waitFor({ state: 'detached' });
    assert.equal((await ui.flag('wishlist-gallery')).enabled, false);
    const { items } = await ui.api('GET', '/environments/production/flags/wishlist-gallery/history?limit=2');
    assert.deepEqual(
      items.map((item) => item.reason),
      ['undone in the admin UI', 'switched in the admin UI'],
    );
  });

  test('a viewer is told why a switch did nothing', async () => {
    const { token } = await ui.api('POST', '/tokens', { role: 'viewer', name: 'reader' });
    const page = await ui.open(FLAGS, { token });
    await page.getByRole('switch', { name: 'wishlist-gallery in production' }).click();
    await page.getByText('You may not do this').waitFor();
    assert.equal((await ui.flag('wishlist-gallery')).enabled, false);
  });

  test('⌘K and Enter switch off the flag of the page', async () => {
    await ui.api('PATCH', '/environments/production/flags/wishlist-reorder', { enabled: true });
    const page = await ui.open(`${FLAGS}/wishlist-reorder`);
    await page.getByRole('switch', { name: 'wishlist-reorder in production' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('option', { name: 'Switch wishlist-reorder off in production' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('wishlist-reorder is off in production.').waitFor();
    // Undo is a key stroke away too, in the palette, since a message at the end of the page is not.
    await page.keyboard.press('Control+k');
    await focused(page.getByRole('combobox', { name: /^Find a flag/ }));
    await page.keyboard.type('undo');
    await page.getByRole('option', { name: 'Undo: wishlist-reorder is off in production.' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('wishlist-reorder is on in production.').waitFor();
    // Not a letter is lost between the palette and the field in it, and the focus comes back.
    await page.getByRole('tab', { name: 'Details' }).focus();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('off max');
    assert.equal(await page.getByRole('combobox', { name: /^Find a flag/ }).inputValue(), 'off max');
    await page.getByRole('option', { name: 'Switch wishlist-max-items off in development' }).waitFor();
    await eventually(() => page.getByRole('option').count(), 3);
    await page.keyboard.press('Escape');
    await focused(page.getByRole('tab', { name: 'Details' }));
  });

  test('several flags are tagged and archived at once, and what was archived comes back', async () => {
    const keys = ['bulk-one', 'bulk-two', 'bulk-three'];
    for (const key of keys) {
      await ui.api('POST', '/environments/production/flags', { key, type: 'boolean', enabled: false });
    }
    const page = await ui.open(`${FLAGS}?q=bulk-`);
    const select = (name) => page.getByRole('checkbox', { name });
    await select('Select bulk-one').check();
    await page.getByText('1 flag selected').waitFor();
    await select('Select all flags of the list').check();
    await page.getByText('3 flags selected').waitFor();
    await page.getByRole('button', { name: 'Add a tag' }).click();
    await page.getByLabel('Tag', { exact: true }).fill('spring');
    await page.keyboard.press('Enter');
    await page.getByText('The tag spring was added to 3 flags.').waitFor();
    for (const key of keys) {
      assert.deepEqual((await ui.api('GET', `/flags/${key}`)).tags, ['spring']);
    }
    await select('Select bulk-three').uncheck();
    await page.getByRole('button', { name: 'Archive' }).click();
    const dialog = page.getByRole('dialog', { name: 'Archive 2 flags in all environments?' });
    await dialog.getByRole('button', { name: 'Archive' }).click();
    await page.getByText('2 flags were archived.').waitFor();
    assert.equal((await ui.api('GET', '/flags/bulk-one')).lifecycle, 'archived');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('2 flags were restored.').waitFor();
    assert.equal((await ui.flag('bulk-one')).enabled, false);
  });

  test('2,000 flags are a few rows in the page, and the others are reached by scrolling', async () => {
    await createMany();
    const page = await ui.open(`${FLAGS}?q=many`);
    await page.getByText(/^2,000 of 2,0\d\d flags$/).waitFor();
    const table = page.getByRole('table', { name: 'Flags' });
    assert.equal(await table.getAttribute('aria-rowcount'), '2001');
    assert.ok((await table.getByRole('row').count()) < 60);
    // A row is made once when it comes into view, and never again while it stays: that is what keeps frames short.
    const { made, passed, most } = await page.evaluate(scrollThrough, 400);
    assert.ok(passed >= 400 && made <= passed + 60, `${made} rows were made for ${passed} that were passed`);
    assert.ok(most < 60, `${most} rows at a time`);
    // Rows are measured as they appear, and the end moves with them.
    const last = page.getByRole('row').filter({ hasText: 'many-1999' });
    await eventually(async () => {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      return last.count();
    }, 1);
    assert.equal(await last.getAttribute('aria-rowindex'), '2001');
    // On the page of a flag, whose own list is not loaded: the palette finds flags of every page of the list.
    await page.goto(`${ui.url}${FLAGS}/many-0000`);
    await page.getByRole('heading', { name: 'many-0000' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('many-1998');
    await page.getByRole('option', { name: 'Switch many-1998 off in staging' }).waitFor();
  });

  test('arrow keys go from row to row, and the focus stays in its row when that is scrolled away', async () => {
    await createMany();
    const page = await ui.open(`${FLAGS}?q=many`);
    await page.getByText(/^2,000 of 2,0\d\d flags$/).waitFor();
    const place = () =>
      page.evaluate(() => {
        const row = document.activeElement.closest('[role="row"]');
        return [Number(row?.getAttribute('aria-rowindex')), document.activeElement.getAttribute('aria-label')];
      });
    const staging = (number) => `many-${String(number).padStart(4, '0')} in staging`;
    await reach(page.getByRole('switch', { name: staging(0) }));
    // As often as a key repeats in two seconds: the focus is in the next row before the next one comes.
    for (let repeat = 0; repeat < 60; repeat += 1) {
      await page.keyboard.down('ArrowDown');
    }
    await page.keyboard.up('ArrowDown');
    assert.deepEqual(await place(), [62, staging(60)]);
    const isInView = () =>
      page.evaluate(() => {
        const { top, bottom } = document.activeElement.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      });
    await eventually(isInView, true, 'the row is in view');
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.getByText('many-1990').waitFor();
    assert.deepEqual(await place(), [62, staging(60)]);
    await page.keyboard.press('End');
    assert.deepEqual(await place(), [2001, staging(1_999)]);
    await page.keyboard.press('PageUp');
    assert.deepEqual(await place(), [1991, staging(1_989)]);
    await page.keyboard.press('Home');
    assert.deepEqual(await place(), [2, staging(0)]);
    await eventually(isInView, true, 'the first row is in view');
  });
});
