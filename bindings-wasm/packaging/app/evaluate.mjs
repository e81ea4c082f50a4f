import { readFileSync } from 'node:fs';
import { Client } from '@flagstaff/web/local';

const client = await Client.fromDocument(readFileSync(new URL('flags.json', import.meta.url), 'utf8'));
const values = [
  client.getBooleanValue('switch', false),
  client.getStringValue('colour', '', { targetingKey: 'u1', country: 'dk' }),
  client.getNumberValue('number', 0),
];
console.log(JSON.stringify(values));
