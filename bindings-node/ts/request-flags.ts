/** What the middlewares for all frameworks have in common. */

import type { ContextInput, Flags } from '../../sdk-js/src/index.js';

/** What a middleware needs of a client. */
export interface FlagsClient {
  forContext(context?: ContextInput): Flags;
}

export interface MiddlewareOptions<Request> {
  /** The context of a request: who sends it. Without it flags are evaluated for the client's own attributes only. */
  context?: ((request: Request) => ContextInput | undefined | Promise<ContextInput | undefined>) | undefined;
}

export interface RequireOptions {
  /** The status of the response if the flag is off; 404 by default. */
  status?: number | undefined;
  /** The member `error` of the response's body. */
  message?: string | undefined;
}

/** The response if a flag is off. */
export interface RefusedFeature {
  status: number;
  body: { error: string };
}

/** The response to a request without the feature, by these options. */
export function toRefusal({ status = 404, message = 'Feature not available' }: RequireOptions = {}): RefusedFeature {
  return { status, body: { error: message } };
}

/** The flags of a request. Rejects with what `context` throws. */
export async function flagsOf<Request>(
  client: FlagsClient,
  { context }: MiddlewareOptions<Request>,
  request: Request,
): Promise<Flags> {
  return client.forContext(await context?.(request));
}

/** The error of a route that needs flags and does not have them. */
export function missingMiddleware(): Error {
  return new Error('`requireFlag` needs the flags of the request: install the middleware of @flagstaff/node before it');
}
