import { Client, type FlagClient, type Readiness } from '@flagstaff/web/local';

export async function use(module: WebAssembly.Module): Promise<void> {
  const client = new Client(location.origin, 'key', { fetch, wasm: module });
  const ready: Readiness = await client.ready();
  const offline: FlagClient = await Client.fromDocument('{}', { wasm: new Uint8Array() });
  // @ts-expect-error: a default of another type than the getter's
  client.getNumberValue('f', 'one');
  console.log(ready, offline.getBooleanValue('f', false, { targetingKey: 'u1' }));
}
