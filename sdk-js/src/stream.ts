/** One connection to the stream (protocol.md §2): from the request to its end. */

import { parseRetryAfter } from './backoff.js';
import type { Clock } from './clock.js';
import type { Engine } from './engine.js';
import type { Commit, Step } from './evaluator.js';
import { readEvents, type StreamEvent } from './sse.js';
import { type HttpResponse, isDenial, type Remote, request } from './transport.js';

/** A client that reads nothing for so long reconnects (PR-13). */
export const SILENCE_MS = 45_000;

/** A server that accepts a connection sends its head at once. */
export const HEAD_MS = 10_000;

/** What a connection tells its owner while it lasts. */
export interface StreamListener {
  /** The server accepted the stream. */
  opened(): void;
  /** The snapshot is up to date, by this commit where there is one. */
  current(commit: Commit | undefined): void;
  /** The server names the delay before a reconnection. */
  retry(delay: number): void;
}

/** How a connection ended. `requested` is the delay in milliseconds that the server asked for. */
export interface Ending {
  kind: 'goodbye' | 'failed' | 'denied';
  reason: string;
  requested?: number | undefined;
}

/** Follows the stream until it ends; never rejects. */
export async function followStream(
  remote: Remote,
  engine: Engine,
  clock: Clock,
  listener: StreamListener,
  signal: AbortSignal,
): Promise<Ending> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  if (signal.aborted) {
    abort();
  }
  signal.addEventListener('abort', abort);
  let silence = 'no answer';
  let disarm = clock.after(HEAD_MS, abort);
  const active = () => {
    silence = 'the stream fell silent';
    disarm();
    disarm = clock.after(SILENCE_MS, abort);
  };
  try {
    const cursor = engine.cursor();
    const headers = { accept: 'text/event-stream', ...(cursor ? { 'last-event-id': cursor } : {}) };
    const response = await withAbort(
      request(remote, streamPath(remote), headers, connection.signal),
      connection.signal,
    );
    const refusal = refused(response, clock.now());
    if (refusal !== undefined || response.body === null) {
      return refusal ?? { kind: 'failed', reason: 'the stream has no body' };
    }
    active();
    engine.connected();
    listener.opened();
    const reader = {
      active,
      retry: listener.retry,
      event({ name, data, id }: StreamEvent) {
        // One chunk may hold several events, and the first of them may have made a listener close us.
        if (!connection.signal.aborted) {
          take(engine.event(name, data, id), listener);
        }
      },
    };
    await readEvents(response.body, reader, connection.signal);
    return { kind: 'failed', reason: connection.signal.aborted ? silence : 'the stream was cut' };
  } catch (error) {
    if (error instanceof Goodbye) {
      return error.ending;
    }
    return { kind: 'failed', reason: connection.signal.aborted ? silence : describe(error) };
  } finally {
    disarm();
    signal.removeEventListener('abort', abort);
    abort();
  }
}

/** The stream, opened by whoever it is. */
function streamPath({ identity }: Remote): string {
  if (identity === undefined) {
    return 'stream';
  }
  const { instance, name, version } = identity;
  return `stream?instance=${encodeURIComponent(instance)}&sdk=${encodeURIComponent(`${name}/${version}`)}`;
}

/** Thrown out of the reading, so that nothing that follows a goodbye is applied. */
class Goodbye extends Error {
  readonly ending: Ending;

  constructor(reason: string, retryAfterMs: number | null) {
    super(reason);
    this.ending = { kind: 'goodbye', reason, requested: retryAfterMs ?? undefined };
  }
}

function take(step: Step, listener: StreamListener): void {
  switch (step.step) {
    case 'committed':
      listener.current(step);
      break;
    case 'current':
      listener.current(undefined);
      break;
    case 'goodbye':
      throw new Goodbye(step.reason, step.retryAfterMs);
    default:
  }
}

/** How an answer other than a stream ends the connection. */
function refused(response: HttpResponse, now: number): Ending | undefined {
  const type = response.headers.get('content-type') ?? '';
  if (response.status === 200 && type.startsWith('text/event-stream')) {
    return undefined;
  }
  const reason = response.status === 200 ? `the stream is \`${type}\`` : `the server answered ${response.status}`;
  const requested = parseRetryAfter(response.headers.get('retry-after'), now);
  return { kind: isDenial(response.status) ? 'denied' : 'failed', reason, requested };
}

/** Settles as `work` does, or rejects as soon as `signal` is aborted. */
export function withAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(new Error('aborted'));
    if (signal.aborted) {
      aborted();
    }
    signal.addEventListener('abort', aborted, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

/** The message of whatever was thrown, with its cause, where `fetch` hides what happened. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
