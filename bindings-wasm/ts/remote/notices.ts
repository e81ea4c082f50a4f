/** The server's announcements that values may have changed: one stream, which is opened again whenever it ends. */

import type { ServerConnection } from '../../../sdk-js/src/transport.js';
import { type Failure, readFailure, send, toFailure } from './bulk.js';
import { after, CONNECT_TIMEOUT, READ_TIMEOUT, retryDelay } from './timing.js';

/** What is heard of the stream: the cursor of a state that was announced, or whether the stream could be opened. */
export type Notice = string | boolean;

/** A stream that was up this long makes delays short again. */
const HEALTHY_MS = 60_000;

/** Follows the announcements until `signal` is aborted; never rejects. `cursor` is the state that was announced last. */
export async function followNotices(
  server: ServerConnection,
  hear: (notice: Notice) => void,
  signal: AbortSignal,
  cursor: string | undefined,
): Promise<void> {
  let failures = 0;
  let last = cursor;
  const listen = (notice: Notice) => {
    last = typeof notice === 'string' ? notice : last;
    if (!signal.aborted) {
      hear(notice);
    }
  };
  while (!signal.aborted) {
    const started = Date.now();
    const { wasUp, isRefused, requested } = await connect(server, listen, signal, last);
    if (!wasUp) {
      listen(false);
    }
    failures = wasUp && Date.now() - started > HEALTHY_MS ? 1 : failures + 1;
    await new Promise<void>((resolve) => {
      after(retryDelay(failures, isRefused, requested), resolve);
      signal.addEventListener('abort', () => resolve());
    });
  }
}

/** One connection, until it ends. */
async function connect(
  server: ServerConnection,
  listen: (notice: Notice) => void,
  signal: AbortSignal,
  cursor: string | undefined,
): Promise<Failure & { wasUp: boolean }> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  signal.addEventListener('abort', abort, { signal: connection.signal });
  let disarm = after(CONNECT_TIMEOUT, abort);
  const end = { ...toFailure(''), wasUp: false };
  try {
    const headers = { accept: 'text/event-stream', 'last-event-id': cursor };
    const response = await send(server, 'events', headers, { signal: connection.signal });
    if (response.status !== 200 || response.body === null) {
      return { ...(await readFailure(response)), wasUp: false };
    }
    end.wasUp = true;
    listen(true);
    const reader = response.body.getReader();
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
        // An announcement is an event with an `id`. The other lines say nothing more, so that the framing of events is of no interest.
        const [, name, text] = /^(id|retry): ?(.*)/.exec(line) ?? [];
        if (name === 'id') {
          listen(text as string);
        } else if (name) {
          end.requested = Number(text);
        }
      }
    }
  } catch {
    // The values say whether the server can be reached.
  } finally {
    disarm();
    abort();
  }
  return end;
}
