// OpenFeature's SDK for browsers with the provider of @flagstaff/web: OpenFeature's own scenarios, and what they do not say of events.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from '@flagstaff/web';
import { FlagstaffProvider } from '@flagstaff/web/openfeature';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { Storage } from '../../bindings-wasm/test/support/ofrep.mjs';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { within } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';
import { scenarios } from './scenarios.mjs';

const FLAG = 'wishlist-gallery';

scenarios(
  {
    OpenFeature,
    provider(options) {
      const client = new Client({ key: KEYS.client, stream: false, logger: { warn: () => {} }, ...options });
      return new FlagstaffProvider(client, { timeoutMs: 500 });
    },
    bootstrap: { flags: [] },
    evaluate: (client, getter, key, fallback, _context, options) => client[getter](key, fallback, options),
    setContext: (context) => OpenFeature.setContext(context),
    async reset() {
      await OpenFeature.close();
      OpenFeature.clearHandlers();
      OpenFeature.clearHooks();
      await OpenFeature.clearContext();
    },
  },
  // Not contextMerging.feature, which is of contexts that change from evaluation to evaluation: browsers do not have them.
  ['evaluation', 'evaluation_v2', 'hooks', 'metadata'],
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

  test('emits each event once, reconciles where the context differs, tracks, and can be used again', async () => {
    await server.flip(FLAG, false);
    const tracked = [];
    const contexts = [];
    const client = new Client({
      url: server.url,
      key: KEYS.client,
      logger: { warn: () => {} },
      fetch: (url, request) => {
        if (request.body !== undefined) {
          contexts.push(JSON.parse(request.body).context);
        }
        return fetch(url, request);
      },
    });
    const provider = new FlagstaffProvider(client, { onTrack: (...event) => tracked.push(event) });
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
        20_000,
        `the event ${name}`,
        new Promise((resolve) => {
          look = () => events.some(([seen]) => seen === name) && resolve(events.splice(0));
          look();
        }),
      );
    await OpenFeature.setContext({ targetingKey: 'user-1' });
    // Those of the provider that OpenFeature begins with.
    events.splice(0);
    await OpenFeature.setProviderAndWait(provider);
    assert.deepEqual(await seen(ProviderEvents.Ready), [[ProviderEvents.Ready]]);
    assert.deepEqual(contexts[0], { targetingKey: 'user-1' });

    await server.flip(FLAG, true);
    assert.deepEqual(await seen(ProviderEvents.ConfigurationChanged), [[ProviderEvents.ConfigurationChanged, [FLAG]]]);
    assert.equal(OpenFeature.getClient().getBooleanValue(FLAG, false), true);

    await OpenFeature.setContext({ targetingKey: 'user-1' });
    assert.deepEqual(events.splice(0), [[ProviderEvents.ContextChanged]]);
    await OpenFeature.setContext({ targetingKey: 'user-2', plan: 'plus' });
    assert.deepEqual(events.splice(0), [[ProviderEvents.Reconciling], [ProviderEvents.ContextChanged]]);
    assert.equal(OpenFeature.getClient().getNumberValue('wishlist-max-items', 0), 100);

    OpenFeature.getClient().track('order', { value: 12.5, currency: 'EUR' });
    assert.deepEqual(tracked, [['order', { targetingKey: 'user-2', plan: 'plus' }, { value: 12.5, currency: 'EUR' }]]);

    await server.kill();
    assert.deepEqual(await seen(ProviderEvents.Stale), [[ProviderEvents.Stale]]);
    assert.equal(OpenFeature.getClient().getBooleanValue(FLAG, false), true);
    await server.restart();
    assert.deepEqual(await seen(ProviderEvents.Ready), [[ProviderEvents.Ready]]);

    await OpenFeature.clearProviders();
    assert.equal(client.status, 'STALE');
    await OpenFeature.setProviderAndWait(provider);
    assert.equal(client.status, 'READY');
  });

  test('of each domain has the values of its own context, stores them apart, and follows that context alone', async (t) => {
    globalThis.localStorage = new Storage();
    t.after(() => {
      delete globalThis.localStorage;
    });
    const create = (context) =>
      new Client({ url: server.url, key: KEYS.client, stream: false, context, logger: { warn: () => {} } });
    const contexts = { shop: { targetingKey: 'user-1' }, account: { targetingKey: 'user-2', plan: 'plus' } };
    const limit = (domain) => OpenFeature.getClient(domain).getNumberValue('wishlist-max-items', 0);
    const reconciled = [];
    for (const [domain, context] of Object.entries(contexts)) {
      await OpenFeature.setProviderAndWait(domain, new FlagstaffProvider(create()), context);
      OpenFeature.getClient(domain).addHandler(ProviderEvents.Reconciling, () => reconciled.push(domain));
    }
    assert.deepEqual(Object.keys(contexts).map(limit), [20, 100]);
    // What each has stored is there for the next page.
    for (const [domain, context] of Object.entries(contexts)) {
      const next = create(context);
      assert.deepEqual([next.source, next.get('wishlist-max-items', 0)], ['cache', limit(domain)]);
    }
    await OpenFeature.setContext('shop', { targetingKey: 'user-1', plan: 'plus' });
    await OpenFeature.setContext('account', contexts.account);
    assert.deepEqual(Object.keys(contexts).map(limit), [100, 100]);
    assert.deepEqual(reconciled, ['shop']);
  });
});
