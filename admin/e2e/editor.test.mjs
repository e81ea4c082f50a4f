// The editor of JSON and YAML: object variants against their schema, a flag as a whole, and conditions and splits of other vendors.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, focused, Ui } from './support/ui.mjs';

const ENVIRONMENT = '/environments/production';
const ui = Ui.ofTests();

const open = (key, more = '') => ui.open(`/projects/default/flags/${key}?env=production${more}`);
const button = (page, name) => page.getByRole('button', { name, exact: true });
const code = (page, label) => page.getByRole('textbox', { name: label, exact: true });

async function save(page) {
  await button(page, 'Review and save').click();
  await button(page, 'Save').click();
  await page.getByRole('region', { name: 'Changes that are not saved' }).waitFor({ state: 'detached' });
}

test('an object variant is checked against the schema of its flag while it is typed, with the line of each error', async () => {
  const jsonSchema = {
    type: 'object',
    properties: { columns: { type: 'integer', description: 'How many' }, style: { enum: ['plain', 'fancy'] } },
    required: ['columns'],
  };
  await ui.api('POST', `${ENVIRONMENT}/flags`, {
    key: 'grid',
    type: 'object',
    enabled: true,
    variants: { a: { columns: 1 }, b: { columns: 2 } },
    offVariant: 'a',
    serve: 'b',
    jsonSchema,
  });
  const page = await open('grid');
  const value = code(page, 'Value of b');
  await value.fill('{\n  "columns": "two"\n}');
  const error = page.getByRole('button', { name: 'Line 2:' });
  await error.waitFor();
  assert.equal(await value.getAttribute('aria-invalid'), 'true');
  await page.getByText('1 change', { exact: true }).waitFor();
  // The error leads into the editor, at its place.
  await error.click();
  await focused(value);
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.type('{"columns": 3, "sty');
  // By the mouse: for its first 75 ms the list takes no key, lest it catches one that was meant for the text.
  await page.getByRole('option', { name: '"style"' }).click();
  await page.keyboard.press('Control+Space');
  await page.getByRole('option', { name: '"fancy"' }).click();
  await page.keyboard.press('Control+End');
  await eventually(() => value.textContent(), '{"columns": 3, "style": "fancy"}');
  // Tab leaves the field, forwards and backwards.
  await page.keyboard.press('Tab');
  await eventually(() => value.evaluate((element) => element.contains(document.activeElement)), false);
  await page.keyboard.press('Shift+Tab');
  await focused(value);
  await save(page);
  assert.deepEqual((await ui.flag('grid')).variants.b, { columns: 3, style: 'fancy' });

  await code(page, 'JSON Schema').fill('{"type": "record"}');
  await page.getByText('the server would refuse 1 thing').waitFor();
  await page.getByText(/the JSON Schema cannot be used/).waitFor();
  await button(page, 'Remove the JSON Schema').click();
  await page.getByText('the server would refuse').waitFor({ state: 'detached' });
  await save(page);
  assert.equal((await ui.flag('grid')).jsonSchema, undefined);
});

test('a flag is edited as YAML, is not saved while it has errors, and is the same as JSON and as a form', async () => {
  const overrides = { user: { 'u-1': 'include' } };
  await ui.api('POST', `${ENVIRONMENT}/flags`, {
    key: 'typed',
    type: 'boolean',
    enabled: true,
    serve: 'off',
    overrides,
  });
  const page = await open('typed', '&as=yaml');
  const yaml = code(page, 'The flag as YAML');
  await yaml.waitFor();
  assert.ok(!(await yaml.textContent()).includes('u-1'), 'overrides have a page of their own');
  await yaml.fill('type: boolean\nenabled: sometimes\nserve: off\n');
  await page.getByRole('button', { name: 'Line 2:' }).waitFor();
  const review = button(page, 'Review and save');
  await eventually(() => review.isDisabled(), true);
  await yaml.fill(
    'type: boolean\nenabled: true\nrules:\n  - id: staff\n    when: {attribute: country, op: nowhere, value: se}\n    serve: on\nserve: off\n',
  );
  // What the schema cannot know is told by the core, at its place.
  await yaml.fill(
    'type: boolean\nenabled: true\nrules:\n  - id: staff\n    when: {segment: nobody}\n    serve: "on"\nserve: "off"\n',
  );
  await page.getByText('unknown segment `nobody`').waitFor();
  await page.getByRole('button', { name: 'Line 5:' }).waitFor();
  await yaml.fill(
    'type: boolean\nenabled: true\nrules:\n  - id: staff\n    when: {attribute: country, op: in, values: [se]}\n    serve: "on"\nserve: "off"\n',
  );
  await page.getByText('the server would refuse').waitFor({ state: 'detached' });
  await page.getByText('JSON', { exact: true }).click();
  await code(page, 'The flag as JSON').getByText('"staff"').waitFor();
  await page.getByText('Form', { exact: true }).click();
  await button(page, 'country is one of se').waitFor();
  await save(page);
  const saved = await ui.flag('typed');
  assert.deepEqual(saved.rules, [
    { id: 'staff', when: { attribute: 'country', op: 'in', values: ['se'] }, serve: 'on' },
  ]);
  assert.deepEqual(saved.overrides, overrides);
});

