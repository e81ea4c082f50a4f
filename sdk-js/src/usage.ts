/** How often which flag was answered with which variant, for the server to know which flags are in use (protocol.md §4). */

import type { Answer } from './answer.js';

/** So many answers that were asked for are remembered one by one, before they are added up. */
const TOUCHED = 1_000;

/** So many flags that do not exist are counted between two reports. */
const STRANGERS = 100;

/** So many flags and variants are kept while the server is away. */
const KEPT = 50_000;

/** The longest key that the server takes; no flag has a longer one. */
const KEY_LENGTH = 100;

export interface Count {
  flag: string;
  variant: string | null;
  count: number;
}

/** Counts answers. All that it costs an answer is a number that it has itself. */
export class Usage {
  readonly #touched: Answer[] = [];
  readonly #counts = new Map<string, Count>();
  #strangers = 0;
  #lost = 0;

  count(answer: Answer): void {
    if (answer.asked === 0) {
      if (this.#touched.length >= TOUCHED) {
        this.#fold();
      }
      this.#touched.push(answer);
    }
    answer.asked += 1;
  }

  /** At most `most` counts, and how many answers could not be counted; `undefined` where there is nothing to report. */
  take(most: number): { counts: Count[]; lost: number } | undefined {
    this.#fold();
    const counts: Count[] = [];
    for (const [name, count] of this.#counts) {
      if (counts.length >= most) {
        break;
      }
      counts.push(count);
      this.#counts.delete(name);
    }
    if (this.#counts.size === 0) {
      this.#strangers = 0;
    }
    const lost = this.#lost;
    this.#lost = 0;
    return counts.length === 0 && lost === 0 ? undefined : { counts, lost };
  }

  /** Notes answers that will not be reported. */
  lose(count: number): void {
    this.#lost += count;
  }

  #fold(): void {
    for (const answer of this.#touched) {
      this.#add(answer);
      answer.asked = 0;
    }
    this.#touched.length = 0;
  }

  #add({ flag, variant, errorCode, asked }: Answer): void {
    // Who asked with no context has asked for no flag.
    const isNoQuestion = errorCode === 'INVALID_CONTEXT' || flag === '' || [...flag].length > KEY_LENGTH;
    if (isNoQuestion) {
      return;
    }
    const name = JSON.stringify([flag, variant]);
    const known = this.#counts.get(name);
    if (known !== undefined) {
      known.count += asked;
      return;
    }
    const isStranger = errorCode === 'FLAG_NOT_FOUND';
    if (this.#counts.size >= KEPT || (isStranger && this.#strangers >= STRANGERS)) {
      this.#lost += asked;
      return;
    }
    this.#strangers += isStranger ? 1 : 0;
    this.#counts.set(name, { flag, variant, count: asked });
  }
}
