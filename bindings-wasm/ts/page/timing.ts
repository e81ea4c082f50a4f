/** Delays of the clients of pages, in milliseconds. Those that other SDKs have too are equal to theirs (docs/sdk.md), which a test checks. */

export const CONNECT_TIMEOUT = 10_000;
export const READ_TIMEOUT = 45_000;
export const POST_TIMEOUT = 10_000;
/** A snapshot may be long. */
export const SNAPSHOT_TIMEOUT = 60_000;
export const POLL_AFTER_FAILURES = 3;
export const USAGE_INTERVAL = 60_000;
export const USAGE_JITTER = 0.5;
export const ACKNOWLEDGE_SPREAD = 1_000;
export const ACKNOWLEDGE_MAX_SPREAD = 10_000;
export const ACKNOWLEDGE_ATTEMPTS = 3;
export const ACKNOWLEDGE_RETRY = 5_000;
export const ACKNOWLEDGE_JITTER = 0.5;
const RECONNECT_BASE = 1_000;
const RECONNECT_MAX = 60_000;
const REFUSED_RETRY = 300_000;
const REFUSED_JITTER = 0.1;

/** Calls `action` after a delay, unless the function that is returned is called before. */
export function after(delay: number, action: () => void): () => void {
  const timer = setTimeout(action, delay);
  return () => clearTimeout(timer);
}

/** `interval`, up to the share `jitter` shorter or longer, so that pages do not send at the same time. */
export function jittered(interval: number, jitter: number): number {
  return interval * (1 - jitter + 2 * jitter * Math.random());
}

/**
 * The delay before the next attempt: after `failures` in a row, or after a refusal. `requested` is the delay that the server asks for, which is a
 * minimum.
 */
export function retryDelay(failures: number, isRefused: boolean, requested: number): number {
  const random = Math.random();
  const delay = isRefused
    ? REFUSED_RETRY * (1 + REFUSED_JITTER * random)
    : random * Math.min(RECONNECT_MAX, RECONNECT_BASE * 2 ** (failures - 1));
  return requested > 0 ? Math.max(delay, Math.min(requested, REFUSED_RETRY) + random * RECONNECT_BASE) : delay;
}
