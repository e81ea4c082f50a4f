// The published OFREP clients of OpenFeature against the server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature as ServerOpenFeature } from '@openfeature/server-sdk';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { EventSource } from 'eventsource';
import { DEPLOYMENTS } from './support/deployment.mjs';
import { fromRoot, within } from './support/paths.mjs';
import { KEYS } from './support/server.mjs';

const FLAG = 'wishlist-gallery';
const LIVE_MS = 5_000;
const CONTEXT = { targetingKey: 'user-1', country: 'se' };

// The client for browsers needs a global EventSource.
globalThis.EventSource = EventSource;

/** The demo flags as every client must see them. */
async function checkDetails(details) {
  assert.deepEqual(await details('boolean', FLAG, false), {
    value: false,
    variant: 'off',
    reason: 'DISABLED',
    errorCode: null,
  });
  const layout = await details('object', 'wishlist-layout', {});
  assert.deepEqual(layout.value, { columns: 1, pictures: { show: false, size: 'small' } });
  assert.equal(layout.variant, 'list');
  const missing = await details('boolean', 'never-heard-of', true);
  assert.deepEqual([missing.value, missing.errorCode], [true, 'FLAG_NOT_FOUND']);
  const other = await details('string', FLAG, 'mine');
  assert.deepEqual([other.value, other.errorCode], ['mine', 'TYPE_MISMATCH']);
}

function told({ value, variant, reason, errorCode }) {
  return { value, variant: variant ?? null, reason, errorCode: errorCode ?? null };
}

for (const Deployment of DEPLOYMENTS) {
  describe(`OFREP on ${Deployment.title}`, () => {
    let deployment;

    before(async () => {
      deployment = await Deployment.start();
    });

    after(async () => {
      await OpenFeature.close();
      await ServerOpenFeature.close();
      await deployment?.stop();
    });

    /** OFREP's options for a key. */
    function remote(key) {
      return { baseUrl: deployment.reader.url, headers: [['Authorization', `Bearer ${key}`]] };
    }

    test('the client for browsers evaluates, and follows changes by the stream that it is named', async () => {
      const provider = new OFREPWebProvider({ ...remote(KEYS.client), cacheMode: 'disabled' });
      await OpenFeature.setContext(CONTEXT);
      await OpenFeature.setProviderAndWait(provider);
      const client = OpenFeature.getClient();
      const getters = {
        boolean: (flag, fallback) => client.getBooleanDetails(flag, fallback),
        string: (flag, fallback) => client.getStringDetails(flag, fallback),
        object: (flag, fallback) => client.getObjectDetails(flag, fallback),
      };
      await checkDetails(async (type, flag, fallback) => told(getters[type](flag, fallback)));

      for (const value of [true, false, true, false]) {
        const changed = new Promise((resolve) => {
          const look = () => {
            if (client.getBooleanValue(FLAG, !value) === value) {
              client.removeHandler(ProviderEvents.ConfigurationChanged, look);
              resolve();
            }
          };
          client.addHandler(ProviderEvents.ConfigurationChanged, look);
        });
        await deployment.writer.flip(FLAG, value);
        await within(LIVE_MS, `the web client to see ${value}`, changed);
      }
    });

    test('the client for browsers gives up on a key that nobody knows', async () => {
      const provider = new OFREPWebProvider({ ...remote('nobody'), cacheMode: 'disabled' });
      await assert.rejects(OpenFeature.setProviderAndWait('unknown', provider));
      assert.equal(OpenFeature.getClient('unknown').providerStatus, 'FATAL');
    });

    test('the client for Node evaluates one flag at a time', async () => {
      await ServerOpenFeature.setProviderAndWait(new OFREPProvider(remote(KEYS.server)));
      const client = ServerOpenFeature.getClient();
      const getters = {
        boolean: (flag, fallback) => client.getBooleanDetails(flag, fallback, CONTEXT),
        string: (flag, fallback) => client.getStringDetails(flag, fallback, CONTEXT),
        object: (flag, fallback) => client.getObjectDetails(flag, fallback, CONTEXT),
      };
      await checkDetails(async (type, flag, fallback) => told(await getters[type](flag, fallback)));
    });

    test('the client for Python evaluates one flag at a time', async () => {
      const args = [fromRoot('conformance/e2e/support/ofrep.py'), deployment.reader.url, KEYS.server];
      const python = spawn(fromRoot('.venv/bin/python'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = once(python, 'exit');
      const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
      await checkDetails(async (type, flag, fallback) => {
        python.stdin.write(`${JSON.stringify({ flag, type, default: fallback, context: CONTEXT })}\n`);
        return told(JSON.parse((await lines.next()).value));
      });
      python.stdin.end();
      assert.deepEqual(await ended, [0, null]);
    });
  });
}
