// A real identity provider on this machine (oidc-provider), with a page on which a test says who signs in.

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider, { interactionPolicy } from 'oidc-provider';

export const CLIENT = { id: 'flagstaff', secret: 'a-secret-of-the-tests' };

/** The groups of each person; another one is in none. */
const GROUPS = { ann: ['developers', 'staff'], bob: ['visitors'] };

export class IdentityProvider {
  #server;
  #handle;
  #port = 0;
  /** What became of each logout that it told the admin UI's server of */
  told = [];

  /** A provider that knows the admin UI at `home`. */
  static async start(home) {
    const provider = new IdentityProvider();
    await provider.#listen();
    const own = providerOf(provider.url, home);
    own.on('backchannel.success', () => provider.told.push('accepted'));
    own.on('backchannel.error', (_context, error) => provider.told.push(error.message));
    provider.#handle = handlerOf(own);
    return provider;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Where a person signs out at the provider itself. */
  get signOut() {
    return `${this.url}/session/end`;
  }

  /** Ends all connections and takes no more, until it is started again. */
  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Starts again at the same address. */
  restart() {
    return this.#listen();
  }

  async #listen() {
    this.#server = createServer((request, response) => this.#handle(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
  }
}

function providerOf(issuer, home) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  // People are asked who they are, and never whether they consent: an administrator has done that for them.
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${home}/api/v1/sign-in/oidc/callback`],
        post_logout_redirect_uris: [`${home}/`],
        backchannel_logout_uri: `${home}/api/v1/sign-in/oidc/logout`,
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['a key of the tests'] },
    scopes: ['openid', 'email', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, groups: GROUPS[id] ?? [] }),
    }),
    loadExistingGrant: async (context) => {
      const { client, session } = context.oidc;
      const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid email groups');
      await grant.save();
      return grant;
    },
    interactions: { policy, url: (_context, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => {
          context.body = page(
            `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out everywhere</button>`,
          );
        },
      },
    },
    // Its own client refuses to ask servers on this machine.
    fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
    renderError: (context, out) => {
      context.type = 'html';
      context.body = page(`<pre>${JSON.stringify(out)}</pre>`);
    },
  });
}

function handlerOf(provider) {
  const answer = provider.callback();
  return (request, response) => {
    if (request.url.startsWith('/interaction/')) {
      interact(provider, request, response);
    } else {
      answer(request, response);
    }
  };
}

/** Asks who signs in; "Cancel" goes back without. */
async function interact(provider, request, response) {
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html');
    response.end(
      page(
        '<form method="post"><label>Name <input name="name"></label><button>Continue</button><button name="cancel" value="1">Cancel</button></form>',
      ),
    );
    return;
  }
  let body = '';
  for await (const piece of request) {
    body += piece;
  }
  const form = new URLSearchParams(body);
  const result = form.has('cancel') ? { error: 'access_denied' } : { login: { accountId: form.get('name') } };
  await provider.interactionFinished(request, response, result);
}

function page(content) {
  return `<!DOCTYPE html><html lang="en"><title>Identity provider</title><body>${content}</body></html>`;
}
