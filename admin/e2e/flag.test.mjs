// The page of a flag: rules as sentences, splits, experiments, and its history.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, focused, reach, save, Ui } from './support/ui.mjs';

const ENVIRONMENT = '/environments/production';
const ui = Ui.ofTests();

const open = (key, options) => ui.open(`/projects/default/flags/${key}?env=production`, options);
const button = (page, name) => page.getByRole('button', { name, exact: true });

describe('editing a flag', () => {
  test('by keyboard alone: a new flag with a rule and a split, who moves, saved, and rolled back', async () => {
    const page = await ui.open('/projects/default/flags');
    const press = (keys) => page.keyboard.press(keys);
    const type = (text) => page.keyboard.type(text);
    const enter = async (locator, key) => {
      await reach(locator, key);
      await press('Enter');
    };
    await page.getByRole('link', { name: 'wishlist-gallery' }).waitFor();
    await press('Control+k');
    await focused(page.getByRole('combobox', { name: /^Find a flag/ }));
    await type('new flag');
    await page.getByRole('option', { name: /^New flag/ }).waitFor();
    await press('Enter');
    await focused(page.getByRole('textbox', { name: 'Key' }));
    await type('nordic-checkout');
    await press('Enter');
    await page.getByRole('heading', { name: 'nordic-checkout' }).waitFor();

    await page.getByRole('switch', { name: 'nordic-checkout in production' }).waitFor();
    await reach(page.getByRole('switch', { name: 'nordic-checkout in production' }));
    await press('Space');
    await page.getByText('The flag is on').waitFor();
    await enter(button(page, 'Add a rule'));
    await focused(button(page, 'Add a condition'));
    await press('Enter');
    const clause = page.getByRole('dialog', { name: 'Condition' });
    await focused(clause.getByRole('combobox', { name: 'Attribute' }));
    await type('country');
    await press('Tab');
    await focused(clause.getByRole('combobox', { name: 'Operator' }));
    await type('is one of');
    await press('Enter');
    await press('Tab');
    await focused(clause.getByRole('combobox', { name: 'Values' }));
    await type('se,dk,');
    await enter(button(page, 'Done'));
    await focused(button(page, 'country is one of se, dk'));
    await enter(button(page, '+ and'));
    await focused(clause.getByRole('combobox', { name: 'Attribute' }));
    await type('/app/version');
    await press('Tab');
    await type('at least version');
    await press('Enter');
    await press('Tab');
    await focused(clause.getByRole('combobox', { name: 'Value' }));
    await type('2.1.0');
    await press('Enter');
    await focused(button(page, '/app/version is at least version 2.1.0'));

    const rule = page.locator('.rule');
    await reach(rule.getByRole('radio', { name: 'one variant' }));
    await press('ArrowRight');
    const border = rule.getByRole('slider', { name: 'Border between on and off' });
    await border.waitFor();
    await reach(border);
    await press('ArrowRight');
    await eventually(() => border.getAttribute('aria-valuetext'), 'on 51 %, off 49 %');
    await reach(rule.getByLabel('Share that gets it, in percent'));
    await press('Control+a');
    await type('25');

    await enter(button(page, 'Review and save'));
    await page.getByText('12.75 %: off → on').waitFor();
    await focused(page.getByLabel('Reason'));
    await type('Nordic countries first');
    await press('Enter');
    await page.getByText(/Saved as revision \d+\. No SDK is connected/).waitFor();
    const { rules, enabled } = await ui.flag('nordic-checkout');
    assert.equal(enabled, true);
    assert.deepEqual(rules, [
      {
        id: 'rule-1',
        serve: {
          arms: [
            { variant: 'on', weight: 51_000 },
            { variant: 'off', weight: 49_000 },
          ],
          rollout: 25,
        },
        when: {
          all: [
            { attribute: 'country', op: 'in', values: ['se', 'dk'] },
            { attribute: '/app/version', op: 'semverGreaterOrEqual', value: '2.1.0' },
          ],
        },
      },
    ]);

    await reach(page.getByRole('tab', { name: 'Targeting' }), 'Shift+Tab');
    await press('ArrowRight');
    await press('ArrowRight');
    await page.getByText('“Nordic countries first”').waitFor();
    await enter(button(page, 'Roll back to this'));
    await page.getByText('This takes back 1 change:').waitFor();
    await focused(page.getByLabel('Reason'));
    await type('too early');
    await press('Enter');
    await page.getByText('nordic-checkout is what it was at revision').waitFor();
    const rolledBack = await ui.flag('nordic-checkout');
    assert.deepEqual([rolledBack.rules, rolledBack.enabled], [undefined, false]);
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

  test('a rule is moved to the top by menu, by keys and by pointer: the same document, and one line of the history', async () => {
    const rules = ['one', 'two', 'three', 'four', 'five'].map((id, index) => ({
      id,
      when: { attribute: index % 2 === 0 ? 'plan' : 'country', op: 'equals', value: id },
      serve: index % 2 === 0 ? 'on' : { variant: 'on', rollout: 10 * index },
    }));
    const centre = async (locator) => {
      const { x, y, width, height } = await locator.boundingBox();
      return [x + width / 2, y + height / 2];
    };
    const ways = {
      menu: async (page) => {
        await button(page, 'More for five').click();
        await page.getByRole('menuitem', { name: 'To the top' }).click();
      },
      keys: async (page) => {
        await button(page, 'Move rule 5, five').focus();
        for (let place = 4; place > 0; place -= 1) {
          await page.keyboard.press('Alt+ArrowUp');
          await page.getByText(`five is now rule ${place} of 5.`).waitFor({ state: 'attached' });
          await focused(button(page, `Move rule ${place}, five`));
        }
      },
      pointer: async (page) => {
        const grip = (place, id) => page.getByRole('button', { name: `Drag rule ${place}, ${id}` });
        await page.mouse.move(...(await centre(grip(5, 'five'))));
        await page.mouse.down();
        await page.mouse.move(...(await centre(grip(4, 'four'))), { steps: 4 });
        await page.mouse.move(...(await centre(grip(1, 'one'))), { steps: 8 });
        await page.getByText('five is over place 1 of 5.').waitFor({ state: 'attached' });
        await page.mouse.up();
      },
    };
    for (const [name, move] of Object.entries(ways)) {
      const key = `moved-by-${name}`;
      await ui.api('POST', `${ENVIRONMENT}/flags`, { key, type: 'boolean', enabled: true, rules, serve: 'off' });
      // As high as all rules, so that the pointer reaches the first one without scrolling.
      const page = await open(key, { size: [1280, 1800] });
      await page.getByRole('button', { name: 'Drag rule 5, five' }).waitFor();
      await move(page);
      await save(page, 'five is the exception');
      assert.deepEqual((await ui.flag(key)).rules, [rules[4], ...rules.slice(0, 4)], name);
      await page.getByRole('tab', { name: 'History' }).click();
      const latest = page.locator('.history > li').filter({ hasText: 'five is the exception' });
      const lines = latest.locator('.diff > li');
      await lines.first().waitFor();
      const told = await lines.evaluateAll((all) =>
        all.map((line) => [...line.querySelectorAll('del, ins')].map((part) => part.textContent)),
      );
      assert.deepEqual(told, [['was: five in place 5', 'is: five in place 1']], name);
    }
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
