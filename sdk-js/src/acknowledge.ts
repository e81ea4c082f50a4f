/**
 * Tells the server which state is in use, so that it can say whether a change has reached everyone (PR-21). Not at once: ten thousand
 * instances learn of a change at the same moment.
 */

import { deniedDelay } from './backoff.js';
import type { Cancel, Clock } from './clock.js';
import { isDenial, post, type Remote } from './transport.js';

/** Within this time of a change the server is told of it, until it has said how long is right. */
const FIRST_SPREAD_MS = 1_000;

/** Whatever it says, it is told within this time. */
const LONGEST_SPREAD_MS = 10_000;

/** How often a state is told of that the server does not take note of. */
const ATTEMPTS = 3;

/** The mean delay between two of them. */
const RETRY_MS = 5_000;

export class Acknowledger {
  readonly #remote: Remote;
  readonly #clock: Clock;
  #cursor: string | undefined;
  #spread = FIRST_SPREAD_MS;
  #attempts = 0;
  #isWaiting = false;
  #isStopped = false;
  #cancel: Cancel = () => {};

  constructor(remote: Remote, clock: Clock) {
    this.#remote = remote;
    this.#clock = clock;
  }

  /** The state of this cursor is in use. */
  inUse(cursor: string | undefined): void {
    this.#cursor = cursor;
    this.#attempts = 0;
    if (!this.#isWaiting && this.#remote.identity !== undefined) {
      this.#wait(this.#spread * this.#clock.random());
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #wait(delay: number): void {
    this.#isWaiting = true;
    this.#cancel = this.#clock.after(delay, () => void this.#tell());
  }

  /** Never rejects. */
  async #tell(): Promise<void> {
    const cursor = this.#cursor;
    this.#attempts += 1;
    const status = await this.#send(cursor).catch(() => 0);
    this.#isWaiting = false;
    if (this.#isStopped) {
      return;
    }
    const random = this.#clock.random();
    if (status === 200) {
      if (this.#cursor !== cursor) {
        this.#wait(this.#spread * random);
      }
    } else if (this.#attempts < ATTEMPTS) {
      this.#wait(isDenial(status) ? deniedDelay(random) : RETRY_MS * (0.5 + random));
    }
  }

  /** Sends it; takes from the answer over how long the next is to be spread. */
  async #send(cursor: string | undefined): Promise<number> {
    const instance = this.#remote.identity?.instance;
    const response = await post(this.#remote, 'applied', { instance, cursor });
    if (response.status === 200) {
      const { spreadMs } = JSON.parse(response.text) as { spreadMs?: unknown };
      if (typeof spreadMs === 'number' && spreadMs >= 0) {
        this.#spread = Math.min(spreadMs, LONGEST_SPREAD_MS);
      }
    }
    return response.status;
  }
}
