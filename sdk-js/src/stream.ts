/** One connection to the stream (protocol.md §2): from the request to its end. */

import { parseRetryAfter } from './backoff.js';
import type { CachingEvaluator } from './caching-evaluator.js';
import type { Clock } from './clock.js';
import { errorMessage } from './errors.js';
import type { SnapshotUpdate, TransferProgress } from './evaluator.js';
import { readRejection } from './rejection.js';
import { request } from './requests.js';
import { readEvents, type SseHandler, type StreamEvent } from './sse.js';
import { TIMING } from './timing.js';
import type { HttpResponse, ServerConnection } from './transport.js';

/** Receives the events of a connection while it lasts. */
export interface StreamListener {
  /** The server has accepted the stream. */
  opened(): void;
  /** The snapshot is up to date; `update` is given if it was replaced. */
  current(update: SnapshotUpdate | undefined): void;
  /** The server asks for this delay before a reconnection. */
  retry(delay: number): void;
}

/** How a connection ended. `requested` is the delay in milliseconds that the server asks for. */
export interface StreamEnd {
  kind: 'goodbye' | 'failed' | 'refused';
  reason: string;
  requested?: number | undefined;
}

/** Follows the stream until it ends; never rejects. */
export async function followStream(
  server: ServerConnection,
  evaluator: CachingEvaluator,
  clock: Clock,
  listener: StreamListener,
  signal: AbortSignal,
): Promise<StreamEnd> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  if (signal.aborted) {
    abort();
  }
  signal.addEventListener('abort', abort);
  let timeoutReason = 'the server did not respond in time';
  let disarm = clock.after(TIMING.connectTimeout, abort);
  const active = () => {
    timeoutReason = 'the stream was silent for too long';
    disarm();
    disarm = clock.after(TIMING.readTimeout, abort);
  };
  try {
    const cursor = evaluator.cursor();
    const headers = { accept: 'text/event-stream', ...(cursor ? { 'last-event-id': cursor } : {}) };
    const response = await withAbort(
      request(server, streamPath(server), headers, connection.signal),
      connection.signal,
    );
    const end = await withAbort(endWithoutStream(response, clock.now()), connection.signal);
    if (end !== undefined || response.body === null) {
      return end ?? { kind: 'failed', reason: 'the stream has no body' };
    }
    active();
    evaluator.beginConnection();
    listener.opened();
    const handler: SseHandler = {
      active,
      retry: listener.retry,
      event({ name, data, id }: StreamEvent) {
        // One chunk may contain several events, and the first of them may have made a listener close the client.
        if (!connection.signal.aborted) {
          handleProgress(evaluator.applyEvent(name, data, id), listener);
        }
      },
    };
    await readEvents(response.body, handler, connection.signal);
    return { kind: 'failed', reason: connection.signal.aborted ? timeoutReason : 'the stream ended' };
  } catch (error) {
    if (error instanceof Goodbye) {
      return error.end;
    }
    return { kind: 'failed', reason: connection.signal.aborted ? timeoutReason : errorMessage(error) };
  } finally {
    disarm();
    signal.removeEventListener('abort', abort);
    abort();
  }
}

/** The stream's path, which names the instance. */
function streamPath({ instance }: ServerConnection): string {
  if (instance === undefined) {
    return 'stream';
  }
  const { id, name, version } = instance;
  return `stream?instance=${encodeURIComponent(id)}&sdk=${encodeURIComponent(`${name}/${version}`)}`;
}

/** Ends the reading, so that no event after a goodbye is applied. */
class Goodbye extends Error {
  readonly end: StreamEnd;

  constructor(reason: string, retryAfterMs: number | null) {
    super(reason);
    this.end = { kind: 'goodbye', reason, requested: retryAfterMs ?? undefined };
  }
}

function handleProgress(progress: TransferProgress, listener: StreamListener): void {
  switch (progress.step) {
    case 'committed':
      listener.current(progress);
      break;
    case 'current':
      listener.current(undefined);
      break;
    case 'goodbye':
      throw new Goodbye(progress.reason, progress.retryAfterMs);
    default:
  }
}

/** How a response other than a stream ends the connection. */
async function endWithoutStream(response: HttpResponse, now: number): Promise<StreamEnd | undefined> {
  const type = response.headers.get('content-type') ?? '';
  if (response.status === 200) {
    const isStream = type.startsWith('text/event-stream');
    return isStream ? undefined : { kind: 'failed', reason: `expected an event stream, got \`${type}\`` };
  }
  const requested = parseRetryAfter(response.headers.get('retry-after'), now);
  const { reason, isRefused } = await readRejection(response);
  return { kind: isRefused ? 'refused' : 'failed', reason, requested };
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
