import { Client } from 'ENTRY';

const flags = { switch: { type: 'boolean', enabled: true, serve: 'on' } };
const options = { mode: 'poll', url: 'http://127.0.0.1:9', key: 'k', logger: { warn: console.log } };

async function main() {
  // Not the constructor: an application learns at its start, and keeps running.
  const client = new Client({ ...options, fetch: async () => response() });
  const readiness = await client.ready();
  console.log(JSON.stringify([client.engine ?? null, readiness, client.getBooleanValue('switch', false)]));
}

function response() {
  const text = async () => JSON.stringify({ schemaVersion: 1, revision: 1, flags });
  return { status: 200, headers: { get: () => null }, body: null, text };
}

main();
