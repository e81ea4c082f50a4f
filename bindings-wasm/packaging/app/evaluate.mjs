import { readFileSync } from 'node:fs';
import { Client } from '@flagstaff/web/local';

const context = { targetingKey: 'u1', country: 'dk' };
const client = await Client.fromDocument(readFileSync(new URL('flags.json', import.meta.url), 'utf8'), { context });
const values = [client.get('switch', false), client.get('colour', ''), client.get('number', 0)];
console.log(JSON.stringify(values));
