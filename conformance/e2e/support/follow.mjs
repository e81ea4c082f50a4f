// Prints the changes of a flag with @flagstaff/node; see program.mjs.

import { Client } from '@flagstaff/node';

const [url, key, flag] = process.argv.slice(2);
const client = new Client(url, key);

function tell() {
  const value = client.getBooleanValue(flag, false, { targetingKey: 'user-1' });
  console.log(JSON.stringify({ flag, value, status: client.status }));
}

client.on('status', tell);
client.on('change', tell);
client.start();
// The client alone does not keep a process running.
process.stdin.resume().once('end', () => client.close());
