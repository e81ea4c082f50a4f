// The page of a flag: rules as sentences, splits, the review before saving, conflicts, overrides and the history.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, focused, Ui } from './support/ui.mjs';

const ENVIRONMENT = '/environments/production';
let ui;
before(async () => {
  ui = await Ui.start();
});
afterEach(() => ui.closePages());
after(async () => {
  await ui?.stop();
});

const open = (key, options) => ui.open(`/projects/default/flags/${key}?env=production`, options);
const button = (page, name) => page.getByRole('button', { name, exact: true });

/** Reviews the draft and saves it with a reason. */
async function save(page, reason) {
  await button(page, 'Review and save').click();
  await page.getByLabel('Reason').fill(reason);
  await button(page, 'Save').click();
  await page.getByRole('region', { name: 'Changes that are not saved' }).waitFor({ state: 'detached' });
  await page.getByText(/Saved as revision|have revision/).waitFor();
}

describe('editing a flag', () => {
  test('by keyboard alone: a rule with two conditions and a share, who moves, saved, and rolled back', async () => {
    await ui.api('POST', `${ENVIRONMENT}/flags`, { key: 'checkout', type: 'boolean', enabled: true, serve: 'off' });
    const page = await open('checkout');
    const press = async (name) => {
      await button(page, name).focus();
      await page.keyboard.press('Enter');
    };
    await button(page, 'Add a rule').waitFor();
    await press('Add a rule');
    await press('Add a condition');
    const clause = page.getByRole('dialog', { name: 'Condition' });
    await focused(clause.getByRole('combobox', { name: 'Attribute' }));
    await page.keyboard.type('country');
    await page.keyboard.press('Tab');
    await page.keyboard.type('is one of');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('se,dk,');
    await press('Done');
    await button(page, 'country is one of se, dk').waitFor();
    await press('+ and');
    await focused(clause.getByRole('combobox', { name: 'Attribute' }));
    await page.keyboard.type('/app/version');
    await page.keyboard.press('Tab');
    await page.keyboard.type('at least version');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('2.1.0');
    await page.keyboard.press('Enter');
    await button(page, '/app/version is at least version 2.1.0').waitFor();
    const share = page.locator('.rule').getByLabel('Share that gets it, in percent');
    await share.focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('25');
    await page.keyboard.press('Tab');

    await press('Review and save');
    await page.getByText('25 %: what comes next → on').waitFor();
    await page.getByLabel('Reason').focus();
    await page.keyboard.type('Nordic countries first');
    await page.keyboard.press('Enter');
    await page.getByText(/Saved as revision \d+\. No SDK is connected/).waitFor();

    const { rules } = await ui.flag('checkout');
    assert.deepEqual(rules, [
      {
        id: 'rule-1',
        serve: { rollout: 25, variant: 'on' },
        when: {
          all: [
            { attribute: 'country', op: 'in', values: ['se', 'dk'] },
            { attribute: '/app/version', op: 'semverGreaterOrEqual', value: '2.1.0' },
          ],
        },
      },
    ]);

    await page.getByRole('tab', { name: 'History' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('“Nordic countries first”').waitFor();
    await press('Roll back to this');
    await page.getByText('This takes back 1 change:').waitFor();
    await focused(page.getByLabel('Reason'));
    await page.keyboard.type('too early');
    await page.keyboard.press('Enter');
    await page.getByText('checkout is what it was at revision').waitFor();
    assert.equal((await ui.flag('checkout')).rules, undefined);
  });

  test('an exact split: typed, locked, equal, moved by arrow keys, always 100 %', async () => {
    const page = await open('wishlist-button-text');
    const share = (variant) => page.getByLabel(`Share of ${variant}, in percent`);
    await share('add').waitFor();
    await button(page, 'Equal shares').click();
    const shares = async () => [
      await share('add').inputValue(),
      await share('wish').inputValue(),
      await share('save').inputValue(),
    ];
    await eventually(shares, ['33.334', '33.333', '33.333']);
    await page.getByRole('slider', { name: 'Border between add and wish' }).focus();
    await page.keyboard.press('ArrowRight');
    await eventually(shares, ['34.334', '32.333', '33.333']);
    await button(page, 'lock the share of save').click();
    await share('add').fill('0.001');
    await eventually(shares, ['0.001', '66.666', '33.333']);
    await share('add').fill('');
    await share('add').fill('100');
    await page.keyboard.press('Tab');
    await eventually(shares, ['66.667', '0', '33.333']);
    await save(page, 'measure again');
    const { serve } = await ui.flag('wishlist-button-text');
    assert.deepEqual(
      serve.arms.map((arm) => arm.weight),
      [66_667, 0, 33_333],
    );
  });

  test('rules are dragged to another place, by pointer and by keyboard', async () => {
    const rules = ['one', 'two', 'three'].map((id) => ({
      id,
      when: { attribute: 'plan', op: 'equals', value: id },
      serve: 'on',
    }));
    await ui.api('POST', `${ENVIRONMENT}/flags`, {
      key: 'ordered',
      type: 'boolean',
      enabled: true,
      rules,
      serve: 'off',
    });
    const page = await open('ordered');
    const order = () =>
      page.locator('.rule').evaluateAll((cards) => cards.map((card) => card.querySelector('strong').textContent));
    const grip = (position, id) => page.getByRole('button', { name: `Drag rule ${position}, ${id}` });
    await grip(3, 'three').waitFor();
    const centre = async (locator) => {
      const { x, y, width, height } = await locator.boundingBox();
      return [x + width / 2, y + height / 2];
    };
    await page.mouse.move(...(await centre(grip(3, 'three'))));
    await page.mouse.down();
    await page.mouse.move(...(await centre(grip(2, 'two'))), { steps: 4 });
    await page.mouse.move(...(await centre(page.locator('[data-rule="0"]'))), { steps: 4 });
    await page.getByText('three is over place 1 of 3.').waitFor({ state: 'attached' });
    await page.mouse.up();
    await eventually(order, ['three', 'one', 'two']);

    await grip(1, 'three').focus();
    await page.keyboard.press('Space');
    await page.getByText('three is picked up from place 1 of 3.').waitFor({ state: 'attached' });
    await page.keyboard.press('ArrowDown');
    await page.getByText('three is over place 2 of 3.').waitFor({ state: 'attached' });
    await page.keyboard.press('Space');
    await eventually(order, ['one', 'three', 'two']);
    await focused(grip(2, 'three'));
    await save(page, 'the other way round');
    const saved = (await ui.flag('ordered')).rules;
    assert.deepEqual(
      saved.map(({ id }) => id),
      ['one', 'three', 'two'],
    );
  });

  test('an experiment with a slice of a group and a holdout, released in steps', async () => {
    await ui.api('POST', `${ENVIRONMENT}/groups`, { key: 'checkout' });
    await ui.api('POST', `${ENVIRONMENT}/holdouts`, { key: 'winter', percent: 5 });
    await ui.api('POST', `${ENVIRONMENT}/flags`, { key: 'colour', type: 'boolean', enabled: true, serve: 'off' });
    const page = await open('colour');
    await page.getByText('a split', { exact: true }).click();
    await button(page, 'Make it an experiment').click();
    await page.getByLabel('Key of the experiment').fill('colour-q4');
    const choose = async (label, option) => {
      await page.getByRole('combobox', { name: label }).click();
      await page.getByRole('option', { name: option, exact: true }).click();
    };
    await choose('Group', 'checkout');
    await page.getByLabel('Part 1 of the group: to, in percent').fill('30');
    await choose('Holdout', 'winter');
    await page.getByText('in steps', { exact: true }).click();
    await page.getByLabel('Step 1, at').fill('2030-01-01T00:00:00');
    await page.getByLabel('Share from step 1 on, in percent').fill('10');
    await page.getByLabel('Step 2, at').fill('2030-02-01T00:00:00');
    await button(page, 'Add a step').click();
    await page.getByLabel('Share from step 3 on, in percent').waitFor();
    await button(page, 'Remove step 3').click();
    await save(page, 'measure colours');
    const { arms, experiment, rollout } = (await ui.flag('colour')).serve;
    assert.deepEqual(experiment, { key: 'colour-q4', group: 'checkout', slice: [[0, 30_000]], holdout: 'winter' });
    assert.deepEqual(
      arms.map((arm) => arm.weight),
      [50_000, 50_000],
    );
    assert.deepEqual(
      rollout.steps.map(({ at, percent }) => [new Date(at).getFullYear(), percent]),
      [
        [2030, 10],
        [2030, 100],
      ],
    );

    await page.getByText('as a ramp', { exact: true }).click();
    await page.getByLabel('Share at the end, in percent').fill('50');
    await save(page, 'slowly');
    const ramp = (await ui.flag('colour')).serve.rollout;
    assert.deepEqual([ramp.start, ramp.end], [5, 50]);
    await button(page, 'End the experiment').click();
    await page.getByText('fixed', { exact: true }).click();
    await save(page, 'measured');
    const last = (await ui.flag('colour')).serve;
    assert.deepEqual([last.experiment, last.rollout], [undefined, 5]);
  });

  test('what the server would refuse is told before saving, at the rule that has it', async () => {
    const page = await open('wishlist-max-items');
    await button(page, 'Remove the variant plus').click();
    await button(page, 'Review and save').click();
    await page.getByText('The server would refuse this:').waitFor();
    await eventually(() => button(page, 'Save').isDisabled(), true);
    await button(page, 'Go on editing').click();
    await page.locator('[data-rule="0"]').getByText('unknown variant `plus`').waitFor();
    await button(page, 'Discard').click();
    await page.getByText('1 change', { exact: true }).waitFor({ state: 'detached' });
  });

  test('a reload and a restart of the server lose nothing that was typed', async () => {
    const page = await open('wishlist-layout');
    await page.getByLabel('Value of list').fill('{"columns": 7}');
    await page.getByText('2 changes').waitFor();
    await ui.server.kill();
    await page.reload().catch(() => undefined);
    await ui.server.restart();
    await page.goto(`${ui.url}/projects/default/flags/wishlist-layout?env=production`);
    await page.getByText('2 changes').waitFor();
    assert.match(await page.getByLabel('Value of list').textContent(), /"columns": 7/);
    await save(page, 'seven columns');
    assert.deepEqual((await ui.flag('wishlist-layout')).variants.list, { columns: 7 });
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
