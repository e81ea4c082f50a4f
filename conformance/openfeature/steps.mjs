// The steps of OpenFeature's scenarios, with one of our providers and the real server.

import assert from 'node:assert/strict';
import { After, AfterAll, BeforeAll, Given, setDefaultTimeout, Then, When } from '@cucumber/cucumber';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { until } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';
import { platform } from './platform.mjs';
import { document, readValue } from './suite.mjs';

const UNREACHABLE = 'http://127.0.0.1:9';

setDefaultTimeout(20_000);

let deployment;

BeforeAll(async () => {
  deployment = await SingleNode.start();
  const environment = `${deployment.writer.url}/api/v1/projects/default/environments/production`;
  const response = await fetch(`${environment}/document?mode=merge`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${KEYS.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify(document()),
  });
  assert.ok(response.ok, await response.text());
});

AfterAll(() => deployment?.stop());

After(() => platform.reset());

class RecordingHook {
  calls;

  constructor(calls = []) {
    this.calls = calls;
  }

  before = () => this.#record('before');
  after = (_, details) => this.#record('after', details);
  error = () => this.#record('error');
  finally = (_, details) => this.#record('finally', details);

  of(stage) {
    return this.calls.filter((call) => call.stage === stage);
  }

  #record(stage, details) {
    this.calls.push({ stage, hook: this, details });
  }
}

function provider(options = {}) {
  return platform.provider({ url: deployment.writer.url, ...options });
}

async function use(world, given, isFailing = false) {
  const set = platform.OpenFeature.setProviderAndWait(given);
  await (isFailing ? assert.rejects(set) : set);
  world.client = platform.OpenFeature.getClient();
}

async function setContext(world, context) {
  world.context = context;
  await platform.setContext(context);
}

Given('a stable provider', async function () {
  await use(this, provider());
});

Given('a not ready provider', function () {
  platform.OpenFeature.setProvider(provider({ fetch: () => new Promise(() => {}) }));
  this.client = platform.OpenFeature.getClient();
});

Given('a fatal provider', async function () {
  await use(this, provider({ key: 'fs_of_somebody_else' }), true);
});

Given('a(n) error provider', async function () {
  await use(this, provider({ url: UNREACHABLE }), true);
});

Given('a stale provider', async function () {
  await use(this, provider({ url: UNREACHABLE, bootstrap: platform.bootstrap }));
});

Then('the provider status should be {string}', async function (status) {
  // An event that follows the initialisation may still be on its way.
  await until(
    2_000,
    status,
    () => this.client.providerStatus === status,
    () => this.client.providerStatus,
  );
});

// Evaluations of the newer suite

Given(/^an? (\w+)-flag with key "(.*)" and a fallback value "(.*)"$/, function (kind, key, fallback) {
  this.question = { kind: kind.toLowerCase(), key, fallback: readValue(kind, fallback) };
});

Given(
  'a context containing a key {string}, with type {string} and with value {string}',
  async function (key, kind, value) {
    await setContext(this, { ...this.context, [key]: readValue(kind, value) });
  },
);

Given('a context containing a key {string} with null value', async function (key) {
  await setContext(this, { ...this.context, [key]: null });
});

async function evaluate(world) {
  const { kind, key, fallback } = world.question;
  const getters = { boolean: 'getBooleanDetails', string: 'getStringDetails', object: 'getObjectDetails' };
  const getter = getters[kind] ?? 'getNumberDetails';
  world.details = await platform.evaluate(world.client, getter, key, fallback, world.context, world.options);
}

When(/^the flag was evaluated with details(?: using the evaluation options| asynchronously)?$/, async function () {
  await evaluate(this);
});

Then('the evaluation should complete without blocking', function () {
  assert.equal(this.details.errorCode, undefined);
});

Then(/^the resolved details value should be "(.*)"$/, function (value) {
  assert.deepEqual(this.details.value, readValue(this.question.kind, value));
});

Then('the reason should be {string}', function (reason) {
  assert.equal(this.details.reason, reason);
});

Then('the error-code should be {string}', function (code) {
  assert.equal(this.details.errorCode, code);
});

Then('the flag key should be {string}', function (key) {
  assert.equal(this.details.flagKey, key);
});

Then('the variant should be {string}', function (variant) {
  assert.equal(this.details.variant, variant);
});

Then('the resolved metadata should contain', function (table) {
  const expected = table.hashes().map(({ key, metadata_type: kind, value }) => [key, readValue(kind, value)]);
  assert.deepEqual(this.details.flagMetadata, Object.fromEntries(expected));
});

Then('the resolved metadata is empty', function () {
  assert.deepEqual(this.details.flagMetadata, {});
});

// Hooks and immutability

