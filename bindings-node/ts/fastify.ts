/** `@flagstaff/node/fastify`: flags of each request, for Fastify 4 and 5. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Flags } from '../../sdk-js/src/index.js';
import {
  type FlagsClient,
  flagsOf,
  type MiddlewareOptions,
  missingMiddleware,
  type RequireOptions,
  toRefusal,
} from './request-flags.js';
import { runWithFlags } from './scope.js';

export type { FlagsClient, MiddlewareOptions, RequireOptions } from './request-flags.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The flags of the request, each evaluated once; set by the plugin of `@flagstaff/node/fastify`. */
    flags: Flags;
  }
}

export interface FlagsPluginOptions extends MiddlewareOptions<FastifyRequest> {
  client: FlagsClient;
  /** The hook that reads the context; `onRequest` by default. `preHandler` is late enough for a user that another plugin sets. */
  hook?: 'onRequest' | 'preValidation' | 'preHandler' | undefined;
}

/**
 * A plugin that sets `request.flags`, in which each flag is evaluated once, for all routes of the server. In the handlers `currentFlags()` returns
 * the same.
 *
 * ```js
 * await app.register(flagsPlugin, { client, context: (request) => ({ targetingKey: request.headers['x-user'] }) });
 * ```
 */
export function flagsPlugin(app: FastifyInstance, options: FlagsPluginOptions, done: (error?: Error) => void): void {
  const { client, hook = 'onRequest' } = options;
  app.decorateRequest('flags', null as unknown as Flags);
  const set = (request: FastifyRequest, _reply: FastifyReply, next: (error?: Error) => void) => {
    flagsOf(client, options, request).then(
      (flags) => {
        request.flags = flags;
        runWithFlags(flags, next);
      },
      (error: unknown) => next(error instanceof Error ? error : new Error(String(error))),
    );
  };
  // Each hook has a signature of its own; this one fits all three.
  app.addHook(hook as 'onRequest', set);
  done();
}

// Fastify's sign that a plugin is for the whole server, as the package fastify-plugin sets it.
Object.assign(flagsPlugin, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'flagstaff' });

/**
 * A `preHandler` for routes that exist only where a boolean flag is on: otherwise the response is a 404 with `{"error": "Feature not available"}`.
 *
 * ```js
 * app.get('/beta', { preHandler: requireFlag('beta') }, async () => 'welcome');
 * ```
 */
export function requireFlag(
  flag: string,
  options: RequireOptions = {},
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const refusal = toRefusal(options);
  return async (request, reply) => {
    const flags = request.flags as Flags | null | undefined;
    if (flags === null || flags === undefined) {
      throw missingMiddleware();
    }
    if (!flags.isEnabled(flag)) {
      await reply.code(refusal.status).send(refusal.body);
    }
  };
}
