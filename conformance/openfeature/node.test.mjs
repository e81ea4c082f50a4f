// OpenFeature's server SDK with the provider of @flagstaff/node: OpenFeature's own scenarios, and what they do not say of events.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from '@flagstaff/node';
import { FlagstaffProvider } from '@flagstaff/node/openfeature';
import { AsyncLocalStorageTransactionContextPropagator, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { within } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';
import { scenarios } from './scenarios.mjs';

const FLAG = 'wishlist-gallery';
const EMPTY = { schemaVersion: 1, flags: {} };
const SILENT = { warn: () => {} };

OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());

scenarios(
  {
    OpenFeature,
    provider: (options) => new FlagstaffProvider({ key: KEYS.server, logger: SILENT, ...options }, { timeoutMs: 500 }),
    bootstrap: EMPTY,
    evaluate: (client, getter, key, fallback, context, options) => client[getter](key, fallback, context, options),
    setContext: () => {},
    async reset() {
      await OpenFeature.clearProviders();
      OpenFeature.clearHandlers();
      OpenFeature.clearHooks();
      OpenFeature.setContext({});
    },
    offlineProvider: (onContext) =>
      new FlagstaffProvider({
        mode: 'offline',
        bootstrap: EMPTY,
        logger: SILENT,
        onEvaluation: (_details, context) => onContext(context),
      }),
    async evaluateMerged({ API, Transaction = {}, Client: own = {}, Invocation = {}, 'Before Hooks': before }) {
      OpenFeature.setContext(API ?? {});
      const hooks = before === undefined ? [] : [{ before: () => before }];
      const client = OpenFeature.getClient(undefined, own).addHooks(...hooks);
      await new Promise((resolve) => {
        OpenFeature.setTransactionContext(Transaction, () =>
          client.getBooleanValue('some-flag', false, Invocation).then(resolve),
        );
      });
    },
  },
  ['evaluation', 'evaluation_v2', 'hooks', 'metadata', 'contextMerging'],
);

describe('the provider', () => {
  let deployment;
  let server;

  before(async () => {
    deployment = await SingleNode.start();
    server = deployment.writer;
  });

  after(async () => {
    await OpenFeature.close();
    await deployment?.stop();
  });

  test('emits each event once, tracks, reports what it counted, and can be used again', async () => {
    await server.flip(FLAG, false);
    const tracked = [];
    const provider = new FlagstaffProvider(
      { url: server.url, key: KEYS.server, logger: SILENT },
      { onTrack: (...event) => tracked.push(event) },
    );
    const events = [];
    let look = () => {};
    for (const name of Object.values(ProviderEvents)) {
      OpenFeature.addHandler(name, (details) => {
        events.push(name === ProviderEvents.ConfigurationChanged ? [name, details.flagsChanged] : [name]);
        look();
      });
    }
    const seen = (name) =>
      within(
        30_000,
        `the event ${name}`,
        new Promise((resolve) => {
          look = () => events.some(([seen]) => seen === name) && resolve(events.splice(0));
          look();
        }),
      );
    // Those of the provider that OpenFeature begins with.
    events.splice(0);
    await OpenFeature.setProviderAndWait(provider);
    assert.deepEqual(await seen(ProviderEvents.Ready), [[ProviderEvents.Ready]]);
    const flags = OpenFeature.getClient();
    const context = { targetingKey: 'user-1', plan: 'plus', since: new Date(0) };
    assert.equal(await flags.getBooleanValue(FLAG, true, context), false);
    assert.equal(await flags.getNumberValue('wishlist-max-items', 0, context), 100);

    await server.flip(FLAG, true);
    assert.deepEqual(await seen(ProviderEvents.ConfigurationChanged), [[ProviderEvents.ConfigurationChanged, [FLAG]]]);
    assert.equal(await flags.getBooleanValue(FLAG, false, context), true);

    flags.track('order', context, { value: 12.5, currency: 'EUR' });
    assert.deepEqual(tracked, [['order', context, { value: 12.5, currency: 'EUR' }]]);

    await server.kill();
    assert.deepEqual(await seen(ProviderEvents.Stale), [[ProviderEvents.Stale]]);
    assert.equal(await flags.getBooleanValue(FLAG, false, context), true);
    await server.restart();
    assert.deepEqual(await seen(ProviderEvents.Ready), [[ProviderEvents.Ready]]);

    const { client } = provider;
    await OpenFeature.clearProviders();
    assert.equal(client.status, 'STALE');
    await OpenFeature.setProviderAndWait(provider);
    assert.equal(provider.client.status, 'READY');
  });

  test('of a client that others use too leaves it open', async (context) => {
    const client = new Client({ url: server.url, key: KEYS.server, logger: SILENT });
    context.after(() => client.close());
    await OpenFeature.setProviderAndWait(new FlagstaffProvider(client));
    await OpenFeature.clearProviders();
    assert.equal(client.status, 'READY');
  });
});
