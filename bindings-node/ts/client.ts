import { readFileSync } from 'node:fs';
import { type Fetch, FlagClient, identify, type Logger, parseRemote, VERSION } from '../../sdk-js/src/index.js';
import { type EngineName, openEngine } from './engine.js';
import { unheldFetch } from './fetch.js';

export interface OfflineOptions {
  /** Where warnings go; `console` unless given. */
  logger?: Logger;
  /** Which engine evaluates; unless given, `FLAGSTAFF_EVALUATOR` says, and otherwise the addon does where one fits the platform. */
  evaluator?: EngineName;
}

export interface ClientOptions extends OfflineOptions {
  /** A `fetch` to use instead of our own, for a proxy or a test. The global one keeps the process running while the client does. */
  fetch?: Fetch;
  /**
   * Whether the client counts how often each flag is answered with each variant, and reports it once a minute; `true` unless given. Nothing of a context
   * is in it.
   */
  usage?: boolean;
}

/**
 * A client of one environment of a Flagstaff server.
 *
 * ```js
 * const client = new Client('https://flags.example.com', process.env.FLAGSTAFF_KEY);
 * await client.ready();
 * client.getBooleanValue('new-checkout', false, { targetingKey: 'user-1', plan: 'pro' });
 * ```
 */
export class Client extends FlagClient {
  /**
   * Does no I/O; {@link FlagClient.ready} and {@link FlagClient.start} do. `url` is the server's root and `key` a server key. Throws a `TypeError` for a URL
   * that is none and for an empty key.
   */
  constructor(url: string | URL, key: string, { fetch = unheldFetch, logger, evaluator, usage }: ClientOptions = {}) {
    const remote = { ...parseRemote(url, key, fetch), identity: identify('@flagstaff/node', VERSION) };
    super({ remote, logger, usage, open: () => openEngine(evaluator).evaluator });
  }

  /** A client that serves a document's text, without a server. Throws where the document is refused whole; broken flags are in its `issues`. */
  static fromDocument(text: string, options: OfflineOptions = {}): FlagClient {
    return new OfflineClient(text, options);
  }

  /** A client that serves a file, without a server, read once and at once. Throws where the file cannot be read or is refused whole. */
  static fromFile(path: string | URL, options: OfflineOptions = {}): FlagClient {
    return new OfflineClient(readFileSync(path, 'utf8'), options);
  }
}

class OfflineClient extends FlagClient {
  constructor(document: string, { logger, evaluator }: OfflineOptions) {
    const open = () => openEngine(evaluator).evaluator;
    super({ remote: undefined, logger, open });
    this.adopt(open(), document);
  }
}
