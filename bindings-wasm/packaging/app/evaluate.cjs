const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Client } = require('@flagstaff/web/local');

const context = { targetingKey: 'u1', country: 'dk' };

Client.fromDocument(readFileSync(join(__dirname, 'flags.json'), 'utf8'), { context }).then((client) => {
  const values = [client.get('switch', false), client.get('colour', ''), client.get('number', 0)];
  console.log(JSON.stringify(values));
});
