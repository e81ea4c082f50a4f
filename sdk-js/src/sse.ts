/** The framing of `text/event-stream`: bytes to events. */

import { createParser } from 'eventsource-parser';
import type { ByteStream } from './transport.js';

export interface StreamEvent {
  name: string;
  data: string;
  /** The id of this event itself, if it has one: it is not inherited from the event before. */
  id: string | undefined;
}

export interface SseHandler {
  /** Bytes have arrived, even if only of a comment. */
  active(): void;
  /** An event is complete. An error that it throws ends {@link readEvents}. */
  event(event: StreamEvent): void;
  /** The server asks for this delay, in milliseconds, before a reconnection. */
  retry(delay: number): void;
}

/** Characters of one event. No server of ours sends more: the longest list that the language allows is shorter. */
const MAX_EVENT_LENGTH = 256 * 1024 * 1024;

/**
 * Reads events. Resolves when the stream ends or `signal` is aborted, rejects when it breaks or `handler` throws. An unfinished event at the
 * end is dropped.
 */
export async function readEvents(stream: ByteStream, handler: SseHandler, signal: AbortSignal): Promise<void> {
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: ({ event, data, id }) => handler.event({ name: event ?? 'message', data, id }),
    onRetry: (delay) => handler.retry(delay),
    onError: (error) => {
      // Unknown fields are ignored, as the standard requires.
      if (error.type === 'max-buffer-size-exceeded') {
        throw error;
      }
    },
  });
  // It also joins a character whose bytes arrive in two chunks, and drops a byte order mark.
  const decoder = new TextDecoder();
  const source = stream.getReader();
  // Cancelling does nothing to a stream that has ended, and ends a read that is waiting; a rejection is of no interest.
  const cancel = () => void source.cancel().catch(() => {});
  signal.addEventListener('abort', cancel);
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (done || signal.aborted) {
        return;
      }
      handler.active();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}
