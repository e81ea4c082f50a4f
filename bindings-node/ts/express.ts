/** `@flagstaff/node/express`: flags of each request, for Express 4 and 5 and for other frameworks with the same middlewares. */

import type { ContextInput, Flags } from '../../sdk-js/src/index.js';
import {
  type FlagsClient,
  type MiddlewareOptions,
  missingMiddleware,
  type RequireOptions,
  toRefusal,
} from './request-flags.js';
import { runWithFlags } from './scope.js';

export type { FlagsClient, MiddlewareOptions, RequireOptions } from './request-flags.js';

declare global {
  namespace Express {
    interface Request {
      /** The flags of the request, each evaluated once; set by the middleware of `@flagstaff/node/express`. */
      flags: Flags;
    }
  }
}

/** A middleware, for requests and responses of any framework. */
type Handler<Request, Response> = (request: Request, response: Response, next: (error?: unknown) => void) => void;

/** The part of Express's response that is used. */
interface JsonResponse {
  status(code: number): { json(body: unknown): unknown };
}

/**
 * A middleware that sets `request.flags`, in which each flag is evaluated once. In the handlers after it `currentFlags()` returns the same.
 *
 * ```js
 * app.use(flagsMiddleware(client, { context: (request) => ({ targetingKey: request.user?.id }) }));
 * app.get('/', (request, response) => response.send(request.flags.isEnabled('new-home') ? 'new' : 'old'));
 * ```
 */
export function flagsMiddleware<Request extends object>(
  client: FlagsClient,
  { context }: MiddlewareOptions<Request> = {},
): Handler<Request, unknown> {
  return (request, _response, next) => {
    const proceed = (input: ContextInput | undefined) => {
      const flags = client.forContext(input);
      (request as { flags?: Flags }).flags = flags;
      runWithFlags(flags, next);
    };
    // Without a promise the handlers run in the same turn of the event loop.
    let input: ReturnType<NonNullable<typeof context>>;
    try {
      input = context?.(request);
    } catch (error) {
      next(error);
      return;
    }
    if (input instanceof Promise) {
      input.then(proceed).catch(next);
    } else {
      proceed(input);
    }
  };
}

/**
 * A middleware for routes that exist only where a boolean flag is on: otherwise the response is a 404 with `{"error": "Feature not available"}`.
 *
 * ```js
 * app.get('/beta', requireFlag('beta'), (request, response) => response.send('welcome'));
 * ```
 */
export function requireFlag(flag: string, options: RequireOptions = {}): Handler<object, JsonResponse> {
  const refusal = toRefusal(options);
  return (request, response, next) => {
    const { flags } = request as { flags?: Flags };
    if (flags === undefined) {
      next(missingMiddleware());
    } else if (flags.isEnabled(flag)) {
      next();
    } else {
      response.status(refusal.status).json(refusal.body);
    }
  };
}
