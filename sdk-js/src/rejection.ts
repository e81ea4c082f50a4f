/** Why a response is not the expected one, and whether the server refuses the client. */

import type { HttpResponse } from './transport.js';

export interface Rejection {
  /** For the log: the status, and what the server says about it. */
  reason: string;
  /**
   * Whether a person must act: the SDK key is unknown or of the wrong kind, or the environment was deleted. Only a response of Flagstaff itself counts:
   * a load balancer also responds with 403 or 404 during a deployment, and seconds later the server is reachable again.
   */
  isRefused: boolean;
}

/** The beginning of the `type` of each problem that a Flagstaff server responds with (RFC 9457). */
const PROBLEM_TYPE = 'urn:flagstaff:problem:';

/** The longest part of a server's message that is logged, in characters. */
const MAX_DETAIL_LENGTH = 500;

/** Reads the body of a response if it is a problem; the caller bounds the time. */
export async function readRejection(response: HttpResponse): Promise<Rejection> {
  const text = isProblem(response) ? await response.text() : '';
  return toRejection(response, text);
}

/** The rejection of a response whose body is `text`. */
export function toRejection(response: Pick<HttpResponse, 'status' | 'headers'>, text: string): Rejection {
  const { status } = response;
  const isDenial = status === 401 || status === 403 || status === 404;
  const problem = isProblem(response) ? parseProblem(text) : undefined;
  if (problem !== undefined) {
    return { reason: `the server responded with HTTP ${status}: ${problem.detail}`, isRefused: isDenial };
  }
  const hint = isDenial ? ', which is not a response of Flagstaff' : '';
  return { reason: `the server responded with HTTP ${status}${hint}`, isRefused: false };
}

function isProblem({ headers }: Pick<HttpResponse, 'headers'>): boolean {
  return (headers.get('content-type') ?? '').startsWith('application/problem+json');
}

/** A problem of a Flagstaff server; `undefined` if the text is something else. */
function parseProblem(text: string): { detail: string } | undefined {
  try {
    const { type, detail } = JSON.parse(text) as { type?: unknown; detail?: unknown };
    if (typeof type !== 'string' || !type.startsWith(PROBLEM_TYPE)) {
      return undefined;
    }
    // One line of the log.
    const line = String(detail ?? type.slice(PROBLEM_TYPE.length)).replace(/\s+/g, ' ');
    return { detail: line.slice(0, MAX_DETAIL_LENGTH) };
  } catch {
    return undefined;
  }
}
