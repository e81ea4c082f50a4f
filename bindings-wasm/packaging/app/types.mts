import { type PageClient, Client as RemoteClient } from '@flagstaff/web';
import { Client, type Readiness } from '@flagstaff/web/local';
import { type ClientOptions, Client as DialectsClient } from '@flagstaff/web/local-dialects';

export async function use(module: WebAssembly.Module): Promise<void> {
  const options = { url: location.origin, key: 'key', context: { targetingKey: 'u1' } };
  const client = new Client({ ...options, fetch, wasm: module });
  const ready: Readiness = await client.ready();
  const offline: Client = await Client.fromDocument('{}', { wasm: new Uint8Array() });
  const size: number = offline.get('page-size', 20);
  // @ts-expect-error: a default of another type than the variable
  const other: string = client.get('f', 1);
  const clients: PageClient[] = [client, new RemoteClient(options)];
  console.log(ready, size, other, clients, client.explain('f')?.trace.length);
}

export function useDialects(options: ClientOptions): PageClient {
  const client = new DialectsClient(options);
  // @ts-expect-error: a default of another type than the variable
  const other: string = client.get('f', 1);
  console.log(other);
  return client;
}
