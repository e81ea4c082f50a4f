/** The modes in which a client stays up to date other than by the stream. */

import { type FollowFunction, OnDemand, PollSync } from '../../sdk-js/src/index.js';
import type { ClientOptions } from './options.js';

/** How a client with these options follows its server; `undefined` is the stream. */
export function followFunction({ mode = 'stream', pollIntervalMs }: ClientOptions): FollowFunction | undefined {
  switch (mode) {
    case 'stream':
    case 'offline':
      return undefined;
    case 'poll':
      return (...args) => new PollSync(pollIntervalMs, ...args);
    case 'serverless':
      return (...args) => new OnDemand(pollIntervalMs, ...args);
    default:
      throw new TypeError('expected `stream`, `poll`, `serverless` or `offline` as the mode');
  }
}
