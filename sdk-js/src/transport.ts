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
  /** `GET`, unless there is a body. */
  method?: 'POST';
  body?: string;
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
  /** Who asks; without it the server is told of nothing. */
  identity?: Identity | undefined;
}

/** What a client calls itself to the server. */
export interface Identity {
  /** Drawn at random, so that no two clients share it. */
  instance: string;
  /** The name and the version of the package. */
  name: string;
  version: string;
}

/** A new client of a package. */
export function identify(name: string, version: string): Identity {
  // It tells clients apart and is no secret, so that chance is good enough where there is no `crypto`.
  const word = () =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return { instance: word() + word(), name, version };
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

/** A request for more than a moment is none for what is sent by the way. */
const POST_TIMEOUT_MS = 10_000;

/** Tells `path` of the SDK's API; resolves with the status and the text of the answer. */
export async function post(remote: Remote, path: string, body: unknown): Promise<{ status: number; text: string }> {
  const response = await remote.fetch(`${remote.url.replace(/\/+$/, '')}/api/v1/sdk/${path}`, {
    headers: { authorization: `Bearer ${remote.key}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    redirect: 'error',
    cache: 'no-store',
    method: 'POST',
    body: JSON.stringify(body),
  });
  // Read in any case, so that nothing is left open.
  const text = await response.text().catch(() => '');
  return { status: response.status, text };
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
