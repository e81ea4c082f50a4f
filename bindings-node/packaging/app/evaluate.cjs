const { join } = require('node:path');
const { Client } = require('@flagstaff/node');
const { createEvaluator } = require('@flagstaff/node/evaluator');

for (const engine of ['native', 'wasm']) {
  const client = Client.fromFile(join(__dirname, 'flags.json'), { engine });
  const values = [
    client.getBooleanValue('switch', false),
    client.getStringValue('colour', '', { targetingKey: 'u1', country: 'dk' }),
    client.getNumberValue('number', 0),
  ];
  console.log(JSON.stringify([createEvaluator(engine).engine, ...values]));
}
