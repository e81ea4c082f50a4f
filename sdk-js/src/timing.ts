/** The numbers that all SDKs share (docs/sdk.md); durations are in milliseconds, jitter is a share of a duration. */
export const TIMING = {
  /** Maximum of the first delay before a reconnection; it doubles with every failure. */
  reconnectBase: 1_000,
  /** Maximum of all delays before a reconnection. */
  reconnectMax: 60_000,
  /** A stream that was up this long makes the delays short again. */
  healthyAfter: 60_000,
  /** Mean delay after 401, 403 and 404; also the longest delay that a server can ask for. */
  refusedRetry: 300_000,
  /** A delay after a refusal is up to this much longer. */
  refusedJitter: 0.1,
  /** Consecutive failures of the stream after which the client polls as well. */
  pollAfterFailures: 3,
  /** Mean time between polls. */
  pollInterval: 30_000,
  /** A poll is up to this much earlier or later. */
  pollJitter: 0.25,
  /** A stream that is silent for this long is closed. */
  readTimeout: 45_000,
  /** Headers of a response must arrive in this time. */
  connectTimeout: 10_000,
  /** Total timeout of acknowledgements and usage reports. */
  postTimeout: 10_000,
  /** Mean time between usage reports. */
  usageInterval: 60_000,
  /** A report is up to this much earlier or later. */
  usageJitter: 0.5,
  /** The first acknowledgement is sent after a random part of this time; the server's response sets the time for the next. */
  acknowledgeSpread: 1_000,
  /** The longest time that a server can set. */
  acknowledgeMaxSpread: 10_000,
  /** Attempts to acknowledge one state. */
  acknowledgeAttempts: 3,
  /** Mean time between two attempts. */
  acknowledgeRetry: 5_000,
  /** An attempt is up to this much earlier or later. */
  acknowledgeJitter: 0.5,
} as const;
