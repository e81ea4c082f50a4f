/** The part of `fetch` that this package uses. The global one is assignable, and so is a caller's own, for a proxy or a test. */

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
  /** Redirects are refused: the SDK key must not be sent to another server. */
  redirect: 'error';
  cache: 'no-store';
  /** `GET`, unless there is a body. */
  method?: 'POST';
  body?: string;
  /** Whether the request outlives its page. */
  keepalive?: boolean;
}

export interface HttpResponse {
  status: number;
  headers: { get(name: string): string | null };
  body: ByteStream | null;
  text(): Promise<string>;
}

export type Fetch = (url: string, request: HttpRequest) => Promise<HttpResponse>;

/** A server, and what a client needs to talk to it. */
export interface ServerConnection {
  /** The server's root, such as `https://flags.example.com`, with or without a trailing slash. */
  url: string;
  /** The SDK key. */
  key: string;
  fetch: Fetch;
  /** A client without it sends neither acknowledgements nor usage reports. */
  instance?: InstanceInfo | undefined;
}

/** How a running client identifies itself to the server. */
export interface InstanceInfo {
  /** Random and unique. */
  id: string;
  /** Name and version of the package. */
  name: string;
  version: string;
}

/** A new instance of a package. */
export function createInstanceInfo(name: string, version: string): InstanceInfo {
  // It only has to be unique, so that no `crypto` is needed.
  const word = () =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return { id: word() + word(), name, version };
}

/** Checks a server's URL and an SDK key. Throws a `TypeError` if the URL is not valid or the key is not a string or empty. */
export function parseServerConnection(url: string | URL, key: string, fetch: Fetch): ServerConnection {
  const { protocol, href } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`expected an http or https URL, got \`${href}\``);
  }
  if (typeof key !== 'string' || key === '') {
    throw new TypeError('expected an SDK key');
  }
  return { url: href, key, fetch };
}
