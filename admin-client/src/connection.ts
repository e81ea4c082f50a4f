import type { Method, NamesOf, OperationOf, PathsWith, QueryOf, ResponseOf } from '../../admin/src/api/operations.js';
import { AdminError } from './error.js';

const PAGE = 200;

/** The project and environment of an `Admin`, which the paths of requests need not name */
export interface Place {
  readonly project: string;
  readonly environment: string;
}

/** The options of every change */
export interface ChangeOptions {
  /** The reason, for the audit */
  reason?: string | undefined;
}

/** The options of a change of an object that has a version */
export interface VersionedOptions extends ChangeOptions {
  /** The `version` that the object must still have */
  ifMatch?: number | string | undefined;
}

export interface RequestSettings {
  body?: unknown;
  ifMatch?: number | string | undefined;
  /** A random text: if the request is sent again within a day, it gets the first response again and is not applied again */
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** For how many milliseconds the server may wait before it responds, in addition to the time limit */
  patienceMs?: number;
}

type Names<O> = Partial<Place> & Omit<NamesOf<O>, keyof Place>;
type PathOf<O> = [keyof Omit<NamesOf<O>, keyof Place>] extends [never] ? { path?: Names<O> } : { path: Names<O> };
export type RequestOptions<O> = PathOf<O> & RequestSettings & { query?: WithoutCertainty<QueryOf<O>> };
type WithoutCertainty<Q> = { [N in keyof Q]?: Q[N] | undefined };

/** The paths of lists, and the items on their pages */
type ListPaths = {
  [P in PathsWith<'get'>]: ResponseOf<OperationOf<P, 'get'>> extends { items: unknown[]; next: string | null }
    ? P
    : never;
}[PathsWith<'get'>];
export type ItemOf<P extends ListPaths> = ResponseOf<OperationOf<P, 'get'>> extends { items: (infer I)[] } ? I : never;

/** Sends requests to one server with one access token. */
export class Connection {
  readonly url: string;
  readonly #token: string;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  constructor(url: string, token: string, timeoutMs: number, send: typeof fetch) {
    if (!/^https?:\/\/[^/]/.test(url)) {
      throw new TypeError(`expected the http:// or https:// URL of a server, got \`${url}\``);
    }
    if (token === '') {
      throw new TypeError('expected an access token, got an empty text');
    }
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#timeoutMs = timeoutMs;
    this.#fetch = send;
  }

  async request<M extends Method, P extends PathsWith<M>>(
    place: Place,
    method: M,
    path: P,
    options: RequestOptions<OperationOf<P, M>>,
  ): Promise<ResponseOf<OperationOf<P, M>>> {
    const { path: names, query, ...settings } = options as RequestSettings & { path?: object; query?: object };
    const url = this.url + fill(path, { ...place, ...names }) + queryOf({ ...query });
    return (await this.#send(method.toUpperCase(), url, settings)) as ResponseOf<OperationOf<P, M>>;
  }

  /** The items of a list, page after page */
  async *items<P extends ListPaths>(
    place: Place,
    path: P,
    options: RequestOptions<OperationOf<P, 'get'>>,
  ): AsyncGenerator<ItemOf<P>, void, undefined> {
    let cursor: string | null = null;
    do {
      const query: object = { ...options.query, limit: PAGE, cursor: cursor ?? undefined };
      const page = (await this.request(place, 'get', path, { ...options, query })) as unknown as Page<ItemOf<P>>;
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  async #send(method: string, url: string, settings: RequestSettings): Promise<unknown> {
    const { body, ifMatch, idempotencyKey, signal, patienceMs = 0 } = settings;
    const timeout = AbortSignal.timeout(this.#timeoutMs + patienceMs);
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (body !== undefined) {
      headers['content-type'] = typeof body === 'string' ? 'application/x-ndjson' : 'application/json';
    }
    if (ifMatch !== undefined) {
      headers['if-match'] = `"${ifMatch}"`;
    }
    if (idempotencyKey !== undefined) {
      headers['idempotency-key'] = idempotencyKey;
    }
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(url, {
        method,
        headers,
        // Another host must not get the access token.
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      if (signal?.aborted === true) {
        throw cause;
      }
      const { cause: inner, message } = cause as Error;
      const reason = inner instanceof Error && inner.message !== '' ? inner.message : message;
      throw new AdminError(0, { detail: `no response from ${this.url}: ${reason}` }, { cause });
    }
    if (response.ok) {
      return text === '' ? undefined : JSON.parse(text);
    }
    const requestId = response.headers.get('x-request-id');
    throw new AdminError(response.status, parseObject(text), requestId === null ? {} : { requestId });
  }
}

type Page<T> = { items: T[]; next: string | null };

function fill(path: string, names: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = names[name];
    // A URL cannot contain these names: they would be resolved to another path.
    if (value === undefined || ['', '.', '..'].includes(value)) {
      throw new TypeError(`\`${name}\`: a path cannot contain the name \`${value ?? ''}\``);
    }
    return encodeURIComponent(value);
  });
}

function queryOf(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
