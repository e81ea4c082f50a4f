/** The framing of `text/event-stream`: bytes to events. */

import { createParser } from 'eventsource-parser';
import type { ByteStream } from './transport.js';

export interface StreamEvent {
  name: string;
  data: string;
  /** Only where this very event carried one: an id is not inherited from the event before. */
  id: string | undefined;
}

export interface StreamReader {
  /** Bytes arrived, be it only a comment. */
  active(): void;
  /** An event is complete. What it throws ends {@link readEvents}. */
  event(event: StreamEvent): void;
  /** The server names the delay, in milliseconds, before a reconnection. */
  retry(delay: number): void;
}

/** Characters of one event; a stream that goes beyond is not ours. The longest list that the language allows stays below. */
const LONGEST_EVENT = 256 * 1024 * 1024;

/**
 * Reads events until the stream ends or `signal` is aborted, which resolves, or until it breaks or `reader` throws, which rejects. An
 * unfinished event at the end is dropped.
 */
export async function readEvents(stream: ByteStream, reader: StreamReader, signal: AbortSignal): Promise<void> {
  const parser = createParser({
    maxBufferSize: LONGEST_EVENT,
    onEvent: ({ event, data, id }) => reader.event({ name: event ?? 'message', data, id }),
    onRetry: (delay) => reader.retry(delay),
    onError: (error) => {
      // Unknown fields are ignored, as the standard has it.
      if (error.type === 'max-buffer-size-exceeded') {
        throw error;
      }
    },
  });
  // It also keeps the first half of a character whose bytes came in two chunks, and drops a byte order mark.
  const decoder = new TextDecoder();
  const source = stream.getReader();
  // Cancelling has no effect on a stream that has ended, and ends a read that is waiting; a refusal has nobody to tell.
  const cancel = () => void source.cancel().catch(() => {});
  signal.addEventListener('abort', cancel);
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (done || signal.aborted) {
        return;
      }
      reader.active();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}
