const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Client } = require('@flagstaff/web/local');

Client.fromDocument(readFileSync(join(__dirname, 'flags.json'), 'utf8')).then((client) => {
  const values = [
    client.getBooleanValue('switch', false),
    client.getStringValue('colour', '', { targetingKey: 'u1', country: 'dk' }),
    client.getNumberValue('number', 0),
  ];
  console.log(JSON.stringify(values));
});
