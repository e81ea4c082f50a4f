import type { Method, OperationOf, PathsWith, ResponseOf } from '../../admin/src/api/operations.js';
import { Connection, type RequestOptions } from './connection.js';
import { Keys, Tokens } from './credentials.js';
import { Flags } from './flags.js';
import { Overrides } from './overrides.js';
import type { AuditRecord, Convergence } from './types.js';

const PROJECT = '/api/v1/projects/{project}';
/** The maximum time that the server waits before it responds. */
const LONGEST_WAIT_S = 30;
/** The pause before the next request, since the server responds early while it stops. */
const PAUSE_MS = 100;

export interface AdminOptions {
  /** `default` unless named */
  project?: string;
  /** `production` unless named */
  environment?: string;
  /** The time limit of each request; 30,000 by default */
  timeoutMs?: number;
  /** Instead of the global one, for a proxy or certificates of your own */
  fetch?: typeof fetch;
}

export interface AuditFilter {
  flag?: string;
  environment?: string;
  actor?: string;
  action?: 'create' | 'update' | 'delete';
  kind?: string;
  /** RFC 3339, as in `2026-12-01T00:00:00Z` */
  from?: string;
  until?: string;
  /** A kind of context, a colon and a key: `organization:acme` */
  context?: string;
  /** A JSON pointer into the flag, such as `/serve/rollout` */
  pointer?: string;
}

/** One environment of a server; each call is one request, and one that fails rejects with an `AdminError` */
export class Admin {
  readonly project: string;
  readonly environment: string;
  readonly flags: Flags;
  readonly overrides: Overrides;
  /** The SDK keys of the environment */
  readonly keys: Keys;
  /** The access tokens of the project */
  readonly tokens: Tokens;
  readonly #connection: Connection;
  readonly #inProject: (project: string, environment: string) => Admin;

  /** Takes the server's URL and an access token. */
  constructor(url: string, token: string, options: AdminOptions = {}) {
    const { project = 'default', environment = 'production', timeoutMs = 30_000 } = options;
    const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#connection = new Connection(url, token, timeoutMs, send);
    this.#inProject = (project, environment) => new Admin(url, token, { ...options, project, environment });
    this.project = project;
    this.environment = environment;
    this.flags = new Flags(this.#connection, this);
    this.overrides = new Overrides(this.#connection, this);
    this.keys = new Keys(this.#connection, this);
    this.tokens = new Tokens(this.#connection, this);
  }

  /** The same server and project, another environment */
  inEnvironment(environment: string): Admin {
    return this.inProject(this.project, environment);
  }

  /** The same server, another project */
  inProject(project: string, environment = 'production'): Admin {
    return this.#inProject(project, environment);
  }

  /** Who changed what in the project, the latest first */
  audit(filter: AuditFilter = {}): AsyncGenerator<AuditRecord, void, undefined> {
    return this.#connection.items(this, `${PROJECT}/audit`, { query: filter });
  }

  /**
   * Waits until every connected instance has a revision, by default the current one. Resolves after `timeoutMs` at the latest
   * (10,000 by default); then `converged` may be false, and `behind` lists the instances that do not have it.
   */
  async waitForConvergence({
    revision,
    timeoutMs = 10_000,
  }: {
    revision?: number;
    timeoutMs?: number;
  } = {}): Promise<Convergence> {
    const deadline = performance.now() + timeoutMs;
    let wanted = revision;
    for (;;) {
      const seconds = Math.min(Math.ceil(Math.max(deadline - performance.now(), 0) / 1_000), LONGEST_WAIT_S);
      const result = await this.#connection.request(this, 'get', `${PROJECT}/environments/{environment}/convergence`, {
        query: { revision: wanted, timeout: seconds },
        patienceMs: seconds * 1_000,
      });
      const left = deadline - performance.now();
      if (result.converged || left <= 0) {
        return result;
      }
      wanted = result.revision;
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, PAUSE_MS)));
    }
  }

  /**
   * Sends any request of the API; `path` is a path of its OpenAPI document. Its `{project}` and `{environment}` are those of this object
   * unless `options.path` names them.
   */
  async request<M extends Method, P extends PathsWith<M>>(
    method: M,
    path: P,
    options: RequestOptions<OperationOf<P, M>>,
  ): Promise<ResponseOf<OperationOf<P, M>>> {
    return this.#connection.request(this, method, path, options);
  }
}
