/** Requests to OFREP's routes of the server. */

import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';
import type { HttpRequest, HttpResponse, ServerConnection } from '../../../sdk-js/src/transport.js';

/** Why there is no usable response. */
export interface Failure {
  reason: string;
  /** Whether the server has refused the client, and not a proxy before it. */
  isRefused: boolean;
  /** The delay in milliseconds that the server asks for, or 0. */
  requested: number;
}

/** The values; nothing if those that the client has are current. */
export type BulkResult = { flags?: readonly EvaluatedFlag[]; etag?: string | undefined } | Failure;

/** Sends a request with the key to a route below `/ofrep/v1`. Headers that are `undefined` are left out. */
export function send(
  { url, key, fetch }: ServerConnection,
  route: string,
  headers: Record<string, string | undefined>,
  request: Pick<HttpRequest, 'signal' | 'method' | 'body'>,
): Promise<HttpResponse> {
  const all = Object.entries({ authorization: `Bearer ${key}`, ...headers }).filter(([, value]) => value);
  return fetch(`${url.replace(/\/+$/, '')}/ofrep/v1/${route}`, {
    ...request,
    headers: Object.fromEntries(all) as Record<string, string>,
    redirect: 'error',
    cache: 'no-store',
  });
}

/** Requests the values of a context, which is JSON text; never rejects. `etag` is that of the values that the client has. */
export async function requestValues(
  server: ServerConnection,
  { context, signature, etag, announced }: Record<'context' | 'signature' | 'etag' | 'announced', string | undefined>,
  signal: AbortSignal,
): Promise<BulkResult> {
  try {
    // A node that does not know of the announced state yet waits a moment.
    const query = announced ? `?flagConfigEtag=${encodeURIComponent(announced)}` : '';
    const response = await send(
      server,
      `evaluate/flags${query}`,
      { 'content-type': 'application/json', 'if-none-match': etag, 'x-flagstaff-signature': signature },
      { method: 'POST', body: `{"context":${context}}`, signal },
    );
    if (response.status === 304) {
      return {};
    }
    if (response.status !== 200) {
      return await readFailure(response);
    }
    const { flags } = JSON.parse(await response.text()) as { flags: readonly EvaluatedFlag[] };
    return { flags: [...flags], etag: response.headers.get('etag') ?? undefined };
  } catch (error) {
    return toFailure(signal.aborted ? 'the server did not respond in time' : String(error));
  }
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
