/** One client for a process of Next.js, which loads a module several times: for each layer of an application, and again after an edit in development. */

import type { ContextInput, Flags, Readiness, ReadyOptions } from '../../sdk-js/src/index.js';
import type { ClientOptions } from './options.js';

/** What the functions for Next.js need of a client. */
export interface NextClient {
  ready(options?: ReadyOptions): Promise<Readiness>;
  forContext(context?: ContextInput): Flags;
}

/** The clients of the process by their options, and whether each was ready once. */
const CLIENTS = Symbol.for('flagstaff.next');

interface Held {
  client: NextClient;
  ready: Promise<unknown> | undefined;
}

interface ClientsHolder {
  [CLIENTS]?: Map<string, Held>;
}

export class ProcessClient {
  readonly #find: () => Held;

  /** Takes a client, or options, from which `make` creates a client at the first call of {@link client}. */
  constructor(client: NextClient | ClientOptions, make: (options: ClientOptions) => NextClient) {
    if (isClient(client)) {
      const held: Held = { client, ready: undefined };
      this.#find = () => held;
    } else {
      this.#find = () => findShared(client, make);
    }
  }

  get client(): NextClient {
    return this.#find().client;
  }

  /** The client, after the first call has waited for it: if the server is unreachable, no later request waits. */
  async ready(): Promise<NextClient> {
    const held = this.#find();
    held.ready ??= held.client.ready();
    await held.ready;
    return held.client;
  }
}

function findShared(options: ClientOptions, make: (options: ClientOptions) => NextClient): Held {
  const holder = globalThis as ClientsHolder;
  holder[CLIENTS] ??= new Map();
  const { url = process.env['FLAGSTAFF_URL'], key = process.env['FLAGSTAFF_KEY'], mode } = options;
  const name = JSON.stringify([String(url), key, mode]);
  let held = holder[CLIENTS].get(name);
  if (held === undefined) {
    held = { client: make(options), ready: undefined };
    holder[CLIENTS].set(name, held);
  }
  return held;
}

/** Not `instanceof`: the client may be of another copy of this package. */
function isClient(client: NextClient | ClientOptions): client is NextClient {
  return 'forContext' in client;
}
