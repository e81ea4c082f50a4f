// @growthbook/growthbook: the client for servers, in JavaScript; it has no call for all flags.

import { GrowthBookClient } from '@growthbook/growthbook';

export const growthbook = {
  format: 'growthbook',
  package: '@growthbook/growthbook',
  load: ({ text }) => new GrowthBookClient().initSync({ payload: JSON.parse(text) }),
  context: ({ userId, ...attributes }) => ({ attributes: { id: userId, ...attributes } }),
  boolean: (client, flag, context) => client.isOn(flag, context),
  text: (client, flag, context) => client.getFeatureValue(flag, '', context),
  all: (client, flags, context) => flags.map(([flag]) => [flag, client.evalFeature(flag, context).value]),
  entries: (answers) => answers,
};
