// The steps of the scenarios about contexts that are merged.

import assert from 'node:assert/strict';
import { Given, Then, When } from '@cucumber/cucumber';
import { platform } from './platform.mjs';

Given('a stable provider with retrievable context is registered', async function () {
  this.contexts = [];
  this.levels = {};
  const provider = platform.offlineProvider((context) => this.contexts.push(context));
  await platform.OpenFeature.setProviderAndWait(provider);
});

Given(
  'A context entry with key {string} and value {string} is added to the {string} level',
  function (key, value, level) {
    this.levels[level] = { ...this.levels[level], [key]: value };
  },
);

Given('A table with levels of increasing precedence', function (table) {
  this.order = table.raw().flat();
});

Given(
  'Context entries for each level from API level down to the {string} level, with key {string} and value {string}',
  function (lowest, key, _value) {
    for (const level of this.order.slice(0, this.order.indexOf(lowest) + 1)) {
      this.levels[level] = { [key]: level };
    }
  },
);

When('Some flag was evaluated', async function () {
  await platform.evaluateMerged(this.levels);
});

Then('The merged context contains an entry with key {string} and value {string}', function (key, value) {
  assert.equal(this.contexts.length, 1);
  assert.equal(this.contexts[0][key], value);
});
