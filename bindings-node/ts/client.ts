import { readFileSync } from 'node:fs';
import { openEngine } from './engine.js';
import { NodeClient } from './node-client.js';
import { type ClientArguments, type ClientOptions, type OfflineOptions, toOptions } from './options.js';

/**
 * A client of one environment of a Flagstaff server.
 *
 * ```js
 * const client = new Client({ url: 'https://flags.example.com', key: process.env.FLAGSTAFF_KEY });
 * await client.ready();
 * client.getBooleanValue('new-checkout', false, { targetingKey: 'user-1', plan: 'pro' });
 * ```
 */
export class Client extends NodeClient {
  /**
   * Does no I/O; {@link FlagClient.ready} and {@link FlagClient.start} do. Throws a `TypeError` for a URL that is not valid and for an empty key, and an
   * error for a bootstrap document that is refused as a whole.
   */
  constructor(options?: ClientOptions);
  /** The same with the server's root and an SDK key of kind `server` as separate arguments. */
  constructor(url: string | URL, key: string, options?: ClientOptions);
  constructor(...args: ClientArguments) {
    const options = toOptions(args);
    super(options, () => openEngine(options.engine, options.logger));
  }

  /** An offline client of a document, which is JSON text. Throws if the document is refused as a whole; `issues` lists broken flags. */
  static fromDocument(text: string, options: OfflineOptions = {}): Client {
    return new Client({ ...options, mode: 'offline', bootstrap: text });
  }

  /** An offline client of a file, which is read at once and only once. Throws if the file cannot be read or is refused as a whole. */
  static fromFile(path: string | URL, options: OfflineOptions = {}): Client {
    return Client.fromDocument(readFileSync(path, 'utf8'), options);
  }
}
