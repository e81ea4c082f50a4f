/** `@flagstaff/node/hono`: flags of each request, for Hono 4, in Node and on edge platforms. */

import type { Context as HonoContext, MiddlewareHandler } from 'hono';
import type { Flags } from '../../sdk-js/src/index.js';
import {
  type FlagsClient,
  flagsOf,
  type MiddlewareOptions,
  missingMiddleware,
  type RequireOptions,
  toRefusal,
} from './request-flags.js';
import { runInScope } from './scope-holder.js';

export type { FlagsClient, MiddlewareOptions, RequireOptions } from './request-flags.js';

declare module 'hono' {
  interface ContextVariableMap {
    /** The flags of the request, each evaluated once; set by the middleware of `@flagstaff/node/hono`. */
    flags: Flags;
  }
}

/**
 * A middleware that sets the variable `flags`, in which each flag is evaluated once. In Node `currentFlags()` returns the same in the handlers after it.
 *
 * ```js
 * app.use(flagsMiddleware(client, { context: (c) => ({ targetingKey: c.req.header('x-user') }) }));
 * app.get('/', (c) => c.text(c.var.flags.isEnabled('new-home') ? 'new' : 'old'));
 * ```
 */
export function flagsMiddleware(client: FlagsClient, options: MiddlewareOptions<HonoContext> = {}): MiddlewareHandler {
  return async (c, next) => {
    const flags = await flagsOf(client, options, c);
    c.set('flags', flags);
    await runInScope(flags, next);
  };
}

/**
 * A middleware for routes that exist only where a boolean flag is on: otherwise the response is a 404 with `{"error": "Feature not available"}`.
 *
 * ```js
 * app.get('/beta', requireFlag('beta'), (c) => c.text('welcome'));
 * ```
 */
export function requireFlag(flag: string, options: RequireOptions = {}): MiddlewareHandler {
  const { status, body } = toRefusal(options);
  return async (c, next) => {
    const flags = c.get('flags') as Flags | undefined;
    if (flags === undefined) {
      throw missingMiddleware();
    }
    if (flags.isEnabled(flag)) {
      await next();
      return undefined;
    }
    return Response.json(body, { status });
  };
}
