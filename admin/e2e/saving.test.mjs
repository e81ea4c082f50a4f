// Saving a flag: what the review says, two people who save at once, and how the change reaches the instances.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, save, Ui } from './support/ui.mjs';

const ENVIRONMENT = '/environments/production';
const ui = Ui.ofTests();

const open = (key, options) => ui.open(`/projects/default/flags/${key}?env=production`, options);
const button = (page, name) => page.getByRole('button', { name, exact: true });

describe('the review before saving', () => {
  test('tells a larger share from another hash, which moves users in both directions', async () => {
    const serve = { variant: 'on', rollout: 10 };
    await ui.api('POST', `${ENVIRONMENT}/flags`, { key: 'grown', type: 'boolean', enabled: true, serve });
    const page = await open('grown');
    await page.getByLabel('Share that gets it, in percent').fill('20');
    await button(page, 'Review and save').click();
    await page.getByText('10 %: off → on').waitFor();
    await page.getByText('Nobody moves the other way.').waitFor();
    await button(page, 'Go on editing').click();
    await page.getByText('as JSON', { exact: true }).click();
    await page
      .getByRole('textbox', { name: 'What is served, as JSON' })
      .fill(JSON.stringify({ ...serve, salt: 'another' }));
    await button(page, 'Review and save').click();
    await page.getByText('Users move in both directions').waitFor();
    await page.getByText('9 %: on → off').waitFor();
  });

  test('says what no share is known of: other conditions, and prerequisites', async () => {
    const rules = [{ id: 'nordics', when: { attribute: 'country', op: 'equals', value: 'se' }, serve: 'on' }];
    const prerequisites = [{ flag: 'wishlist-gallery', variants: ['on'] }];
    await ui.api('POST', `${ENVIRONMENT}/flags`, {
      key: 'reached',
      type: 'boolean',
      enabled: true,
      rules,
      serve: 'off',
      prerequisites,
    });
    const page = await open('reached');
    await button(page, 'country is se').click();
    await page.getByRole('combobox', { name: 'Value' }).fill('dk');
    await button(page, 'Done').click();
    await button(page, 'Review and save').click();
    const review = page.getByRole('dialog', { name: 'Save reached in production' });
    await review.getByText('Which users reach a rule changes too').waitFor();
    await review.getByText('Only users who meet the prerequisite wishlist-gallery').waitFor();
    assert.equal(await review.getByText('Nobody gets another variant').count(), 0);
  });
});

describe('two people', () => {
  const rule = (id, serve) => ({ id, when: { attribute: 'plan', op: 'equals', value: id }, serve });
  const create = (key) =>
    ui.api('POST', `${ENVIRONMENT}/flags`, {
      key,
      type: 'boolean',
      enabled: true,
      rules: [rule('free', 'off'), rule('paid', 'on')],
      serve: 'off',
    });
  const other = (key, rules) => ui.api('PATCH', `${ENVIRONMENT}/flags/${key}`, { rules });
  const choose = async (page, id, variant) => {
    const card = page.locator('.rule', { hasText: id });
    await card.getByRole('button', { name: /^serve/ }).click();
    await card.getByRole('combobox', { name: 'Variant' }).click();
    await page.getByRole('option', { name: variant, exact: true }).click();
  };

  test('who change different rules both keep their change, and nobody is asked', async () => {
    await create('two-rules');
    const page = await open('two-rules');
    await choose(page, 'free', 'on');
    await other('two-rules', [rule('free', 'off'), rule('paid', 'off')]);
    await save(page, 'mine');
    const { rules } = await ui.flag('two-rules');
    assert.deepEqual(
      rules.map(({ serve }) => serve),
      ['on', 'off'],
    );
  });

  test('who change one rule see both versions, and one is chosen', async () => {
    await create('one-rule');
    const page = await open('one-rule');
    await choose(page, 'free', 'on');
    await other('one-rule', [rule('free', { variant: 'on', rollout: 10 }), rule('paid', 'on')]);
    await button(page, 'Review and save').click();
    await page.getByText('changed one thing that you changed too').waitFor();
    await page.getByText('serve on to 10 % of users').waitFor();
    await page.getByRole('radio', { name: 'Theirs' }).click();
    await button(page, 'Take these and review again').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal((await ui.flag('one-rule')).rules[0].serve.rollout, 10);
  });
});

test('the convergence after a save names the instances that are behind, and ends when all have it', async () => {
  const key = 'fs_server_0123456789abcdefghijklmnopqrstuv';
  const stream = new AbortController();
  const response = await fetch(`${ui.url}/api/v1/sdk/stream?instance=laggard&sdk=flagstaff-test/1.2.3`, {
    headers: { authorization: `Bearer ${key}` },
    signal: stream.signal,
  });
  let text = '';
  const reading = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeTo(
      new WritableStream({
        write: (part) => {
          text += part;
        },
      }),
    )
    .catch(() => undefined);
  /** The cursors of the events that are there as a whole */
  const cursors = () => [...text.slice(0, text.lastIndexOf('\n\n') + 1).matchAll(/^id: ?(.+)$/gm)].map(([, id]) => id);
  const acknowledge = async () => {
    const cursor = cursors().at(-1);
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ instance: 'laggard', cursor });
    const applied = await fetch(`${ui.url}/api/v1/sdk/applied`, { method: 'POST', headers, body });
    assert.ok(applied.ok, await applied.text());
  };
  await eventually(() => cursors().length > 0, true);
  const known = cursors().length;
  const page = await open('wishlist-reorder');
  await page.getByRole('switch', { name: 'wishlist-reorder in production' }).click();
  await button(page, 'Review and save').click();
  await button(page, 'Save').click();
  await page.getByText('0 of 1 instance').waitFor();
  await page.getByText(/flagstaff-test laggard/).waitFor();
  await eventually(() => cursors().length > known, true);
  await acknowledge();
  await page.getByText('1 of 1 instance').waitFor();
  stream.abort();
  await reading;
});
