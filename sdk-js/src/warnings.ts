/** Warnings for the log of the program, each logged once. */

import type { Evaluated } from './cached-outcome.js';
import { messageOf } from './details.js';
import type { Logger } from './types.js';

/** Flags whose errors are logged; a program may ask for any number of flags that do not exist. */
const MAX_NOTED = 100;

export class Warnings {
  readonly #logger: Logger;
  readonly #warned = new Set<string>();
  /** Flags and error codes that were logged. */
  readonly #noted = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  warn(message: string): void {
    this.#logger.warn(`flagstaff: ${message}`);
  }

  /** Logs each message once until {@link reset}, even if several problems alternate. */
  warnOnce(message: string): void {
    if (!this.#warned.has(message)) {
      this.#warned.add(message);
      this.warn(message);
    }
  }

  /** The problems are solved: if they occur again, they are logged again. */
  reset(): void {
    this.#warned.clear();
  }

  /** Logs why a getter returns the caller's default, once for each flag and reason; returns its argument. */
  note<T extends Evaluated>(evaluated: T): T {
    const { flag, errorCode } = evaluated;
    if (errorCode !== null && this.#noted.size < MAX_NOTED) {
      const name = `${errorCode} ${flag}`;
      if (!this.#noted.has(name)) {
        this.#noted.add(name);
        this.warn(`the flag \`${flag}\` has the caller's default, ${errorCode}: ${messageOf(errorCode)}`);
      }
    }
    return evaluated;
  }
}
