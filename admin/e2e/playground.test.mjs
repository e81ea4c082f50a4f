// The playground: the core in the page gives what the server gives, says why, and evaluates what is not saved.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, Ui } from './support/ui.mjs';

const PATH = '/projects/default/playground?env=production';
const CONTEXTS = [
  {},
  { targetingKey: 'u-17' },
  { targetingKey: 'u-18', plan: 'family' },
  { plan: ['x'], country: 'se' },
];
const ui = Ui.ofTests();

const button = (page, name) => page.getByRole('button', { name, exact: true });
const row = (page, flag) =>
  page.getByRole('row').filter({ has: page.getByRole('button', { name: `Explain ${flag}` }) });

/** The JSON of a context is typed. */
async function type(page, context) {
  await page.getByText('JSON', { exact: true }).click();
  await page.getByLabel('Context as JSON').fill(JSON.stringify(context));
}

test('every flag has the value that the server gives, for each context', async () => {
  const loaded = [];
  const page = await ui.open('/projects/default/flags');
  page.on('response', (response) => loaded.push(response));
  await page.getByRole('link', { name: 'Playground' }).click();
  await row(page, 'wishlist-layout').waitFor();
  const module = loaded.find((response) => response.url().endsWith('.wasm'));
  assert.equal(module.headers()['content-type'], 'application/wasm');

  for (const context of CONTEXTS) {
    await type(page, context);
    const { flags } = await ui.api('POST', '/environments/production/evaluate', { context });
    const expected = Object.entries(flags).map(([key, { value }]) => [
      key,
      typeof value === 'boolean' ? (value ? 'on' : 'off') : JSON.stringify(value).slice(0, 80),
    ]);
    assert.ok(expected.length > 5);
    await eventually(
      () =>
        page
          .locator('table.outcomes tbody tr')
          .evaluateAll((rows) =>
            rows.map(({ cells }) => [
              cells[0].querySelector('button').textContent,
              cells[1].querySelector('code, .tag').textContent.slice(0, 80),
            ]),
          ),
      expected,
      JSON.stringify(context),
    );
  }
});

/** Whether each step of a trace holds (docs/spec/trace.md), as the page says it: nothing of what is not a condition */
function answers(steps) {
  return steps.flatMap((step, index) => {
    const next = steps[index + 1];
    if (step.type === 'rollout' && step.slot === undefined && next?.type === 'rollout') {
      return [];
    }
    const share = step.type === 'rollout' ? steps[index - 1]?.share : undefined;
    const holds =
      step.type === 'rule' ? step.result === 'match' : share === undefined ? step.result : step.slot < share;
    const answer = typeof holds === 'boolean' ? (holds ? 'yes' : 'no') : '';
    return [answer, ...answers(step.steps ?? [])];
  });
}

test('the steps of fifty contexts are those of the server', async () => {
  const test = (attribute, op, values) => ({ attribute, op, ...values });
  const country = test('country', 'in', { values: ['se', 'dk'] });
  const plus = test('plan', 'equals', { value: 'plus' });
  const rules = [
    { id: 'staff', when: test('email', 'endsWith', { value: '@example.com' }), serve: 'on' },
    { id: 'some', when: { all: [country, { not: plus }] }, serve: { variant: 'on', rollout: 40 } },
    {
      id: 'either',
      when: { any: [plus, test('/app/version', 'semverGreaterOrEqual', { value: '2.1.0' })] },
      serve: {
        arms: [
          { variant: 'on', weight: 50_000 },
          { variant: 'off', weight: 50_000 },
        ],
      },
    },
  ];
  const flag = { key: 'explained', type: 'boolean', enabled: true, rules, serve: { variant: 'on', rollout: 50 } };
  await ui.api('POST', '/environments/production/flags', flag);
  const page = await ui.open(`${PATH}&flag=explained`);
  await page.getByText('JSON', { exact: true }).click();
  // The same contexts each time: a multiplicative generator.
  let state = 15;
  const one = (...choices) => {
    state = (state * 48_271) % 0x7fffffff;
    return choices[state % choices.length];
  };
  const seen = new Set();
  for (let count = 0; count < 50; count += 1) {
    const context = {
      targetingKey: `u-${count}`,
      country: one('se', 'dk', 'de', null, 7),
      plan: one('plus', 'free', undefined),
      email: one('a@example.com', 'b@example.org', undefined, undefined),
      app: one({ version: '2.1.0' }, { version: '2.0.9' }, 'none'),
    };
    const body = { context, flag: 'explained', explain: true };
    const { trace, outcome } = await ui.api('POST', '/environments/production/evaluate', body);
    await page.getByLabel('Context as JSON').fill(JSON.stringify(context));
    const shown = () =>
      page
        .locator('ul.trace li')
        .evaluateAll((steps) => steps.map((step) => step.querySelector(':scope > .tag')?.textContent ?? ''));
    const value = () => row(page, 'explained').locator('.tag').first().textContent();
    await eventually(shown, answers(trace), JSON.stringify(context));
    assert.equal(await value(), outcome.value ? 'on' : 'off');
    seen.add(answers(trace).join());
  }
  assert.ok(seen.size > 5, 'contexts that take different ways');
});

