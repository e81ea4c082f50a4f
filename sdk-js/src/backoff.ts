/** When to try again (protocol.md, PR-15). All durations are in milliseconds; chance is an argument. */

/** What follows the first failure, before jitter; the server's `retry:` field changes it. */
export const FIRST_DELAY_MS = 1_000;

/** No computed delay is longer. */
export const LONGEST_DELAY_MS = 30_000;

/** After an answer that a person has to mend: wrong key, wrong kind of key, no such environment. Also the longest wait that a server may ask for. */
export const DENIED_DELAY_MS = 300_000;

/** A connection that was well for so long has made up for the failures before it. */
export const HEALTHY_AFTER_MS = 60_000;

/** Failures in a row after which the snapshot is polled too. */
export const FAILURES_BEFORE_POLLING = 3;

/** The time between two polls, before jitter. */
export const POLL_INTERVAL_MS = 30_000;

/**
 * The delay before the next connection: doubling with every failure, with full jitter, so that a restarted server is not met by
 * all its clients at once.
 *
 * `failures` counts those in a row, `first` is the delay after the first one, `random` is in [0, 1).
 */
export function reconnectDelay(failures: number, random: number, first = FIRST_DELAY_MS): number {
  const base = Math.min(Math.max(first, FIRST_DELAY_MS), LONGEST_DELAY_MS);
  const ceiling = Math.min(LONGEST_DELAY_MS, base * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return random * ceiling;
}

/** The delay that a server asked for. It is a lower bound, so that jitter comes on top; an absurd one is cut. */
export function requestedDelay(requested: number, random: number): number {
  return Math.min(Math.max(requested, 0), DENIED_DELAY_MS) + random * FIRST_DELAY_MS;
}

/** The delay after a denial, spread by a tenth. */
export function deniedDelay(random: number): number {
  return DENIED_DELAY_MS * (1 + random / 10);
}

/** The delay between two polls, spread by a quarter to both sides. */
export function pollDelay(random: number): number {
  return POLL_INTERVAL_MS * (0.75 + 0.5 * random);
}

/** Reads a `Retry-After` header, which is a number of seconds or a date; `undefined` where it is neither. */
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
