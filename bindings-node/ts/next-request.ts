/** The request for which Next.js renders, in the same form for both of its routers. */

/** What a context function may read of a request. */
export interface Visit {
  readonly headers: { get(name: string): string | null };
  readonly cookies: { get(name: string): string | undefined };
}

/** A request of the App Router's route handlers and of the proxy. */
export interface WebRequest {
  headers: { get(name: string): string | null };
}

/** A request of the Pages Router. */
export interface NodeRequest {
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The visit of a request. */
export function readRequest(request: WebRequest | NodeRequest): Visit {
  const headers = isWebRequest(request) ? request.headers : fromRecord(request.headers);
  return { headers, cookies: { get: (name) => findCookie(headers.get('cookie') ?? '', name) } };
}

/**
 * The request that is being rendered or handled. `identity` is an object of Next.js that is the same for everything that belongs to the request. Rejects
 * outside of a request; while a page is prerendered, Next.js learns from the call that the page depends on the request.
 */
export async function findRequest(): Promise<{ identity: object; visit: Visit }> {
  // Imported at the first call, since a configuration file imports this package too, before Next.js is set up. The path has its ending, since `next` has
  // no `exports`, and this package is not bundled.
  const { headers, cookies } = await import('next/headers.js');
  const [identity, jar] = await Promise.all([headers(), cookies()]);
  return { identity, visit: { headers: identity, cookies: { get: (name) => jar.get(name)?.value } } };
}

function isWebRequest(request: WebRequest | NodeRequest): request is WebRequest {
  return typeof request.headers.get === 'function';
}

function fromRecord(headers: NodeRequest['headers']): Visit['headers'] {
  return {
    get(name) {
      const value = headers[name.toLowerCase()];
      return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

function findCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(/; */)) {
    const end = pair.indexOf('=');
    if (end > 0 && pair.slice(0, end).trim() === name) {
      const value = pair.slice(end + 1).replace(/^"|"$/g, '');
      try {
        return decodeURIComponent(value);
      } catch {
        return value;
      }
    }
  }
  return undefined;
}
