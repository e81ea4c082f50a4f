// What others change in a project, told by the server as it happens. All tabs of a browser share one stream, since an HTTP/1.1 server gets
// at most six connections from all of them together: the tab that holds a lock reads it, and passes on what it hears.

import { createParser } from 'eventsource-parser';
import { address, Problem, type Schemas, send } from './request';

export type ProjectChange = Schemas['ProjectChange'];

/** What the tabs hear; `cursor` is from where the next stream goes on. */
export type Notice =
  | { type: 'live'; cursor: string | undefined }
  | { type: 'change'; cursor: string; change: ProjectChange }
  /** There was more than the stream can tell. */
  | { type: 'reload'; cursor: string | undefined }
  | { type: 'lost' };

const PATH = '/api/v1/projects/{project}/events';
/** The server sends something at least every 15 seconds. */
const SILENCE_MS = 45_000;
const MAX_WAIT_MS = 30_000;

/** Follows a project until the result is called. `name` is the same for the tabs that may hear the same. */
export function follow(name: string, project: string, hear: (notice: Notice) => void): () => void {
  // Without locks, as at an insecure origin, every tab would need a stream of its own: there the pages are read again now and then.
  if (!('locks' in navigator)) {
    return () => undefined;
  }
  const end = new AbortController();
  const channel = new BroadcastChannel(name);
  let cursor: string | undefined;
  let isLive = false;
  let isReader = false;
  const take = (notice: Notice) => {
    cursor = 'cursor' in notice ? (notice.cursor ?? cursor) : cursor;
    isLive = notice.type !== 'lost';
    hear(notice);
  };
  const tell = (notice: Notice) => {
    take(notice);
    channel.postMessage(notice);
  };
  channel.onmessage = ({ data }: MessageEvent<Notice | 'how is it?'>) => {
    if (data !== 'how is it?') {
      take(data);
    } else if (isReader && isLive) {
      channel.postMessage({ type: 'live', cursor } satisfies Notice);
    }
  };
  channel.postMessage('how is it?');
  navigator.locks
    .request(name, { signal: end.signal }, () => {
      isReader = true;
      return readAll(project, () => cursor, tell, end.signal);
    })
    // Ended while it waited for the lock.
    .catch(() => undefined);
  return () => {
    end.abort();
    channel.close();
  };
}

/** Opens the stream again and again, until the caller may no longer read it. */
async function readAll(
  project: string,
  cursor: () => string | undefined,
  tell: (notice: Notice) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let wait = 1_000;
    try {
      const from = cursor();
      const headers: Record<string, string> = from === undefined ? {} : { 'last-event-id': from };
      const response = await send(address(PATH, { project }), { headers, signal });
      wait = await read(response, (notice) => {
        failures = 0;
        tell(notice);
      });
    } catch (error) {
      if (signal.aborted || (error instanceof Problem && [401, 403, 404].includes(error.status))) {
        return;
      }
      failures += 1;
      wait = Math.min(1_000 * 2 ** failures, MAX_WAIT_MS) * (0.5 + Math.random() / 2);
      tell({ type: 'lost' });
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Reads a stream to its end; returns how long the server asks to wait before the next one. */
async function read({ body }: Response, tell: (notice: Notice) => void): Promise<number> {
  let wait = 1_000;
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      if (event === 'change' && id !== undefined) {
        tell({ type: 'change', cursor: id, change: JSON.parse(data) as ProjectChange });
      } else if (event === 'ready' || event === 'reload') {
        tell({ type: event === 'ready' ? 'live' : 'reload', cursor: id });
      }
    },
    onRetry: (retry) => {
      wait = retry;
    },
  });
  const reader = body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      timer = setTimeout(() => void reader?.cancel(), SILENCE_MS);
      const part = await reader?.read();
      clearTimeout(timer);
      if (part === undefined || part.done) {
        return wait;
      }
      parser.feed(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
}