Given('a client with added hook', function () {
  this.hook = new RecordingHook();
  this.client.addHooks(this.hook);
});

Given('evaluation options containing specific hooks', function () {
  const first = new RecordingHook();
  this.options = { hooks: [first, new RecordingHook(first.calls)] };
});

Then('the specified hooks should execute during evaluation', function () {
  const { hooks } = this.options;
  assert.deepEqual(new Set(hooks[0].calls.map(({ hook }) => hook)), new Set(hooks));
});

Then('the hook order should be maintained', function () {
  const [first, second] = this.options.hooks;
  const order = first.calls.map(({ stage, hook }) => `${stage} ${hook === first ? 1 : 2}`);
  assert.ok(second);
  assert.deepEqual(order, ['before 1', 'before 2', 'after 2', 'after 1', 'finally 2', 'finally 1']);
});

Then('the {string} hook should have been executed', function (stage) {
  assert.equal(this.hook.of(stage).length, 1);
});

Then('the {string} hooks should be called with evaluation details', function (stages, table) {
  const names = { flag_key: 'flagKey', error_code: 'errorCode' };
  for (const stage of stages.split(/,\s*/)) {
    const [{ details }] = this.hook.of(stage);
    for (const { data_type: kind, key, value } of table.hashes()) {
      assert.equal(details[names[key] ?? key] ?? null, readValue(kind, value), key);
    }
  }
});

Given('an evaluation context with modifiable data', async function () {
  this.given = { nested: { list: [1] } };
  await setContext(this, this.given);
});

Then('the original evaluation context should remain unmodified', function () {
  assert.deepEqual(this.given, { nested: { list: [1] } });
});

Then('the evaluation details should be immutable', function () {
  assert.throws(() => {
    this.details.flagMetadata.added = true;
  }, TypeError);
});

// Evaluations of the older suite

When(
  /^an? (\w+) flag with key "(.*?)" is evaluated with (?:details and )?default value "?(.*?)"?$/,
  async function (kind, key, fallback) {
    this.question = { kind, key, fallback: readValue(kind, fallback) };
    await evaluate(this);
  },
);

When(/^an object flag with key "(.*?)" is evaluated with (?:details and )?a null default value$/, async function (key) {
  this.question = { kind: 'object', key, fallback: null };
  await evaluate(this);
});

Then(/^the resolved (boolean|string|integer|float) value should be "?([^"]*)"?$/, function (kind, value) {
  assert.equal(this.details.value, readValue(kind, value));
});

Then(
  /^the resolved (\w+) details value should be "?([^"]*)"?, the variant should be "(.*)", and the reason should be "(.*)"$/,
  function (kind, value, variant, reason) {
    const { details } = this;
    assert.deepEqual([details.value, details.variant, details.reason], [readValue(kind, value), variant, reason]);
  },
);

Then(
  /^the resolved object (?:details )?value should be contain fields "(.*?)", "(.*?)", and "(.*?)", with values "(.*?)", "(.*?)" and (\d+), respectively$/,
  function (first, second, third, a, b, c) {
    const fields = [first, second, third].map((name) => String(this.details.value[name]));
    assert.deepEqual(fields, [a, b, String(c)]);
  },
);

Then('the variant should be {string}, and the reason should be {string}', function (variant, reason) {
  assert.deepEqual([this.details.variant, this.details.reason], [variant, reason]);
});

When(
  'context contains keys "fn", "ln", "age", "customer" with values {string}, {string}, {int}, {string}',
  async function (fn, ln, age, customer) {
    await setContext(this, { fn, ln, age, customer: JSON.parse(customer) });
  },
);

When('a flag with key {string} is evaluated with default value {string}', async function (key, fallback) {
  this.question = { kind: 'string', key, fallback };
  await evaluate(this);
});

Then('the resolved string response should be {string}', function (value) {
  assert.equal(this.details.value, value);
});

Then('the resolved flag value is {string} when the context is empty', async function (value) {
  await setContext(this, {});
  await evaluate(this);
  assert.equal(this.details.value, value);
});

When(
  'a non-existent string flag with key {string} is evaluated with details and a fallback value {string}',
  async function (key, fallback) {
    this.question = { kind: 'string', key, fallback };
    await evaluate(this);
  },
);

When(
  'a string flag with key {string} is evaluated as an integer, with details and a fallback value {int}',
  async function (key, fallback) {
    this.question = { kind: 'integer', key, fallback };
    await evaluate(this);
  },
);

Then(/^the default (?:string|integer) value should be returned$/, function () {
  assert.equal(this.details.value, this.question.fallback);
});

Then(/^the reason should indicate an error and the error code should indicate .* with "(.*)"$/, function (code) {
  assert.deepEqual([this.details.reason, this.details.errorCode], ['ERROR', code]);
});
