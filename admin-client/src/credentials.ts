import type { ChangeOptions, Connection, Place } from './connection.js';
import type { AccessToken, KeyPatch, NewKey, NewToken, SdkKey, SigningSecret } from './types.js';

const KEYS = '/api/v1/projects/{project}/environments/{environment}/keys';
const KEY = `${KEYS}/{key}` as const;
const TOKENS = '/api/v1/projects/{project}/tokens';
const TOKEN = `${TOKENS}/{key}` as const;

export interface RotateOptions extends ChangeOptions {
  /** For how many seconds the old credential still works; by default a day */
  graceSeconds?: number;
}

/** The SDK keys of an environment */
export class Keys {
  readonly #connection: Connection;
  readonly #place: Place;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
  }

  /** All keys, or those of one kind, or whose name contains `search` */
  list(filter: { kind?: NewKey['kind']; search?: string } = {}): AsyncGenerator<SdkKey, void, undefined> {
    return this.#connection.items(this.#place, KEYS, { query: filter }) as AsyncGenerator<SdkKey, void, undefined>;
  }

  /** A key, by its id */
  async get(id: string): Promise<SdkKey> {
    return (await this.#connection.request(this.#place, 'get', KEY, { path: { key: id } })) as SdkKey;
  }

  /** Creates a key; `origins` are the pages that may use it. */
  async create(key: NewKey, { reason }: ChangeOptions = {}): Promise<SdkKey> {
    return (await this.#connection.request(this.#place, 'post', KEYS, { query: { reason }, body: key })) as SdkKey;
  }

  /** Changes `origins` or `signedContexts`. */
  async update(id: string, patch: KeyPatch, { reason }: ChangeOptions = {}): Promise<SdkKey> {
    const path = { key: id };
    return (await this.#connection.request(this.#place, 'patch', KEY, {
      path,
      query: { reason },
      body: patch,
    })) as SdkKey;
  }

  /** Creates a replacement; the old key works for a while. */
  async rotate(id: string, query: RotateOptions = {}): Promise<SdkKey> {
    const path = { key: id };
    return (await this.#connection.request(this.#place, 'post', `${KEY}/rotate`, { path, query })) as SdkKey;
  }

  /** Revokes a key at once. */
  async revoke(id: string, { reason }: ChangeOptions = {}): Promise<void> {
    await this.#connection.request(this.#place, 'delete', KEY, { path: { key: id }, query: { reason } });
  }

  /** Creates a secret that contexts are signed with, for a key of kind `client`. */
  async createSecret(id: string, { reason }: ChangeOptions = {}): Promise<SigningSecret> {
    const path = { key: id };
    return this.#connection.request(this.#place, 'post', `${KEY}/secrets`, { path, query: { reason } });
  }

  /** Removes a secret by its id: signatures made with it are no longer accepted. */
  async removeSecret(id: string, secret: string, { reason }: ChangeOptions = {}): Promise<void> {
    const path = { key: id, secret };
    await this.#connection.request(this.#place, 'delete', `${KEY}/secrets/{secret}`, { path, query: { reason } });
  }
}

/** The access tokens of a project */
export class Tokens {
  readonly #connection: Connection;
  readonly #place: Place;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
  }

  /** All tokens, or those of one role, or whose name contains `search` */
  list({
    role,
    search,
  }: {
    role?: NewToken['role'];
    search?: string;
  } = {}): AsyncGenerator<AccessToken, void, undefined> {
    const items = this.#connection.items(this.#place, TOKENS, { query: { kind: role, search } });
    return items as AsyncGenerator<AccessToken, void, undefined>;
  }

  /** A token, by its id */
  async get(id: string): Promise<AccessToken> {
    return (await this.#connection.request(this.#place, 'get', TOKEN, { path: { key: id } })) as AccessToken;
  }

  /** Creates a token; one for all projects needs such a token. */
  async create(token: NewToken, { reason }: ChangeOptions = {}): Promise<AccessToken> {
    const query = { reason };
    return (await this.#connection.request(this.#place, 'post', TOKENS, { query, body: token })) as AccessToken;
  }

  /** Creates a replacement; the old token works for a while. */
  async rotate(id: string, query: RotateOptions = {}): Promise<AccessToken> {
    const path = { key: id };
    return (await this.#connection.request(this.#place, 'post', `${TOKEN}/rotate`, { path, query })) as AccessToken;
  }

  /** Revokes a token at once. */
  async revoke(id: string, { reason }: ChangeOptions = {}): Promise<void> {
    await this.#connection.request(this.#place, 'delete', TOKEN, { path: { key: id }, query: { reason } });
  }
}
