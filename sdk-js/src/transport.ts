/** The part of `fetch` that this package uses. The global one fits, and so does a caller's own, for a proxy or a test. */

/** Bytes as they arrive; a web `ReadableStream` is one. */
export interface ByteStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
  };
}

export interface HttpRequest {
  headers: Record<string, string>;
  signal: AbortSignal;
  /** A redirect is refused: the key must not travel to where the caller never sent it. */
  redirect: 'error';
  cache: 'no-store';
}

export interface HttpResponse {
  status: number;
  headers: { get(name: string): string | null };
  body: ByteStream | null;
  text(): Promise<string>;
}

export type Fetch = (url: string, request: HttpRequest) => Promise<HttpResponse>;

/** Where the server is and what lets us in. */
export interface Remote {
  /** The server's root, such as `https://flags.example.com`, with or without a trailing slash. */
  url: string;
  key: string;
  fetch: Fetch;
}

/** Asks for `path` of the SDK's API. */
export function request(
  remote: Remote,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<HttpResponse> {
  return remote.fetch(`${remote.url.replace(/\/+$/, '')}/api/v1/sdk/${path}`, {
    headers: { authorization: `Bearer ${remote.key}`, ...headers },
    signal,
    redirect: 'error',
    cache: 'no-store',
  });
}

/** Whether only a person can mend this answer: the key is unknown, of the wrong kind, or the environment is gone. */
export function isDenial(status: number): boolean {
  return status === 401 || status === 403 || status === 404;
}

/** Checks what a caller says about the server. Throws a `TypeError` for a URL that is none and for a key that is no text. */
export function parseRemote(url: string | URL, key: string, fetch: Fetch): Remote {
  const { protocol, href } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`expected an http or https URL, got \`${href}\``);
  }
  if (typeof key !== 'string' || key === '') {
    throw new TypeError('expected a key');
  }
  return { url: href, key, fetch };
}
