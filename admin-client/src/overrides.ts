import type { ChangeOptions, Connection, Place } from './connection.js';
import type { Loaded, Override, OverrideLine, OverrideValue } from './types.js';

const ENVIRONMENT = '/api/v1/projects/{project}/environments/{environment}';
const LIST = `${ENVIRONMENT}/flags/{key}/overrides` as const;
const ONE = `${LIST}/{level}/{contextKey}` as const;

/** The results of single contexts; `level` is one of the flag's, such as `user` or `organization` */
export class Overrides {
  readonly #connection: Connection;
  readonly #place: Place;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
  }

  /** The overrides of a flag */
  list(
    flag: string,
    filter: { level?: string; effect?: 'include' | 'exclude' | 'variant' | 'patch'; search?: string } = {},
  ): AsyncGenerator<Override, void, undefined> {
    return this.#connection.items(this.#place, LIST, { path: { key: flag }, query: filter });
  }

  /** The overrides of one context, in all flags */
  ofContext(contextKey: string, filter: { level?: string } = {}): AsyncGenerator<Override, void, undefined> {
    const query = { ...filter, contextKey };
    return this.#connection.items(this.#place, `${ENVIRONMENT}/overrides`, { query });
  }

  /** An override; rejects with the code `not-found` if there is none */
  async get(flag: string, level: string, contextKey: string): Promise<Override> {
    return this.#connection.request(this.#place, 'get', ONE, { path: { key: flag, level, contextKey } });
  }

  /** Creates an override, or replaces the one of this context. */
  async add(
    flag: string,
    level: string,
    contextKey: string,
    value: OverrideValue = 'include',
    { reason }: ChangeOptions = {},
  ): Promise<Override> {
    const path = { key: flag, level, contextKey };
    return this.#connection.request(this.#place, 'put', ONE, { path, body: { value, reason } });
  }

  /** Merges a patch into an override's value; `{ patch: { theme: null } }` removes a leaf from it. */
  async patch(
    flag: string,
    level: string,
    contextKey: string,
    value: Exclude<OverrideValue, string>,
    { reason }: ChangeOptions = {},
  ): Promise<Override> {
    const path = { key: flag, level, contextKey };
    return this.#connection.request(this.#place, 'patch', ONE, { path, body: { value, reason } });
  }

  /** Removes an override: the context gets what it would get without it. */
  async remove(flag: string, level: string, contextKey: string, { reason }: ChangeOptions = {}): Promise<void> {
    const path = { key: flag, level, contextKey };
    await this.#connection.request(this.#place, 'delete', ONE, { path, query: { reason } });
  }

  /** Stores many overrides in one revision; with the mode `replace` it deletes those that are not named. */
  async load(
    flag: string,
    overrides: Iterable<OverrideLine>,
    { mode, dryRun, reason }: { mode?: 'merge' | 'replace'; dryRun?: boolean } & ChangeOptions = {},
  ): Promise<Loaded> {
    const body = Array.from(overrides, (override) => `${JSON.stringify(override)}\n`).join('');
    const query = { mode, dryRun, reason };
    return this.#connection.request(this.#place, 'post', `${LIST}/bulk`, { path: { key: flag }, query, body });
  }
}