test('a form, the steps as sentences, and an example that is kept', async () => {
  const page = await ui.open(PATH);
  await row(page, 'wishlist-max-items').getByText('no rule applies').waitFor();
  await button(page, 'Add an attribute').click();
  await page.getByLabel('Attribute 2').fill('plan');
  await page.getByLabel('Value of plan').fill('plus');
  await row(page, 'wishlist-max-items').getByText('rule paying').waitFor();
  await button(page, 'Explain wishlist-max-items').click();
  const steps = page.getByRole('list', { name: 'Steps' });
  await steps.getByText('plan is one of … : it is "plus"').waitFor();
  assert.match(await steps.innerText(), /yes\s+paying applies\s+yes\s+plan is one of/);
  await page.getByLabel('Name of the example').fill('a payer');
  await button(page, 'Keep as example').click();
  await button(page, 'Remove the attribute plan').click();
  await row(page, 'wishlist-max-items').getByText('no rule applies').waitFor();
  await steps.getByText('it is missing').waitFor();
  await page.reload();
  await button(page, 'Use a payer').click();
  await row(page, 'wishlist-max-items').getByText('rule paying').waitFor();
  assert.equal(await page.getByLabel('Value of plan').inputValue(), 'plus');

  await type(page, [1]);
  await page.getByText('This is not a context: an object is expected').waitFor();
});

test('another instant, and a flag that is changed only here', async () => {
  const rules = [{ id: 'sale', from: '2030-01-01T00:00:00Z', until: '2030-02-01T00:00:00Z', serve: 'on' }];
  const flag = { key: 'winter-sale', type: 'boolean', enabled: true, rules, serve: 'off' };
  await ui.api('POST', '/environments/production/flags', flag);
  const page = await ui.open(`${PATH}&flag=winter-sale`);
  await row(page, 'winter-sale').getByText('off', { exact: true }).waitFor();
  await page.getByText('sale does not apply at this instant').waitFor();
  await page.getByLabel('At', { exact: true }).fill('2030-01-15T12:00:00');
  await row(page, 'winter-sale').getByText('on', { exact: true }).waitFor();

  const text = page.getByLabel('The flag as JSON');
  await text.fill((await text.inputValue()).replace('"serve": "on"', '"serve": "nothing"'));
  await row(page, 'winter-sale').getByText('the flag is broken').waitFor();
  await page.getByRole('alert').getByText('/flags/winter-sale/rules/0/serve').waitFor();
  await text.fill('{');
  await page.getByText(/^This is not a flag:/).waitFor();
  await button(page, 'Take back').click();
  await row(page, 'winter-sale').getByText('on', { exact: true }).waitFor();
  assert.deepEqual((await ui.flag('winter-sale')).rules, rules);
});

test('either instant of the hour that the clock shows twice, to the second at which a window opens', async () => {
  // In Berlin it is 02:30 at 00:30 and at 01:30 UTC.
  const rules = [{ id: 'night', from: '2026-10-25T01:30:00Z', until: '2026-10-25T03:00:00Z', serve: 'on' }];
  const flag = { key: 'long-night', type: 'boolean', enabled: true, rules, serve: 'off' };
  await ui.api('POST', '/environments/production/flags', flag);
  const page = await ui.open(`${PATH}&flag=long-night`, { zone: 'Europe/Berlin' });
  const value = (text) => row(page, 'long-night').getByText(text, { exact: true }).waitFor();
  const at = page.getByLabel('At', { exact: true });
  await at.fill('2026-10-25T02:30:00');
  await page.getByText('2026-10-25T00:30:00.000Z').waitFor();
  await value('off');
  await page.getByText('GMT+01:00', { exact: true }).click();
  await page.getByText('2026-10-25T01:30:00.000Z').waitFor();
  assert.equal(await at.inputValue(), '2026-10-25T02:30');
  await value('on');
  await at.fill('2026-10-25T02:29:59');
  await page.getByText('2026-10-25T01:29:59.000Z').waitFor();
  await value('off');
  await at.fill('2026-10-25T04:00:00');
  await page.getByText('GMT+01:00', { exact: true }).waitFor({ state: 'detached' });
  await value('off');
});

test('the drafts of the tab are evaluated, or left out', async () => {
  const page = await ui.open('/projects/default/flags/wishlist-layout?env=production');
  await page.getByLabel('Value of list').fill('{"columns": 7}');
  await page.getByText('2 changes').waitFor();
  await page.getByRole('link', { name: 'Playground' }).click();
  await row(page, 'wishlist-layout').getByText('{"columns":7}').waitFor();
  await row(page, 'wishlist-layout').getByText('changed here').waitFor();
  await page.getByRole('switch', { name: 'With 1 draft of this tab' }).click();
  await row(page, 'wishlist-layout').getByText('"columns":1').waitFor();
});
