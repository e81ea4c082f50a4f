/**
 * Acknowledges which state is in use, so that the server knows whether a change has reached everyone (PR-21). Acknowledgements are delayed
 * at random: ten thousand instances receive a change at the same moment.
 */

import { jittered, refusedDelay } from './backoff.js';
import type { Cancel, Clock } from './clock.js';
import { type PostResponse, post } from './requests.js';
import { TIMING } from './timing.js';
import type { ServerConnection } from './transport.js';

export class Acknowledger {
  readonly #server: ServerConnection;
  readonly #clock: Clock;
  #cursor: string | undefined;
  #spread: number = TIMING.acknowledgeSpread;
  #attempts = 0;
  #isWaiting = false;
  #isStopped = false;
  #cancel: Cancel = () => {};

  constructor(server: ServerConnection, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** Acknowledges that the state of this cursor is in use. */
  acknowledge(cursor: string | undefined): void {
    this.#cursor = cursor;
    this.#attempts = 0;
    if (!this.#isWaiting && this.#server.instance !== undefined) {
      this.#schedule(this.#spread * this.#clock.random());
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #schedule(delay: number): void {
    this.#isWaiting = true;
    this.#cancel = this.#clock.after(delay, () => void this.#attempt());
  }

  /** Never rejects. */
  async #attempt(): Promise<void> {
    const cursor = this.#cursor;
    this.#attempts += 1;
    const response = await this.#send(cursor).catch(() => undefined);
    this.#isWaiting = false;
    if (this.#isStopped) {
      return;
    }
    const random = this.#clock.random();
    if (response?.status === 200) {
      if (this.#cursor !== cursor) {
        this.#schedule(this.#spread * random);
      }
    } else if (this.#attempts < TIMING.acknowledgeAttempts) {
      const { acknowledgeRetry, acknowledgeJitter } = TIMING;
      const delay = response?.isRefused ? refusedDelay(random) : jittered(acknowledgeRetry, acknowledgeJitter, random);
      this.#schedule(delay);
    }
  }

  /** Sends an acknowledgement; the response contains the maximum random delay of the next one. */
  async #send(cursor: string | undefined): Promise<PostResponse> {
    const response = await post(this.#server, 'applied', { instance: this.#server.instance?.id, cursor });
    if (response.status === 200) {
      const { spreadMs } = JSON.parse(response.text) as { spreadMs?: unknown };
      if (typeof spreadMs === 'number' && spreadMs >= 0) {
        this.#spread = Math.min(spreadMs, TIMING.acknowledgeMaxSpread);
      }
    }
    return response;
  }
}
