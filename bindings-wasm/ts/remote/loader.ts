/** Requests the values of the context in use: when asked to, when a change was announced, and again after a failure. */

import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';
import type { ServerConnection } from '../../../sdk-js/src/transport.js';
import type { Context } from '../../../sdk-js/src/types.js';
import { type BulkResult, type Failure, requestValues, toFailure } from './bulk.js';
import type { Signer } from './signature.js';
import { after, CONNECT_TIMEOUT, retryDelay } from './timing.js';

export interface LoadListener {
  /** The values in use are current; `flags` are given if they were replaced. */
  current(flags: readonly EvaluatedFlag[] | undefined, etag: string | undefined): void;
  failed(failure: Failure): void;
}

export class ValueLoader {
  readonly #server: ServerConnection;
  readonly #signer: Signer;
  readonly #listener: LoadListener;
  #context: Context = {};
  #text = '{}';
  /** The entity tag of the values in use. */
  etag: string | undefined;
  /** The request under way. That of an earlier context is another one, and its response is ignored. */
  #request: AbortController | undefined;
  /** A change was announced while a request was under way, which may have been answered before it. */
  #isOutdated = false;
  /** The state that was announced and that no response has confirmed yet. */
  #announced: string | undefined;
  #failures = 0;
  #cancelRetry = () => {};
  #isRunning = false;

  constructor(server: ServerConnection, signer: Signer, listener: LoadListener) {
    this.#server = server;
    this.#signer = signer;
    this.#listener = listener;
  }

  /** Requests from now on are made for this context; `text` is the context as JSON. The one under way is dropped. */
  setContext(context: Context, text: string): void {
    this.#context = context;
    this.#text = text;
    this.etag = undefined;
    this.#drop();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelRetry();
    this.#drop();
  }

  /** The server has announced this state. */
  announce(cursor: string): void {
    this.#announced = cursor;
    this.#isOutdated = true;
    void this.load();
  }

  /** Requests the values at once, with short delays if that fails. */
  start(): void {
    this.#isRunning = true;
    this.#failures = 0;
    void this.load();
  }

  /** Requests the values, unless that is under way; never rejects. */
  async load(): Promise<void> {
    if (!this.#isRunning || this.#request) {
      return;
    }
    this.#cancelRetry();
    this.#isOutdated = false;
    const request = new AbortController();
    this.#request = request;
    const cancel = after(CONNECT_TIMEOUT, () => request.abort());
    const result = await this.#send(request.signal);
    cancel();
    if (this.#request !== request) {
      return;
    }
    this.#request = undefined;
    if ('reason' in result) {
      this.#failures += 1;
      // Perhaps the server only refuses the signature, which has expired.
      const isFinal = result.isRefused && !(this.#signer.isRenewable && this.#failures === 1);
      this.#signer.drop();
      const delay = retryDelay(this.#failures, isFinal, result.requested);
      this.#cancelRetry = after(delay, () => void this.load());
      this.#listener.failed(result);
      return;
    }
    this.#failures = 0;
    this.etag = result.etag ?? this.etag;
    this.#listener.current(result.flags, result.etag);
    if (this.#isOutdated) {
      await this.load();
    } else {
      this.#announced = undefined;
    }
  }

  #drop(): void {
    this.#request?.abort();
    this.#request = undefined;
  }

  async #send(signal: AbortSignal): Promise<BulkResult> {
    // Read before the signature is awaited, since it must be that of this context.
    const values = { context: this.#text, etag: this.etag, announced: this.#announced };
    try {
      const signature = await this.#signer.sign(this.#context);
      return await requestValues(this.#server, { ...values, signature }, signal);
    } catch (error) {
      return toFailure(`the context could not be signed: ${error}`);
    }
  }
}
