/** Requests to the server. */

import type { HttpRequest, HttpResponse, ServerConnection } from '../../../sdk-js/src/transport.js';

/** Why there is no usable response. */
export interface Failure {
  reason: string;
  /** Whether the server has refused the client, and not a proxy before it. */
  isRefused: boolean;
  /** The delay in milliseconds that the server asks for, or 0. */
  requested: number;
}

/** Sends a request with the key to a route of the server. Headers that are `undefined` are left out. */
export function send(
  { url, key, fetch }: ServerConnection,
  route: string,
  headers: Record<string, string | undefined>,
  request: Omit<HttpRequest, 'headers' | 'redirect' | 'cache'>,
): Promise<HttpResponse> {
  return fetch(url.replace(/\/*$/, '/') + route, {
    ...request,
    // Without members that are undefined, which `fetch` would send as text.
    headers: JSON.parse(JSON.stringify({ authorization: `Bearer ${key}`, ...headers })),
    redirect: 'error',
    cache: 'no-store',
  });
}

export function toFailure(reason: string): Failure {
  return { reason, isRefused: false, requested: 0 };
}

/**
 * Reads a response other than the expected one. Only the server's own problem document says that it refuses the client: a proxy that is
 * misconfigured for a moment also responds with 403 or 404.
 */
export async function readFailure(response: HttpResponse): Promise<Failure> {
  const { status, headers } = response;
  let problem: Record<string, unknown> = {};
  try {
    problem = Object(JSON.parse(await response.text()));
  } catch {
    // Not the server's response.
  }
  const { type, detail, errorCode, errorDetails } = problem;
  return {
    reason: [`HTTP ${status}`, detail ?? errorDetails].filter(Boolean).join(': '),
    // OFREP's error code says that the context is not valid. Of the server's problems those above 404 pass.
    isRefused: status < 405 && (errorCode !== undefined || String(type).startsWith('urn:flagstaff:')),
    requested: 1_000 * (Number(headers.get('retry-after')) || 0),
  };
}
