/** Reports what was counted, once a minute; what cannot be reported is kept (protocol.md §4). */

import { deniedDelay } from './backoff.js';
import type { Cancel, Clock } from './clock.js';
import { isDenial, post, type Remote } from './transport.js';
import type { Count, Usage } from './usage.js';

/** The mean time between two reports. */
export const REPORT_INTERVAL_MS = 60_000;

/** Flags and variants of one report; the server takes 10,000. */
const COUNTS = 5_000;

interface Report {
  instance: string;
  sequence: number;
  sdk: { name: string; version: string };
  from: string;
  until: string;
  counts: Count[];
  lost: number;
}

export class Reporter {
  readonly #remote: Remote;
  readonly #usage: Usage;
  readonly #clock: Clock;
  #cancel: Cancel = () => {};
  #isStopped = false;
  #since: number;
  #sequence = 0;
  /** The one that was not answered. It is sent again as it was, so that a server which did take it does not count it twice. */
  #unanswered: Report | undefined;

  constructor(remote: Remote, usage: Usage, clock: Clock) {
    this.#remote = remote;
    this.#usage = usage;
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Reports from now on. */
  start(): void {
    this.#wait(REPORT_INTERVAL_MS * (0.5 + this.#clock.random()));
  }

  /** Sends what has been counted, and nothing after it. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    void this.#report();
  }

  #wait(delay: number): void {
    if (!this.#isStopped) {
      this.#cancel = this.#clock.after(delay, () => {
        this.#report().then((denied) => {
          const random = this.#clock.random();
          this.#wait(denied ? deniedDelay(random) : REPORT_INTERVAL_MS * (0.5 + random));
        });
      });
    }
  }

  /** Reports everything; whether the server does not want to hear of it. Never rejects. */
  async #report(): Promise<boolean> {
    for (;;) {
      this.#unanswered ??= this.#next();
      const report = this.#unanswered;
      if (report === undefined) {
        return false;
      }
      const response = await post(this.#remote, 'usage', report).catch(() => undefined);
      const status = response?.status ?? 0;
      if (status === 400 || status === 413 || status === 422) {
        // What it does not take today it does not take tomorrow.
        this.#usage.lose(report.counts.reduce((sum, { count }) => sum + count, 0));
      } else if (status < 200 || status >= 300) {
        return isDenial(status);
      }
      this.#unanswered = undefined;
    }
  }

  #next(): Report | undefined {
    const taken = this.#usage.take(COUNTS);
    const { identity } = this.#remote;
    if (taken === undefined || identity === undefined) {
      return undefined;
    }
    const from = this.#since;
    this.#since = Math.max(from, this.#clock.now());
    this.#sequence += 1;
    return {
      instance: identity.instance,
      sequence: this.#sequence,
      sdk: { name: identity.name, version: identity.version },
      from: new Date(from).toISOString(),
      until: new Date(this.#since).toISOString(),
      ...taken,
    };
  }
}
