// @launchdarkly/node-server-sdk, started from a file and without events. Its getters return promises, whose await is part of a call.

import { init } from '@launchdarkly/node-server-sdk';
import { FileDataSourceFactory } from '@launchdarkly/node-server-sdk/integrations';

const logger = { error() {}, warn() {}, info() {}, debug() {} };

export const launchdarkly = {
  format: 'launchdarkly',
  package: '@launchdarkly/node-server-sdk',
  async load({ path }) {
    const updateProcessor = new FileDataSourceFactory({ paths: [path], autoUpdate: false }).getFactory();
    const client = init('bench', { updateProcessor, sendEvents: false, diagnosticOptOut: true, logger });
    await client.waitForInitialization({ timeout: 60 });
    return client;
  },
  close: (client) => client.close(),
  context: ({ userId, ...attributes }) => ({ kind: 'user', key: userId, ...attributes }),
  boolean: (client, flag, context) => client.variation(flag, context, false),
  text: (client, flag, context) => client.variation(flag, context, ''),
  all: async (client, _flags, context) => (await client.allFlagsState(context)).allValues(),
  entries: Object.entries,
};
