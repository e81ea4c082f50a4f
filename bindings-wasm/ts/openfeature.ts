/** `@flagstaff/web/openfeature`: the provider for OpenFeature's SDK for browsers, on which its SDK for React is built. */

import {
  type ErrorCode,
  type EvaluationContext,
  type FlagMetadata,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderFatalError,
  ProviderNotReadyError,
  type ResolutionDetails,
  type TrackingEventDetails,
} from '@openfeature/web-sdk';
import type { Context, FlagDetails, PageClient, Readiness, Status } from './index.js';

export interface ProviderOptions {
  /** How long OpenFeature waits for values, in milliseconds; 5 s by default. */
  timeoutMs?: number;
  /** Receives what the application tracks by OpenFeature's `track`. */
  onTrack?: (name: string, context: EvaluationContext, details: TrackingEventDetails) => void;
}

/**
 * Serves OpenFeature from a client of `@flagstaff/web` or of `@flagstaff/web/local`.
 *
 * ```js
 * await OpenFeature.setContext({ targetingKey: 'user-1' });
 * await OpenFeature.setProviderAndWait(new FlagstaffProvider(new Client({ url, key })));
 * ```
 */
export class FlagstaffProvider implements Provider {
  readonly metadata = { name: 'flagstaff' } as const;
  readonly runsOn = 'client';
  readonly events = new OpenFeatureEventEmitter();
  readonly #client: PageClient;
  readonly #options: ProviderOptions;
  /** Whether OpenFeature is waiting for this provider; it then emits the events of the result itself. */
  #isAwaited = false;
  #status: Status = 'NOT_READY';
  #unsubscribe: (() => void)[] = [];

  constructor(client: PageClient, options: ProviderOptions = {}) {
    this.#client = client;
    this.#options = options;
  }

  async initialize(context: EvaluationContext = {}): Promise<void> {
    this.#unsubscribe = [
      this.#client.on('change', ({ flags }) => this.#emitChange(flags)),
      this.#client.on('status', ({ status }) => this.#emitStatus(status)),
    ];
    const readiness = await this.#await(() => {
      // Without a context of OpenFeature the client keeps its own, which may be that of the bootstrap.
      if (Object.keys(context).length > 0) {
        void this.#setContext(context);
      }
      // This also restarts a client that was closed.
      this.#client.start();
      return this.#client.ready(this.#options);
    });
    if (readiness === 'FAILED') {
      throw new ProviderFatalError('the server refuses the client; the log says why');
    }
    if (readiness === 'TIMED_OUT') {
      throw new ProviderNotReadyError('no values have arrived in time');
    }
    if (readiness === 'STALE') {
      // After OpenFeature has said that the provider is ready.
      setTimeout(() => this.#emitStale());
    }
  }

  /** Returns nothing if the context is the same, so that OpenFeature does not reconcile. */
  onContextChange(_: EvaluationContext, context: EvaluationContext): Promise<void> | undefined {
    if (JSON.stringify(context) === JSON.stringify(this.#client.context)) {
      return undefined;
    }
    return this.#await(() => this.#setContext(context)).then((readiness) => {
      if (readiness === 'FAILED' || readiness === 'TIMED_OUT') {
        throw new ProviderNotReadyError('the values of the context have not arrived');
      }
    });
  }

  async onClose(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) {
      unsubscribe();
    }
    await this.#client.close();
  }

  resolveBooleanEvaluation(flagKey: string, defaultValue: boolean): ResolutionDetails<boolean> {
    return this.#resolve(flagKey, defaultValue);
  }

  resolveStringEvaluation(flagKey: string, defaultValue: string): ResolutionDetails<string> {
    return this.#resolve(flagKey, defaultValue);
  }

  resolveNumberEvaluation(flagKey: string, defaultValue: number): ResolutionDetails<number> {
    return this.#resolve(flagKey, defaultValue);
  }

  resolveObjectEvaluation<T extends JsonValue>(flagKey: string, defaultValue: T): ResolutionDetails<T> {
    return this.#resolve(flagKey, defaultValue);
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    this.#options.onTrack?.(name, context, details);
  }

  #resolve<T>(flagKey: string, defaultValue: T): ResolutionDetails<T> {
    const details = this.#client.details(flagKey as never, defaultValue as never) as FlagDetails<T>;
    const { value, variant, reason, errorCode, errorMessage, flagMetadata } = details;
    return {
      value,
      reason,
      flagMetadata: toMetadata(flagMetadata),
      ...(variant === undefined ? {} : { variant }),
      ...(errorCode === undefined ? {} : { errorCode: errorCode as ErrorCode, errorMessage: errorMessage ?? '' }),
    };
  }

  #setContext(context: EvaluationContext): Promise<Readiness> {
    return this.#client.setContext(context as Context, this.#options);
  }

  async #await(wait: () => Promise<Readiness>): Promise<Readiness> {
    this.#isAwaited = true;
    try {
      return await wait();
    } finally {
      this.#isAwaited = false;
      this.#status = this.#client.status;
    }
  }

  #emitChange(flagsChanged: readonly string[]): void {
    if (!this.#isAwaited) {
      this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...flagsChanged] });
    }
  }

  #emitStale(): void {
    if (this.#client.status === 'STALE') {
      this.events.emit(ProviderEvents.Stale, { message: 'the server cannot be reached; flags keep their last values' });
    }
  }

  #emitStatus(status: Status): void {
    if (this.#isAwaited || status === this.#status) {
      return;
    }
    this.#status = status;
    if (status === 'READY') {
      this.events.emit(ProviderEvents.Ready);
    } else if (status === 'STALE') {
      this.#emitStale();
    } else {
      this.events.emit(ProviderEvents.Error, { message: 'the server cannot be reached, and there are no values' });
    }
  }
}

/** OpenFeature's metadata has no lists and objects. */
function toMetadata(metadata: FlagDetails<unknown>['flagMetadata']): FlagMetadata {
  const isScalar = (value: unknown) => ['boolean', 'number', 'string'].includes(typeof value);
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => isScalar(value))) as FlagMetadata;
}
