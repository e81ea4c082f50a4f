import { Client } from '@flagstaff/node';
import { createEvaluator } from '@flagstaff/node/evaluator';

for (const engine of ['native', 'wasm']) {
  const client = Client.fromFile(new URL('flags.json', import.meta.url), { engine });
  const values = [
    client.getBooleanValue('switch', false),
    client.getStringValue('colour', '', { targetingKey: 'u1', country: 'dk' }),
    client.getNumberValue('number', 0),
  ];
  console.log(JSON.stringify([createEvaluator(engine).engine, ...values]));
}
