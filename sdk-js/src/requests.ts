/** Requests to the server's API for SDKs. */

import { toRejection } from './rejection.js';
import { TIMING } from './timing.js';
import type { HttpResponse, ServerConnection } from './transport.js';

/** Requests a path of the server's API for SDKs. */
export function request(
  server: ServerConnection,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<HttpResponse> {
  return server.fetch(`${server.url.replace(/\/+$/, '')}/api/v1/sdk/${path}`, {
    headers: { authorization: `Bearer ${server.key}`, ...headers },
    signal,
    redirect: 'error',
    cache: 'no-store',
  });
}

/** The response to {@link post}. */
export interface PostResponse {
  status: number;
  text: string;
  /** Whether the server refuses the client, so that trying again soon is pointless. */
  isRefused: boolean;
}

/** Posts to a path of the server's API for SDKs. */
export async function post(server: ServerConnection, path: string, body: unknown): Promise<PostResponse> {
  const response = await server.fetch(`${server.url.replace(/\/+$/, '')}/api/v1/sdk/${path}`, {
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(TIMING.postTimeout),
    redirect: 'error',
    cache: 'no-store',
    method: 'POST',
    body: JSON.stringify(body),
  });
  // The body is always read, so that the connection is released.
  const text = await response.text().catch(() => '');
  return { status: response.status, text, isRefused: toRejection(response, text).isRefused };
}
