/** Values that the page evaluates: the rules come by the stream of SDKs, or by requests for the snapshot in a tab without the stream. */

import type { EvaluatedFlag } from '../../../sdk-js/src/bootstrap.js';
import type { JsonObject, Outcome, SnapshotUpdate, TransferProgress } from '../../../sdk-js/src/evaluator.js';
import type { InstanceInfo } from '../../../sdk-js/src/transport.js';
import { type Failure, readFailure, send, toFailure } from '../page/http.js';
import { createLoader, type LoadResult } from '../page/loader.js';
import { type Notice, share } from '../page/shared.js';
import { connect, keepOpen, type StreamEnd } from '../page/stream.js';
import { after, POLL_AFTER_FAILURES, retryDelay, SNAPSHOT_TIMEOUT } from '../page/timing.js';
import type { Values, ValuesOptions } from '../page/values.js';
import { createAcknowledger } from './acknowledge.js';
import type { PageEvaluator } from './instance.js';
import type { Usage } from './usage.js';

/** Flags that change by time are evaluated again at the latest after this time, since a timer runs for 24 days at most. */
const MAX_WAIT_MS = 86_400_000;

export interface LocalValues extends Values {
  /** The evaluator, once it has flags. */
  readonly evaluator: PageEvaluator | undefined;
  readonly revision: number;
}

export interface LocalOptions {
  /** Opens an evaluator of the empty snapshot; `trapped` is called when it cannot be used any more. */
  open(trapped: (error: unknown) => void): Promise<PageEvaluator>;
  /** A document that is evaluated in place of what a server sends. */
  document?: string | undefined;
  instance: InstanceInfo;
  usage?: Usage | undefined;
  warn(message: string): void;
}

