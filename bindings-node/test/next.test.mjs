// `@flagstaff/node/next` without Next.js: what gets a request of its caller. The rest is in conformance/javascript/nextjs.test.mjs, in an application.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, currentFlags } from '@flagstaff/node';
import { createNextFlags, withFlagstaff } from '@flagstaff/node/next';
import { boolean } from './support/server.mjs';

const DOCUMENT = {
  schemaVersion: 1,
  flags: {
    beta: {
      ...boolean(false),
      clientSide: true,
      rules: [{ when: { attribute: 'targetingKey', op: 'equals', value: 'ada lovelace' }, serve: 'on' }],
    },
    secret: boolean(true),
  },
};

const context = ({ headers, cookies }) => ({ targetingKey: cookies.get('user'), agent: headers.get('User-Agent') });

function create() {
  let evaluations = 0;
  const client = Client.fromDocument(JSON.stringify(DOCUMENT), {
    onEvaluation: () => {
      evaluations += 1;
    },
  });
  return { ...createNextFlags(client, { context }), evaluations: () => evaluations };
}

/** The same request as the App Router and the Pages Router have it. */
const REQUESTS = {
  'the App Router': (cookie) => new Request('http://site/', { headers: { cookie, 'user-agent': 'test' } }),
  'the Pages Router': (cookie) => ({ headers: { cookie, 'user-agent': 'test' } }),
};

for (const [router, request] of Object.entries(REQUESTS)) {
  describe(`flags of a request of ${router}`, () => {
    test('are those of its context, which is read from headers and cookies', async () => {
      const { forRequest } = create();
      const flags = await forRequest(request('a=1; user=ada%20lovelace; x'));
      assert.deepEqual({ ...flags.context }, { targetingKey: 'ada lovelace', agent: 'test' });
      assert.equal(flags.isEnabled('beta'), true);
      for (const [cookie, user] of [
        ['user="bob"', 'bob'],
        ['users=ada', undefined],
        ['user=100%', '100%'],
        ['', undefined],
      ]) {
        assert.equal((await forRequest(request(cookie))).context.targetingKey, user, cookie);
      }
    });

    test('are evaluated once, whatever asks for them', async () => {
      const { forRequest, withFlags, evaluations } = create();
      const one = request('user=ada lovelace');
      const [first, second] = await Promise.all([forRequest(one), forRequest(one)]);
      assert.equal(first, second);
      first.isEnabled('beta');
      await withFlags(async ({ flags }) => ({ props: { beta: flags.isEnabled('beta') } }))({ req: one });
      assert.equal(evaluations(), 1);
    });
  });
}

describe('a page of the Pages Router', () => {
  const page = { req: REQUESTS['the Pages Router']('user=ada lovelace'), query: { id: '1' } };

  test('gets the flags, and its props what the browser may see of them', async () => {
    const { withFlags } = create();
    const load = withFlags(async ({ flags, query }) => ({
      props: Promise.resolve({ beta: flags.isEnabled('beta'), id: query.id }),
      revalidate: 1,
    }));
    const { props, ...rest } = await load(page);
    assert.deepEqual([props.beta, props.id, rest], [true, '1', { revalidate: 1 }]);
    const { flags, context: own } = props.flagsBootstrap;
    assert.deepEqual(
      [flags.map(({ key, value }) => [key, value]), own.targetingKey],
      [[['beta', true]], 'ada lovelace'],
    );
    assert.deepEqual(Object.keys((await withFlags()(page)).props), ['flagsBootstrap']);
  });

  test('may redirect or not exist', async () => {
    const { withFlags } = create();
    for (const result of [{ notFound: true }, { redirect: { destination: '/', permanent: false } }]) {
      assert.deepEqual(await withFlags(async () => result)(page), result);
    }
  });
});

describe('a route that needs a flag', () => {
  test('of the App Router', async () => {
    const { requireFlag } = create();
    const handle = (_request, { params }) => Response.json([params.id, currentFlags().isEnabled('beta')]);
    const route = requireFlag('beta', handle);
    const ask = async (cookie, handler = route) => {
      const response = await handler(REQUESTS['the App Router'](cookie), { params: { id: '7' } });
      return [response.status, await response.text()];
    };
    assert.deepEqual(await ask('user=ada lovelace'), [200, '["7",true]']);
    assert.deepEqual(await ask('user=bob'), [404, '{"error":"Feature not available"}']);
    const other = requireFlag('beta', handle, { status: 402, message: 'not for you' });
    assert.deepEqual(await ask('user=bob', other), [402, '{"error":"not for you"}']);
  });

  test('of the Pages Router', async () => {
    const { requireFlag } = create();
    const route = requireFlag('beta', (_request, response) =>
      response.status(200).json(currentFlags().isEnabled('beta')),
    );
    const ask = async (cookie) => {
      const sent = [];
      const response = { status: (code) => ({ json: (body) => sent.push(code, body) }) };
      await route(REQUESTS['the Pages Router'](cookie), response);
      return sent;
    };
    assert.deepEqual(await ask('user=ada lovelace'), [200, true]);
    assert.deepEqual(await ask('user=bob'), [404, { error: 'Feature not available' }]);
  });
});

test('options make no client before the first request, and then one for the process', async () => {
  const options = {
    url: 'http://127.0.0.1:9',
    key: 'k',
    mode: 'serverless',
    fetch: async () => new Response('{}', { status: 503 }),
  };
  const invalid = createNextFlags({ url: 'none' });
  await assert.rejects(invalid.forRequest(new Request('http://site/')), TypeError);
  const [one, two] = [createNextFlags(options), createNextFlags({ ...options })];
  assert.equal(one.client, two.client);
  assert.notEqual(createNextFlags({ ...options, key: 'other' }).client, one.client);
});

test('a context function that throws fails the request', async () => {
  const client = Client.fromDocument(JSON.stringify(DOCUMENT));
  const { forRequest } = createNextFlags(client, {
    context: () => {
      throw new Error('no session');
    },
  });
  await assert.rejects(forRequest(new Request('http://site/')), /no session/);
});

test('withFlagstaff adds the package to any configuration, once', async () => {
  const external = ['other', '@flagstaff/node'];
  assert.deepEqual(withFlagstaff(), { serverExternalPackages: ['@flagstaff/node'] });
  const config = { reactStrictMode: true, serverExternalPackages: ['other'] };
  assert.deepEqual(withFlagstaff(config), { reactStrictMode: true, serverExternalPackages: external });
  assert.deepEqual(withFlagstaff(withFlagstaff(config)).serverExternalPackages, external);
  assert.deepEqual(await withFlagstaff(async (phase) => ({ ...config, env: { phase } }))('build'), {
    ...config,
    env: { phase: 'build' },
    serverExternalPackages: external,
  });
});
