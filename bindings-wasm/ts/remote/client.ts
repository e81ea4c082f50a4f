import { PageClient } from '../page/client.js';
import type { ClientOptions } from '../page/options.js';
import { openRemote } from './values.js';

/** The flags of one page, evaluated by the server for the page's context. */
export class Client extends PageClient {
  /** Does no I/O, except that it reads stored values. Throws a `TypeError` for a URL that is not valid and for an empty key. */
  constructor(options: ClientOptions) {
    super(options, (values) => openRemote(values, options.stream !== false));
  }
}
