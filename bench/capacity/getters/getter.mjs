// Times each call of a getter of the Node SDK: getter.mjs DOCUMENT FLAG CONTEXT CALLS; microseconds, as a line of JSON.
// Each call includes reading the clock.

import { Client } from '@flagstaff/node';

const [document, flag, contextText, callsText] = process.argv.slice(2);
const [client, context, calls] = [Client.fromFile(document), JSON.parse(contextText), Number(callsText)];
const times = new Float64Array(calls);
for (let call = 0; call < calls; call += 1) {
  client.getBooleanValue(flag, false, context);
}
for (let call = 0; call < calls; call += 1) {
  const begun = performance.now();
  client.getBooleanValue(flag, false, context);
  times[call] = performance.now() - begun;
}
times.sort();
const at = (rank) => times[Math.ceil(calls * rank) - 1] * 1_000;
console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }));
