/** The options of a client, and their defaults from environment variables. */

import {
  type Context,
  type ContextInput,
  type Details,
  type Fetch,
  type Logger,
  parseServerConnection,
  type ServerConnection,
} from '../../sdk-js/src/index.js';
import type { Engine } from './engine.js';
import { unrefFetch } from './fetch.js';

/** The options of a client without a server. */
export interface OfflineOptions {
  /** Receives warnings; `console` by default. */
  logger?: Logger | undefined;
  /** The engine; by default that of the environment variable `FLAGSTAFF_ENGINE`, or else the addon if there is one for the platform. */
  engine?: Engine | undefined;
  /** Attributes that every context has, unless it has its own: a region, a version. */
  context?: Context | undefined;
  /** The attribute that is the key of the user in contexts without a `targetingKey`: a name such as `userId`, or a JSON pointer. */
  targetingKeyAttribute?: string | undefined;
  /** Called with the details of each evaluation by a getter, and of each first read of a flag of a view; what it throws is logged. */
  onEvaluation?: ((details: Details<unknown>, context: ContextInput | undefined) => void) | undefined;
}

/**
 * How a client stays up to date: `stream` receives changes as they are made, `poll` requests them every 30 seconds, `serverless` requests them when a flag
 * is read and the flags are old, without timers or connections in between, and `offline` never connects.
 */
export type Mode = 'stream' | 'poll' | 'serverless' | 'offline';

export interface ClientOptions extends OfflineOptions {
  /** The server's root; by default the environment variable `FLAGSTAFF_URL`. */
  url?: string | URL | undefined;
  /** An SDK key of kind `server`; by default the environment variable `FLAGSTAFF_KEY`. */
  key?: string | undefined;
  /** `stream` by default. */
  mode?: Mode | undefined;
  /** Mean time between polls of the mode `poll`, and the age of flags at which the mode `serverless` asks for new ones; 30,000 by default. */
  pollIntervalMs?: number | undefined;
  /** A document whose flags are used until the server has sent its own: JSON text, or the object. */
  bootstrap?: string | object | undefined;
  /** A file that stores the last flags, for a start while the server is unreachable. */
  cacheFile?: string | URL | undefined;
  /** Replaces the package's own `fetch`, for a proxy or a test. The global one keeps the process running as long as the client runs. */
  fetch?: Fetch | undefined;
  /**
   * Whether the client counts how often each flag is evaluated to each variant, and reports it once a minute; `true` by default. Reports contain
   * nothing of a context.
   */
  usage?: boolean | undefined;
}

/** The arguments of a client: `(options)`, or `(url, key, options)`. */
export type ClientArguments = [options?: ClientOptions | string | URL, key?: string, options?: ClientOptions];

/** The options of either form. */
export function toOptions(args: ClientArguments): ClientOptions {
  const [first, key, options] = args;
  const isUrl = typeof first === 'string' || first instanceof URL;
  return isUrl ? { ...options, url: first, key } : { ...first };
}

/**
 * The server of these options and of the environment; `undefined` in the mode `offline`. Throws a `TypeError` if the URL or the key is missing
 * or not valid.
 */
export function toServer({ url, key, mode, fetch = unrefFetch }: ClientOptions): ServerConnection | undefined {
  if (mode === 'offline') {
    return undefined;
  }
  const server = url ?? process.env['FLAGSTAFF_URL'];
  if (server === undefined || server === '') {
    throw new TypeError('expected the URL of the server: the option `url`, or the environment variable FLAGSTAFF_URL');
  }
  return parseServerConnection(server, key ?? process.env['FLAGSTAFF_KEY'] ?? '', fetch);
}
