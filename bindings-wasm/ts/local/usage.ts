/** Counts which flags the page has read, so that the server knows which are in use (protocol.md §4), and reports that once a minute. */

import type { InstanceInfo, ServerConnection } from '../../../sdk-js/src/transport.js';
import { readFailure, send } from '../page/http.js';
import { after, jittered, POST_TIMEOUT, USAGE_INTERVAL, USAGE_JITTER } from '../page/timing.js';
import type { FlagSnapshot } from '../page/types.js';

/** Maximum number of flags that do not exist and are counted. */
const MAX_UNKNOWN = 100;

interface Count {
  flag: string;
  variant: string | null;
  count: number;
}

export interface Usage {
  /** A flag is read; each of its evaluations counts once. */
  count(key: string, flag: FlagSnapshot | undefined): void;
  /** Reports from now on. */
  start(): void;
  /** Sends a last report. */
  stop(): void;
}

export function createUsage(server: ServerConnection, { id, name, version }: InstanceInfo): Usage {
  let counts = new Map<string, Count>();
  const seen = new WeakSet<FlagSnapshot>();
  let unknown = new Set<string>();
  let sequence = 0;
  let since = Date.now();
  /** A report without a response. It is sent again unchanged, so that a server that did receive it does not count it twice. */
  let unanswered: string | undefined;
  let isSending = false;
  let cancel = () => {};

  const next = (): string | undefined => {
    if (counts.size === 0) {
      return undefined;
    }
    const [from, until] = [since, Date.now()].map((time) => new Date(time).toISOString());
    const taken = [...counts.values()];
    counts = new Map();
    unknown = new Set();
    since = Date.now();
    sequence += 1;
    return JSON.stringify({ instance: id, sequence, sdk: { name, version }, from, until, counts: taken, lost: 0 });
  };
  const report = async () => {
    const body = unanswered ?? next();
    if (isSending || !body) {
      return;
    }
    isSending = true;
    unanswered = body;
    try {
      const response = await send(
        server,
        'api/v1/sdk/usage',
        { 'content-type': 'application/json' },
        // The page may be closed meanwhile.
        { method: 'POST', body, signal: AbortSignal.timeout(POST_TIMEOUT), keepalive: true },
      );
      const { status } = response;
      await readFailure(response);
      // A report that the server has refused as invalid is not sent again.
      unanswered = status < 300 || status === 400 || status === 413 || status === 422 ? undefined : body;
    } catch {
      // It is sent again with the next one.
    }
    isSending = false;
  };
  const start = () => {
    cancel();
    cancel = after(jittered(USAGE_INTERVAL, USAGE_JITTER), () => {
      void report();
      start();
    });
  };
  return {
    count(key, flag) {
      // An invalid context evaluates no flag.
      const isKnown = flag ? seen.has(flag) || flag.errorCode === 'INVALID_CONTEXT' : unknown.has(key);
      if (isKnown || (!flag && unknown.size >= MAX_UNKNOWN)) {
        return;
      }
      if (flag) {
        seen.add(flag);
      } else {
        unknown.add(key);
      }
      const variant = flag?.variant ?? null;
      const name = JSON.stringify([key, variant]);
      counts.set(name, { flag: key, variant, count: (counts.get(name)?.count ?? 0) + 1 });
    },
    start,
    stop() {
      cancel();
      void report();
    },
  };
}
