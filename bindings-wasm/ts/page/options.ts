/** The options and the events of the remote client. */

import type { Bootstrap } from '../../../sdk-js/src/bootstrap.js';
import type { Fetch } from '../../../sdk-js/src/transport.js';
import type { Context, Logger, Status } from '../../../sdk-js/src/types.js';
import type { Signature } from './signature.js';
import type { Exposure } from './types.js';

export interface ClientEvents {
  /** The keys of flags whose value, variant or reason has changed. */
  change: { flags: readonly string[] };
  status: { status: Status };
}

export interface ClientOptions {
  /** The server's root, such as `https://flags.example.com`. */
  url: string | URL;
  /** An SDK key of kind `client`. */
  key: string;
  /** The context of the page's user; `{}` by default, or that of the bootstrap. */
  context?: Context | undefined;
  /** The signature of the context, if the key requires one (docs/signed-contexts.md). */
  signature?: Signature | undefined;
  /**
   * Values that the page starts with. By default they are read from the element with the id `flagstaff-bootstrap`, if the page has one;
   * `false` ignores it.
   */
  bootstrap?: Bootstrap | false | undefined;
  /**
   * Whether values are stored in the browser for the next page: `cache-first`, the default, serves them at once until the server has
   * responded; `network-first` only if the server cannot be reached; `off` stores nothing.
   */
  cache?: 'cache-first' | 'network-first' | 'off' | undefined;
  /** Whether to follow the server's announcements of changes; `true` by default. Otherwise the page gets changes when it is shown again. */
  stream?: boolean | undefined;
  /** Called once for each flag, variant and context for which `expose` is called. */
  onExposure?: ((exposure: Exposure) => void) | undefined;
  /** Receives warnings; `console` by default. */
  logger?: Logger | undefined;
  /** Replaces the global `fetch`. */
  fetch?: Fetch | undefined;
}
