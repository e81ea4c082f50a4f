/** Reports usage once a minute; counts that cannot be reported are stored (protocol.md §4). */

import { jittered, refusedDelay } from './backoff.js';
import type { Cancel, Clock } from './clock.js';
import { post } from './requests.js';
import { TIMING } from './timing.js';
import type { ServerConnection } from './transport.js';
import type { Count, Usage } from './usage.js';

/** Flags and variants of one report; the server accepts 10,000. */
const MAX_REPORT_COUNTS = 5_000;

interface Report {
  instance: string;
  sequence: number;
  sdk: { name: string; version: string };
  from: string;
  until: string;
  counts: Count[];
  lost: number;
}

/** How reporting ended: the server has all counts, they must be sent again, or the server refuses the client. */
type ReportResult = 'sent' | 'failed' | 'refused';

export class Reporter {
  readonly #server: ServerConnection;
  readonly #usage: Usage;
  readonly #clock: Clock;
  readonly #minInterval: number;
  /** Before this time {@link flush} sends nothing. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #cancel: Cancel = () => {};
  #isStopped = false;
  #since: number;
  #sequence = 0;
  /** A report without a response. It is sent again unchanged, so that a server that did receive it does not count it twice. */
  #unanswered: Report | undefined;
  /** The last call of {@link #report}; one begins when the one before has ended. */
  #last: Promise<ReportResult> = Promise.resolve('sent');

  /** {@link flush} reports at most once in `minInterval` milliseconds. */
  constructor(server: ServerConnection, usage: Usage, clock: Clock, minInterval = 0) {
    this.#minInterval = minInterval;
    this.#server = server;
    this.#usage = usage;
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Reports from now on. */
  start(): void {
    this.#schedule(false);
  }

  /** Reports all counts now; resolves with whether the server has them, or whether they are reported later. Never rejects. */
  async flush(): Promise<boolean> {
    const now = this.#clock.now();
    if (now < this.#notBefore) {
      return true;
    }
    this.#notBefore = now + this.#minInterval;
    return (await this.#report()) === 'sent';
  }

  /** Sends a last report; resolves with whether the server has all counts. */
  async stop(): Promise<boolean> {
    this.#isStopped = true;
    this.#cancel();
    return (await this.#report()) === 'sent';
  }

  #schedule(isRefused: boolean): void {
    if (!this.#isStopped) {
      const random = this.#clock.random();
      const delay = isRefused ? refusedDelay(random) : jittered(TIMING.usageInterval, TIMING.usageJitter, random);
      this.#cancel = this.#clock.after(delay, () => {
        void this.#report().then((result) => this.#schedule(result === 'refused'));
      });
    }
  }

  #report(): Promise<ReportResult> {
    // Where there is an interval, the report before has ended, or the platform has ended the request that it belonged to.
    this.#last = this.#minInterval > 0 ? this.#send() : this.#last.then(() => this.#send());
    return this.#last;
  }

  /** Sends reports until there is nothing left, or one where there is an interval. Never rejects. */
  async #send(): Promise<ReportResult> {
    for (;;) {
      this.#unanswered ??= this.#next();
      const report = this.#unanswered;
      if (report === undefined) {
        return 'sent';
      }
      const response = await post(this.#server, 'usage', report).catch(() => undefined);
      const status = response?.status ?? 0;
      if (status === 400 || status === 413 || status === 422) {
        // The server would refuse it again.
        this.#usage.addDropped(report.counts.reduce((sum, { count }) => sum + count, 0));
      } else if (status < 200 || status >= 300) {
        return response?.isRefused ? 'refused' : 'failed';
      }
      this.#unanswered = undefined;
      if (this.#minInterval > 0) {
        return 'sent';
      }
    }
  }

  #next(): Report | undefined {
    const taken = this.#usage.take(MAX_REPORT_COUNTS);
    const { instance } = this.#server;
    if (taken === undefined || instance === undefined) {
      return undefined;
    }
    const from = this.#since;
    this.#since = Math.max(from, this.#clock.now());
    this.#sequence += 1;
    return {
      instance: instance.id,
      sequence: this.#sequence,
      sdk: { name: instance.name, version: instance.version },
      from: new Date(from).toISOString(),
      until: new Date(this.#since).toISOString(),
      counts: taken.counts,
      lost: taken.dropped,
    };
  }
}
