import {
  Client,
  type Details,
  type FlagClient,
  type JsonValue,
  type Readiness,
  type Status,
  signContext,
} from '@flagstaff/node';
import { type ConformanceEvaluator, createEvaluator } from '@flagstaff/node/evaluator';

export async function use(): Promise<void> {
  const client = new Client('http://127.0.0.1:8080', 'key', { fetch, engine: 'wasm' });
  const ready: Readiness = await client.ready({ timeoutMs: 10 });
  const status: Status = client.status;
  const context = { targetingKey: 'u1', plan: 'pro', since: new Date(0) };
  const on: boolean = client.getBooleanValue('f', false, context);
  const text: string = client.getStringValue('f', '');
  const number: number = client.getNumberValue('f', 0);
  const tree: { a: number } = client.getObjectValue('f', { a: 1 });
  const details: Details<boolean> = client.getBooleanDetails('f', false, context);
  const all: Record<string, Details<JsonValue | undefined>> = client.evaluateAll(context);
  const stop: () => void = client.on('change', ({ flags }) => flags.map((flag) => flag.length));
  // @ts-expect-error: a default of another type than the getter's
  client.getBooleanValue('f', 'yes');
  // @ts-expect-error: there is no such event
  client.on('changed', () => {});
  const signature: string = signContext('secret', 'key', context, new Date(0));
  const offline: FlagClient = Client.fromDocument('{}');
  const engine: ConformanceEvaluator = createEvaluator('native');
  await client.close();
  stop();
  console.log(ready, status, on, text, number, tree, details, all, signature, offline, engine);
}
