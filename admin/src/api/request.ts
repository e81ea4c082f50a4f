// Requests to the server, typed by its OpenAPI document. Errors are `application/problem+json` (RFC 9457).

import { BASE_PATH } from '../base-path';
import { currentSession, refuse } from '../session';
import type { Method, NamesOf, OperationOf, PathsWith, QueryOf, ResponseOf } from './operations';
import { askReason, isDangerous, protectedOf, rememberProtected } from './protection';
import type { components } from './schema';

export type Schemas = components['schemas'];

export interface FieldError {
  pointer: string;
  message: string;
}

/** The errors of a part, with pointers into it */
export function below(errors: readonly FieldError[], pointer: string): FieldError[] {
  const inside = errors.filter((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`));
  return inside.map((error) => ({ ...error, pointer: error.pointer.slice(pointer.length) }));
}

/** A response that is not a success, or no response: then `status` is 0 */
export class Problem extends Error {
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly requestId: string | undefined;
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Record<string, unknown>, requestId: string | undefined) {
    const text = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined);
    super(text('detail') ?? text('title') ?? `HTTP ${status}`);
    this.status = status;
    this.detail = this.message;
    this.errors = Array.isArray(body['errors']) ? (body['errors'] as FieldError[]) : [];
    this.requestId = requestId;
    this.body = body;
  }

  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

const REASON_REQUIRED = 'urn:flagstaff:problem:reason-required';
/** Routes with a body that write nothing */
const READS = /\/(contexts\/flags|evaluate|values)$/;

type PathOf<O> = [NamesOf<O>] extends [never] ? { path?: never } : { path: NamesOf<O> };

type Options<O> = PathOf<O> & {
  query?: QueryOf<O>;
  body?: unknown;
  /** The reason that the UI gives by itself; in a protected environment a person gives one */
  ownReason?: string;
  /** The entity tag that the resource must still have */
  ifMatch?: string | number;
  signal?: AbortSignal;
};

export interface Answer<T> {
  data: T;
  etag: string | undefined;
}

/** The options whatever the operation is */
interface Plain {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  ifMatch?: string | number;
  signal?: AbortSignal;
}

/** Sends a request to a path of the OpenAPI document. A write to a protected environment is asked about first. */
export async function request<M extends Method, P extends PathsWith<M>>(
  method: M,
  path: P,
  options: Options<OperationOf<P, M>>,
): Promise<Answer<ResponseOf<OperationOf<P, M>>>> {
  const { ownReason, ...plain } = options as Plain & { ownReason?: string };
  const { project = '', environment } = plain.path ?? {};
  const isWrite = method !== 'get' && plain.query?.['dryRun'] !== true;
  const withReason = async (place: string) => {
    const given = plain.query?.['reason'] ?? (plain.body as { reason?: unknown } | undefined)?.reason;
    const question = { environment: place, isDangerous: isDangerous(method, path), reason: String(given ?? '') };
    const reason = await askReason(question);
    const isInBody = typeof plain.body === 'object' && plain.body !== null && 'reason' in plain.body;
    const body = isInBody ? { ...(plain.body as object), reason } : plain.body;
    return exchange(method, path, { ...plain, body, query: { ...plain.query, reason } });
  };
  if (isWrite && environment !== undefined && !READS.test(path)) {
    const isProtected = (protectedOf(project) ?? (await readProtected(project))).includes(environment);
    if (isProtected) {
      return (await withReason(environment)) as never;
    }
  }
  try {
    const own = ownReason === undefined ? plain : { ...plain, query: { ...plain.query, reason: ownReason } };
    return (await exchange(method, path, own)) as never;
  } catch (error) {
    // What concerns the whole project, or an environment that was protected a moment ago
    if (!(error instanceof Problem) || error.body['type'] !== REASON_REQUIRED) {
      throw error;
    }
    return (await withReason(environment ?? (await readProtected(project)).join(', '))) as never;
  }
}

async function readProtected(project: string): Promise<readonly string[]> {
  const path = '/api/v1/projects/{project}/environments';
  const { data } = await exchange('get', path, { path: { project }, query: { limit: 200 } });
  const { items } = data as Schemas['Page_Environment'];
  rememberProtected(
    project,
    items.filter((each) => each.requireReason).map((each) => each.name),
  );
  return protectedOf(project) ?? [];
}

async function exchange(method: Method, path: string, options: Plain): Promise<Answer<unknown>> {
  const { path: names, query, body, ifMatch, signal } = options;
  const isText = typeof body === 'string';
  const headers = new Headers();
  if (body !== undefined) {
    headers.set('content-type', isText ? 'application/x-ndjson' : 'application/json');
  }
  if (ifMatch !== undefined) {
    headers.set('if-match', `"${ifMatch}"`);
  }
  const response = await send(address(path, names, query), {
    method: method.toUpperCase(),
    headers,
    signal: signal ?? null,
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
  const data = response.status === 204 ? undefined : await response.json();
  return { data, etag: response.headers.get('etag')?.replaceAll('"', '') };
}

/** The body of a successful GET */
export async function get<P extends PathsWith<'get'>>(
  path: P,
  options: Options<OperationOf<P, 'get'>>,
): Promise<ResponseOf<OperationOf<P, 'get'>>> {
  const { data } = await request('get', path, options);
  return data;
}

/** The address of a path of the OpenAPI document */
export function address(path: string, names: Record<string, string> = {}, query: Record<string, unknown> = {}): string {
  const filled = BASE_PATH + path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''));
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? filled : `${filled}?${text}`;
}

/** Sends a request with the token of the session, or its cookie, which the browser adds; a status of 400 or more is thrown as a `Problem`. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  const session = currentSession();
  const token = session.state === 'signedOut' ? undefined : session.token;
  const headers = new Headers(init.headers);
  if (token !== undefined) {
    headers.set('authorization', `Bearer ${token}`);
  }
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') {
      throw error;
    }
    throw new Problem(0, {}, undefined);
  }
  if (response.ok) {
    return response;
  }
  if (response.status === 401) {
    refuse(session);
  }
  const body: unknown = await response.json().catch(() => ({}));
  throw new Problem(
    response.status,
    (body ?? {}) as Record<string, unknown>,
    response.headers.get('x-request-id') ?? undefined,
  );
}
