import { env } from 'cloudflare:workers';
import { Client } from '@flagstaff/node/edge';

// In the global scope, where workerd allows neither I/O nor timers.
const client = new Client({ url: env.URL, key: 'k', ttlMs: Number(env.TTL_MS), context: { region: 'north' } });

export default {
  async fetch(request, _env, context) {
    const readiness = await client.ready({ timeoutMs: 20_000 });
    const flags = client.forContext({ targetingKey: new URL(request.url).searchParams.get('user') });
    const body = { readiness, value: flags.get('f', false), context: flags.context, revision: client.revision };
    client.flush({ waitUntil: (sent) => context.waitUntil(sent) });
    return Response.json(body);
  },
};
