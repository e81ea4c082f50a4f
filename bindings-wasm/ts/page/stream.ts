/** A stream of the server that is opened again whenever it ends. */

import type { ByteStream, ServerConnection } from '../../../sdk-js/src/transport.js';
import { type Failure, readFailure, send, toFailure } from './http.js';
import { after, CONNECT_TIMEOUT, READ_TIMEOUT, retryDelay } from './timing.js';

/** How a connection ended. */
export interface StreamEnd extends Failure {
  /** Whether the server has begun to send events. */
  wasUp?: boolean;
}

/** A stream that was up this long makes delays short again. */
const HEALTHY_MS = 60_000;

/** Opens the stream by `connect`, again and again until `signal` is aborted. `failed` is called with the attempts in a row that have failed. */
export async function keepOpen(
  connect: () => Promise<StreamEnd>,
  failed: (end: StreamEnd, attempts: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const started = Date.now();
    const end = await connect();
    failures = end.wasUp && Date.now() - started > HEALTHY_MS ? 1 : failures + 1;
    if (!end.wasUp && !signal.aborted) {
      failed(end, failures);
    }
    await new Promise<void>((resolve) => {
      const cancel = after(retryDelay(failures, end.isRefused, end.requested), resolve);
      signal.addEventListener('abort', () => resolve(cancel()));
    });
  }
}

/**
 * One connection, until it ends; never rejects. `cursor` is the state that is known. `opened` and `read`, which is called with each line, may change how
 * the connection ends; what they throw ends it.
 */
export async function connect(
  server: ServerConnection,
  route: string,
  cursor: string | undefined,
  opened: (end: StreamEnd) => void,
  read: (line: string, end: StreamEnd) => void,
  signal: AbortSignal,
): Promise<StreamEnd> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  signal.addEventListener('abort', abort, { signal: connection.signal });
  let disarm = after(CONNECT_TIMEOUT, abort);
  const end: StreamEnd = toFailure('');
  try {
    const headers = { accept: 'text/event-stream', 'last-event-id': cursor };
    const response = await send(server, route, headers, { signal: connection.signal });
    if (response.status !== 200) {
      return await readFailure(response);
    }
    opened(end);
    const reader = (response.body as ByteStream).getReader();
    const decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      disarm();
      disarm = after(READ_TIMEOUT, abort);
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
      rest = lines.pop() as string;
      for (const line of lines) {
        if (line.startsWith('retry:')) {
          end.requested = Number(line.slice(6));
        }
        if (!signal.aborted) {
          read(line, end);
        }
      }
    }
  } catch (error) {
    end.reason = connection.signal.aborted ? 'the server did not respond in time' : String(error);
  } finally {
    disarm();
    abort();
  }
  return end;
}
