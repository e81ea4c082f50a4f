// @openfeature/flagd-core: only the evaluation, in JavaScript.

import { FlagdCore } from '@openfeature/flagd-core';

export const flagd = {
  format: 'flagd',
  package: '@openfeature/flagd-core',
  load({ text }) {
    const core = new FlagdCore();
    core.setConfigurations(text);
    return core;
  },
  context: ({ userId, ...attributes }) => ({ targetingKey: userId, ...attributes }),
  boolean: (core, flag, context) => core.resolveBooleanEvaluation(flag, false, context).value,
  text: (core, flag, context) => core.resolveStringEvaluation(flag, '', context).value,
  all: (core, _flags, context) => core.resolveAll(context),
  entries: (answers) => answers.map((answer) => [answer.flagKey, answer.value]),
};
