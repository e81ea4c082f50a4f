/** When to try again (protocol.md, PR-15). Durations are in milliseconds; `random` is in [0, 1). */

import { TIMING } from './timing.js';

/**
 * The delay before the next connection: it doubles with every failure, with full jitter, so that the clients of a restarted server do not
 * all reconnect at once.
 *
 * `failures` counts those in a row, `base` is the maximum after the first one.
 */
export function reconnectDelay(failures: number, random: number, base: number = TIMING.reconnectBase): number {
  const { reconnectBase, reconnectMax } = TIMING;
  const first = Math.min(Math.max(base, reconnectBase), reconnectMax);
  return random * Math.min(reconnectMax, first * 2 ** Math.min(Math.max(failures - 1, 0), 30));
}

/** A delay that the server asks for, which is a minimum: jitter is added. A delay that is too long is shortened. */
export function requestedDelay(requested: number, random: number): number {
  return Math.min(Math.max(requested, 0), TIMING.refusedRetry) + random * TIMING.reconnectBase;
}

/** The delay after a refusal. */
export function refusedDelay(random: number): number {
  return TIMING.refusedRetry * (1 + TIMING.refusedJitter * random);
}

/** `interval`, up to the share `jitter` shorter or longer, so that clients do not send at the same time. */
export function jittered(interval: number, jitter: number, random: number): number {
  return interval * (1 - jitter + 2 * jitter * random);
}

/** Parses a `Retry-After` header, which is a number of seconds or a date; `undefined` if it is neither. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) {
    return undefined;
  }
  if (/^\s*\d+\s*$/.test(header)) {
    return Number(header) * 1_000;
  }
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
