// Contexts that name their user by another word than `targetingKey`, with both engines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, PreparedContext } from '@flagstaff/node';

const FLAG = { type: 'boolean', enabled: true, salt: 's', serve: { variant: 'on', rollout: 99.999 } };
const DOCUMENT = JSON.stringify({ schemaVersion: 1, flags: { all: FLAG } });
const HINT =
  "flagstaff: the context names no user, so that rollouts and overrides of users do not apply: the user's key is `targetingKey`; " +
  '`userId` is an attribute like any other, unless the client has the option `targetingKeyAttribute`';

for (const engine of ['native', 'wasm']) {
  test(`a client hints once (${engine})`, () => {
    const messages = [];
    const logger = { warn: (message) => messages.push(message) };
    const client = Client.fromDocument(DOCUMENT, { engine, logger });
    assert.equal(client.getBooleanValue('all', false, {}), false);
    assert.deepEqual(messages, []);
    for (let times = 0; times < 3; times += 1) {
      assert.equal(client.getBooleanValue('all', false, { userId: 'u1' }), false);
    }
    assert.deepEqual(messages, [HINT]);
    const late = Client.fromDocument(DOCUMENT, { engine, logger });
    // Only the first evaluations are looked at, since others must not pay for it.
    for (let times = 0; times < 10; times += 1) {
      assert.equal(late.getBooleanValue('all', false, { targetingKey: 'u1' }), true);
    }
    assert.equal(late.getBooleanValue('all', false, { userId: 'u1' }), false);
    assert.deepEqual(messages, [HINT]);
    Client.fromDocument(DOCUMENT, { engine, logger }).evaluateAll({ userId: 'u1' });
    Client.fromDocument(DOCUMENT, { engine, logger }).forContext({ userId: 'u1' }).isEnabled('all');
    assert.deepEqual(messages, [HINT, HINT, HINT]);
  });

  test(`a client can be told the attribute (${engine})`, () => {
    const client = Client.fromDocument(DOCUMENT, { engine, targetingKeyAttribute: '/account/id' });
    const context = { account: { id: 17 } };
    for (const given of [context, new PreparedContext(context), new Map(Object.entries(context))]) {
      for (let times = 0; times < 20; times += 1) {
        assert.equal(client.getBooleanValue('all', false, given), true);
      }
      assert.equal(client.forContext(given).isEnabled('all'), true);
      assert.equal(client.evaluateAll(given).all.value, true);
    }
    for (const none of [undefined, {}, { account: { id: '' } }, { account: 17 }]) {
      assert.equal(client.getBooleanValue('all', false, none), false);
    }
    for (const targetingKeyAttribute of ['', '/a~2']) {
      assert.throws(() => Client.fromDocument(DOCUMENT, { targetingKeyAttribute }), /targetingKeyAttribute/);
    }
  });
}
