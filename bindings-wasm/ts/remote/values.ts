/** Values that the server evaluates, by OFREP's bulk evaluation; its stream announces that they may have changed. */

import type { Context } from '../../../sdk-js/src/types.js';
import { readFailure, send, toFailure } from '../page/http.js';
import { createLoader, type LoadResult } from '../page/loader.js';
import { type Notice, share } from '../page/shared.js';
import { connect, keepOpen, type StreamEnd } from '../page/stream.js';
import { CONNECT_TIMEOUT } from '../page/timing.js';
import type { Values, ValuesOptions } from '../page/values.js';

/** `isFollowing`: whether to follow the server's announcements. */
export function openRemote({ server, signer, name, listener }: ValuesOptions, isFollowing: boolean): Values {
  let context: Context;
  let text: string;
  /** The entity tag of the values in use. */
  let etag: string | undefined;
  /** The state that was announced last, to this tab or to another one. */
  let cursor: string | undefined;
  /** The state that was announced and that no response has confirmed yet. */
  let announced: string | undefined;
  let leave = () => {};

  const hear = (notice: Notice): void => {
    if (typeof notice === 'string') {
      cursor = announced = notice;
      loader.announce();
    } else if (!notice || loader.hasFailed()) {
      // While there is no stream, every attempt to open it is also one to get the values.
      void loader.load();
    }
  };

  const lead = (tell: (notice: Notice) => void, signal: AbortSignal): Promise<void> => {
    const pass = (notice: Notice) => {
      hear(notice);
      tell(notice);
    };
    const opened = (end: StreamEnd) => {
      end.wasUp = true;
      pass(true);
    };
    // An announcement is an event with an `id`. The other lines contain nothing that is needed, so events need not be parsed.
    const read = (line: string) => line.startsWith('id:') && pass(line.slice(3).trim());
    return keepOpen(
      () => connect(server, 'ofrep/v1/events', cursor, opened, read, signal),
      () => pass(false),
      signal,
    );
  };

  /** Requests the values of the context; `isRepeated` with another signature. */
  const load = async (signal: AbortSignal, isRepeated?: boolean): Promise<LoadResult> => {
    // Read before the signature is awaited, since it must be that of this context.
    const [known, tag, body] = [announced, etag, `{"context":${text}}`];
    let signature: string | undefined;
    try {
      signature = await signer.sign(context);
    } catch (error) {
      return toFailure(`the context could not be signed: ${error}`);
    }
    // A node that does not have the announced state yet waits for it for a moment.
    const query = known ? `?flagConfigEtag=${encodeURIComponent(known)}` : '';
    const response = await send(
      server,
      `ofrep/v1/evaluate/flags${query}`,
      { 'content-type': 'application/json', 'if-none-match': tag, 'x-flagstaff-signature': signature },
      { method: 'POST', body, signal },
    );
    const { status } = response;
    if (status !== 200 && status !== 304) {
      const failure = await readFailure(response);
      // Perhaps the server only refuses the signature, which has expired.
      return failure.isRefused && signer.drop() && !isRepeated ? load(signal, true) : failure;
    }
    announced = known === announced ? undefined : announced;
    return {
      flags: status === 200 ? [...JSON.parse(await response.text()).flags] : undefined,
      etag: response.headers.get('etag') ?? tag,
    };
  };

  const loader = createLoader(
    load,
    {
      ...listener,
      current(flags, tag) {
        etag = tag;
        listener.current(flags, tag);
      },
    },
    CONNECT_TIMEOUT,
  );

  return {
    setContext(other, otherText) {
      context = other;
      text = otherText;
      etag = undefined;
      loader.drop();
    },
    reuse(tag) {
      etag = tag;
    },
    start() {
      leave();
      leave = isFollowing ? share(name, lead, hear) : leave;
      loader.start();
    },
    reload: loader.reload,
    pause: () => leave(),
    stop() {
      leave();
      loader.stop();
    },
  };
}