export function openLocal({ server, name, listener }: ValuesOptions, options: LocalOptions): LocalValues {
  const { open, document, instance, usage } = options;
  const acknowledger = createAcknowledger(server, instance);
  let text: string;
  let evaluator: PageEvaluator | undefined;
  let hasFlags = false;
  let revision = 0;
  /** The entity tag of the snapshot, if the flags are from one. */
  let etag: string | undefined;
  /** Why the flags may not be current. */
  let failure: Failure | undefined;
  let isOpening = false;
  let isRunning = false;
  let isStopped = true;
  let isLeading = false;
  /** How often an evaluator has trapped since the last successful evaluation. */
  let traps = 0;
  let isHinted = false;
  let leave = () => {};
  let cancelBoundary = () => {};
  let cancelOpening = () => {};

  /** Evaluates all flags, and again when time alone may have changed them. Throws if the evaluator traps. */
  const evaluate = (own: PageEvaluator): EvaluatedFlag[] => {
    const now = Date.now();
    const { flags } = JSON.parse(own.evaluateAll(text, now)) as { flags: Record<string, Outcome> };
    const hint = isHinted ? undefined : own.userKeyHint(text);
    const boundary = own.nextBoundary(now);
    traps = 0;
    isHinted = true;
    if (hint) {
      options.warn(`flagstaff: ${hint}`);
    }
    cancelBoundary();
    if (typeof boundary === 'number') {
      cancelBoundary = after(Math.min(boundary - now, MAX_WAIT_MS), () => publish(listener.values));
    }
    return Object.entries(flags).map(([key, outcome]) => toFlag(key, outcome));
  };
  const publish = (tell: (flags: readonly EvaluatedFlag[]) => void): void => {
    let flags: EvaluatedFlag[] | undefined;
    try {
      flags = evaluator && hasFlags ? evaluate(evaluator) : undefined;
    } catch {
      // The evaluator has trapped, and another one is opened.
    }
    if (flags) {
      tell(flags);
    }
  };
  const fail = (reason: Failure): void => {
    failure = reason;
    listener.failed(reason);
  };
  const succeed = (): void => {
    failure = undefined;
    hasFlags = true;
    publish(listener.current);
  };
  const replaced = (update: string): void => {
    ({ revision } = JSON.parse(update) as SnapshotUpdate);
  };

  /** Requests the snapshot. */
  const load = async (signal: AbortSignal): Promise<LoadResult> => {
    const own = evaluator as PageEvaluator;
    const cursor = own.cursor();
    const tag = cursor ? `"${cursor}"` : etag;
    const response = await send(server, 'api/v1/sdk/snapshot', { 'if-none-match': tag }, { signal });
    if (response.status === 200) {
      const body = await response.text();
      signal.throwIfAborted();
      replaced(own.load(body));
      etag = response.headers.get('etag') ?? undefined;
    } else if (response.status !== 304) {
      return readFailure(response);
    }
    return { flags: undefined };
  };
  const loader = createLoader(load, { current: succeed, failed: fail }, SNAPSHOT_TIMEOUT);

  /** Has the stream of all tabs. */
  const lead = (tell: (notice: Notice) => void, signal: AbortSignal): Promise<void> => {
    const own = evaluator as PageEvaluator;
    isLeading = true;
    loader.stop();
    signal.addEventListener('abort', () => {
      isLeading = false;
    });
    let event: { name: string; data: string[]; id?: string | undefined };
    const begin = () => {
      event = { name: 'message', data: [] };
    };
    const apply = (end: StreamEnd): void => {
      const { name, data, id } = event;
      begin();
      const result = own.applyEvent(name, data.join('\n'), id);
      const progress = JSON.parse(result) as TransferProgress;
      if (progress.step === 'goodbye') {
        end.requested = progress.retryAfterMs ?? 0;
        throw Error(progress.reason);
      }
      if (progress.step === 'committed') {
        replaced(result);
      }
      if (progress.step === 'committed' || progress.step === 'current') {
        end.wasUp = true;
        etag = undefined;
        acknowledger.acknowledge(own.cursor() as string);
        succeed();
        tell(true);
      }
    };
    const opened = () => {
      // A response that arrives later is older than the stream.
      loader.stop();
      own.beginConnection();
      begin();
    };
    const read = (line: string, end: StreamEnd) => {
      const [, field, value] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
      if (field === 'data') {
        event.data.push(value as string);
      } else if (field === 'event') {
        event.name = value as string;
      } else if (field === 'id') {
        event.id = value;
      } else if (line === '' && event.data.length > 0) {
        apply(end);
      }
    };
    const { id, name: sdk, version } = instance;
    const route = `api/v1/sdk/stream?instance=${id}&sdk=${encodeURIComponent(`${sdk}/${version}`)}`;
    return keepOpen(
      () => connect(server, route, own.cursor() ?? undefined, opened, read, signal),
      (end, failures) => {
        fail({ ...end, reason: end.reason || 'the stream ended' });
        tell(false);
        if (failures >= POLL_AFTER_FAILURES) {
          loader.start();
        }
      },
      signal,
    );
  };

  const disconnect = (): void => {
    leave();
    loader.stop();
    acknowledger.stop();
  };
  const follow = (): void => {
    disconnect();
    if (document !== undefined) {
      replaced((evaluator as PageEvaluator).load(document));
      succeed();
      return;
    }
    const poll = () => isLeading || loader.start();
    leave = share(name, lead, () => isLeading || loader.announce());
    // By then it is known whether this tab has the stream. A tab without it requests the snapshot.
    globalThis.navigator?.locks?.query().then(poll, () => {});
  };
  const trapped = (error: unknown): void => {
    disconnect();
    cancelBoundary();
    evaluator = etag = undefined;
    hasFlags = false;
    fail(toFailure(`the evaluator failed and is loaded anew: ${error}`));
    if (isRunning) {
      cancelOpening = after(traps > 0 ? retryDelay(traps, false, 0) : 0, () => void begin());
    }
    traps += 1;
  };
  /** Opens the evaluator if there is none, and follows the server. */
  const begin = async (): Promise<void> => {
    if (isOpening) {
      return;
    }
    isOpening = true;
    cancelOpening();
    try {
      evaluator ??= await open(trapped);
    } catch (error) {
      // This failure is permanent.
      fail({ ...toFailure(`the evaluator cannot be loaded: ${error}`), isRefused: true });
    }
    isOpening = false;
    if (isRunning && evaluator) {
      follow();
    }
  };
  const suspend = (): void => {
    isRunning = false;
    cancelOpening();
    disconnect();
    usage?.stop();
  };
  return {
    get evaluator() {
      return hasFlags ? evaluator : undefined;
    },
    get revision() {
      return revision;
    },
    setContext(_, otherText) {
      text = otherText;
    },
    reuse() {},
    start() {
      isRunning = true;
      isStopped = false;
      usage?.start();
      void begin();
    },
    async reload() {
      if (isStopped) {
        return;
      }
      if (failure) {
        publish(listener.values);
        listener.failed(failure);
      } else {
        publish(listener.current);
      }
    },
    pause: suspend,
    stop() {
      isStopped = true;
      cancelBoundary();
      suspend();
    },
  };
}

/** The flag as OFREP's bulk response would have it. */
function toFlag(key: string, { value, variant, reason, errorCode, metadata }: Outcome): EvaluatedFlag {
  if (errorCode !== null) {
    return { key, errorCode, metadata };
  }
  const served = { key, reason, metadata: metadata satisfies JsonObject };
  // Without a variant the flag serves nothing.
  return variant === null ? served : { ...served, value, variant };
}
