/**
 * Acknowledges which state is in use, so that the server knows whether a change has reached everyone (PR-21). Acknowledgements are delayed
 * at random: ten thousand pages receive a change at the same moment.
 */

import type { InstanceInfo, ServerConnection } from '../../../sdk-js/src/transport.js';
import { readFailure, send } from '../page/http.js';
import {
  ACKNOWLEDGE_ATTEMPTS,
  ACKNOWLEDGE_JITTER,
  ACKNOWLEDGE_MAX_SPREAD,
  ACKNOWLEDGE_RETRY,
  ACKNOWLEDGE_SPREAD,
  after,
  jittered,
  POST_TIMEOUT,
  retryDelay,
} from '../page/timing.js';

export interface Acknowledger {
  /** The state of this cursor is in use. */
  acknowledge(cursor: string): void;
  stop(): void;
}

export function createAcknowledger(server: ServerConnection, { id }: InstanceInfo): Acknowledger {
  let spread = ACKNOWLEDGE_SPREAD;
  let latest: string;
  let attempts = 0;
  let cancel: (() => void) | undefined;

  const schedule = (delay: number) => {
    cancel = after(delay, () => void attempt());
  };
  const attempt = async () => {
    const cursor = latest;
    const own = cancel;
    attempts += 1;
    let delay: number | undefined = jittered(ACKNOWLEDGE_RETRY, ACKNOWLEDGE_JITTER);
    try {
      const response = await send(
        server,
        'api/v1/sdk/applied',
        { 'content-type': 'application/json' },
        { method: 'POST', body: JSON.stringify({ instance: id, cursor }), signal: AbortSignal.timeout(POST_TIMEOUT) },
      );
      if (response.status === 200) {
        const { spreadMs = spread } = JSON.parse(await response.text());
        spread = Math.min(spreadMs, ACKNOWLEDGE_MAX_SPREAD);
        delay = latest === cursor ? undefined : spread * Math.random();
      } else if ((await readFailure(response)).isRefused) {
        delay = retryDelay(1, true, 0);
      }
    } catch {
      // Tried again, as after any other failure.
    }
    if (cancel === own) {
      cancel = undefined;
      if (delay !== undefined && attempts < ACKNOWLEDGE_ATTEMPTS) {
        schedule(delay);
      }
    }
  };
  return {
    acknowledge(cursor) {
      latest = cursor;
      attempts = 0;
      if (!cancel) {
        schedule(spread * Math.random());
      }
    },
    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}
