/** The port of a page's client: where its values come from. */

import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';
import type { ServerConnection } from '../../../sdk-js/src/transport.js';
import type { Context } from '../../../sdk-js/src/types.js';
import type { Failure } from './http.js';
import type { Signer } from './signature.js';

/** Receives the values of the context in use. */
export interface ValuesListener {
  /** The values in use are current; `flags` are given if they were replaced, with the entity tag that the server gave them. */
  current(flags: readonly EvaluatedFlag[] | undefined, etag?: string | undefined): void;
  /** Values that may be out of date. */
  values(flags: readonly EvaluatedFlag[]): void;
  failed(failure: Failure): void;
}

/** Evaluates the flags of one context, or requests their values from the server. Its methods never throw or reject. */
export interface Values {
  /** Values from now on are those of this context, of which `text` is the JSON. */
  setContext(context: Context, text: string): void;
  /** The values in use are those of an earlier page, to which the server gave this entity tag. */
  reuse(etag: string | undefined): void;
  /** Follows changes from now on, and reports the values. */
  start(): void;
  /** Closes the stream; {@link start} opens it again. */
  pause(): void;
  /** Reports the values anew, which may take a request. Does nothing before {@link start}. */
  reload(): Promise<void>;
  stop(): void;
}

/** What a client opens its values with. */
export interface ValuesOptions {
  server: ServerConnection;
  signer: Signer;
  /** A name for what tabs share: the same for all clients of one server and key. */
  name: string;
  listener: ValuesListener;
}

export type OpenValues = (options: ValuesOptions) => Values;