test('conditions and splits of other vendors are shown, edited, and checked by the core', async () => {
  const theirs = (logic) => ({ flagKey: 'moved', fractional: 2, logic });
  const split = {
    algorithm: 'unleash',
    parameters: { variantGroupId: 'g', variantStickiness: 'default' },
    arms: [
      { variant: 'on', weight: 700 },
      { variant: 'off', weight: 300 },
    ],
  };
  await ui.api('POST', `${ENVIRONMENT}/flags`, {
    key: 'moved',
    type: 'boolean',
    enabled: true,
    needs: 2,
    rules: [
      { id: 'theirs', when: { dialect: 'flagd', expression: theirs({ '==': [{ var: 'plan' }, 'pro'] }) }, serve: 'on' },
    ],
    serve: split,
  });
  const page = await open('moved');
  await page.getByText('split as unleash does, by weight: on 700, off 300').first().waitFor();
  await page.getByRole('button', { name: /^flagd says yes to .*"=="/ }).click();
  const editor = code(page, 'Expression');
  await editor.fill(JSON.stringify(theirs({ begins: [{ var: 'plan' }] }), undefined, 2));
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Line / })
    .waitFor();
  const after = theirs({ in: [{ var: 'plan' }, ['pro', 'team']] });
  await editor.fill(JSON.stringify(after, undefined, 2));
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Line / })
    .waitFor({ state: 'detached' });
  await button(page, 'Done').click();
  await page.getByRole('button', { name: /^flagd says yes to .*"in"/ }).waitFor();

  const served = code(page, 'What is served, as JSON');
  await served.fill(
    JSON.stringify({
      ...split,
      arms: [
        { variant: 'on', weight: 1 },
        { variant: 'gone', weight: 1 },
      ],
    }),
  );
  await page.getByText('unknown variant `gone`').first().waitFor();
  await served.fill(
    JSON.stringify({
      ...split,
      arms: [
        { variant: 'on', weight: 1 },
        { variant: 'off', weight: 1 },
      ],
    }),
  );
  await page.getByText('the server would refuse').waitFor({ state: 'detached' });
  await save(page);
  const { rules, serve } = await ui.flag('moved');
  assert.deepEqual(rules[0].when, { dialect: 'flagd', expression: after });
  assert.deepEqual(
    serve.arms.map(({ weight }) => weight),
    [1, 1],
  );
});

test('an environment is edited as a whole, and saved after what it changes was shown', async () => {
  const document = await ui.api('GET', '/environments/development/document');
  const page = await ui.open('/projects/default/document?env=development&as=json');
  const editor = code(page, 'The document of development');
  await editor.waitFor();
  const write = async (change) => {
    const changed = structuredClone(document);
    change(changed.flags);
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(JSON.stringify(changed, undefined, 2));
  };
  await write((flags) => {
    flags['wishlist-gallery'].rules = [{ when: { segment: 'nobody' }, serve: 'on' }];
  });
  await page.getByText('unknown segment `nobody`').waitFor();
  const save = button(page, 'Save development');
  assert.equal(await save.isDisabled(), true);
  await write((flags) => {
    flags['wishlist-gallery'].description = 'Pictures of what is wished for';
  });
  await page.getByText('1 change in the environment:').waitFor();
  await page.getByLabel('Reason').fill('said what it is');
  await save.click();
  await page.getByText(/development was saved as revision/).waitFor();
  assert.equal((await ui.flag('wishlist-gallery', 'development')).description, 'Pictures of what is wished for');
});

test('the editor is loaded by the pages that show it, and by no other', async () => {
  const page = await ui.open('/projects/default/flags');
  const loaded = [];
  page.on('request', (request) => loaded.push(request.url()));
  const isLoaded = () => loaded.some((url) => url.includes('/code-field'));
  await page.getByRole('link', { name: 'wishlist-gallery' }).click();
  await button(page, 'Add a rule').waitFor();
  assert.equal(isLoaded(), false, 'a flag without objects');
  await page.goto(`${ui.url}/projects/default/flags/wishlist-layout?env=production`);
  await code(page, 'Value of list').waitFor();
  assert.equal(isLoaded(), true);
});
