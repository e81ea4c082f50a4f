import type { ChangeOptions, Connection, Place, VersionedOptions } from './connection.js';
import type { Flag, FlagBody, FlagPatch } from './types.js';

const LIST = '/api/v1/projects/{project}/environments/{environment}/flags';
const ONE = `${LIST}/{key}` as const;

/** The flags of an environment; `reason` is stored in the audit */
export class Flags {
  readonly #connection: Connection;
  readonly #place: Place;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
  }

  /** All flags, or those whose key contains `search` */
  list(filter: { search?: string; type?: Flag['type'] } = {}): AsyncGenerator<Flag, void, undefined> {
    return this.#connection.items(this.#place, LIST, { query: filter }) as AsyncGenerator<Flag, void, undefined>;
  }

  /** A flag; rejects with the code `not-found` if there is none */
  async get(key: string): Promise<Flag> {
    return (await this.#connection.request(this.#place, 'get', ONE, { path: { key } })) as Flag;
  }

  /** Creates a flag, in the short or the full form; without a body it is a boolean flag that is off. */
  async create(key: string, body: FlagBody = {}, { reason }: ChangeOptions = {}): Promise<Flag> {
    const options = { query: { reason }, body: { ...body, key } };
    return (await this.#connection.request(this.#place, 'post', LIST, options)) as Flag;
  }

  /** Creates a flag or replaces it; to replace it in the full form, name its `version` in `ifMatch`. */
  async replace(key: string, body: FlagBody, { reason, ifMatch }: VersionedOptions = {}): Promise<Flag> {
    const options = { path: { key }, query: { reason }, body, ifMatch };
    return (await this.#connection.request(this.#place, 'put', ONE, options)) as Flag;
  }

  /** Changes what a JSON merge patch names; `null` removes a field. */
  async update(key: string, patch: FlagPatch, { reason, ifMatch }: VersionedOptions = {}): Promise<Flag> {
    const options = { path: { key }, query: { reason }, body: patch, ifMatch };
    return (await this.#connection.request(this.#place, 'patch', ONE, options)) as Flag;
  }

  /** Enables a flag; its rules and its rollout stay. */
  switchOn(key: string, options?: ChangeOptions): Promise<Flag> {
    return this.update(key, { enabled: true }, options);
  }

  /** Disables a flag: everybody gets its off variant. */
  switchOff(key: string, options?: ChangeOptions): Promise<Flag> {
    return this.update(key, { enabled: false }, options);
  }

  /** Sets the percentage of users; a flag that is off stays off. */
  rollOut(key: string, percentage: number, options?: ChangeOptions): Promise<Flag> {
    return this.update(key, { rolloutPercentage: percentage }, options);
  }

  /** Deletes a flag with its overrides. */
  async delete(key: string, { reason, ifMatch }: VersionedOptions = {}): Promise<void> {
    await this.#connection.request(this.#place, 'delete', ONE, { path: { key }, query: { reason }, ifMatch });
  }
}
