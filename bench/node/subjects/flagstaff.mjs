// Our SDK: the addon, and the same engine as WebAssembly.

import { Client, PreparedContext } from '@flagstaff/node';

function contextOf({ userId, ...attributes }) {
  return { targetingKey: userId, ...attributes };
}

/** `prepare` converts a plain object to the context that a caller creates once for a user. */
function subject(engine, prepare) {
  return {
    format: 'flagstaff',
    package: '@flagstaff/node',
    load: ({ text }) => Client.fromDocument(text, { engine }),
    context: (user) => prepare(contextOf(user)),
    boolean: (client, flag, context) => client.getBooleanValue(flag, false, context),
    text: (client, flag, context) => client.getStringValue(flag, '', context),
    all: (client, _flags, context) => client.evaluateAll(context),
    entries: (answers) => Object.entries(answers).map(([flag, answer]) => [flag, answer.value]),
  };
}

const prepare = (context) => new PreparedContext(context);
const plain = (context) => context;

export const native = subject('native', prepare);
/** For flags of GrowthBook, which hash the attribute `id`. */
export const nativeId = subject('native', (context) => prepare({ ...context, id: context.targetingKey }));
export const nativePlain = subject('native', plain);
export const wasm = subject('wasm', prepare);
export const wasmPlain = subject('wasm', plain);
