// Prints a boolean flag as it changes: one line of JSON at the start and at every change of value or status.
//
// usage: node watch.mjs URL KEY FLAG [TARGETING_KEY]
//
// Ends at the end of its standard input.

import { Client } from '@flagstaff/node';

const [url, key, flag, targetingKey] = process.argv.slice(2);
if (flag === undefined) {
  console.error('usage: node watch.mjs URL KEY FLAG [TARGETING_KEY]');
  process.exit(2);
}

const client = new Client(url, key);
const context = targetingKey === undefined ? {} : { targetingKey };

let last;
function print() {
  const line = JSON.stringify({ flag, value: client.getBooleanValue(flag, false, context), status: client.status });
  if (line !== last) {
    last = line;
    console.log(line);
  }
}

client.on('change', print);
client.on('status', print);
client.start();
print();

// An open standard input keeps the process running; the client does not.
process.stdin.resume();
process.stdin.on('end', () => client.close());
