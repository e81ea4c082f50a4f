/** `@flagstaff/node/openfeature`: a provider for OpenFeature's server SDK. */

import {
  type EvaluationContext,
  type ErrorCode as OpenFeatureErrorCode,
  OpenFeatureEventEmitter,
  type JsonValue as OpenFeatureJsonValue,
  type Provider,
  ProviderEvents,
  ProviderFatalError,
  ProviderNotReadyError,
  type ResolutionDetails,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import type { Details, FlagClient, JsonObject, Status } from '../../sdk-js/src/index.js';
import { Client } from './client.js';
import type { ClientOptions } from './options.js';

export interface ProviderOptions {
  /** How long `initialize` waits for flags; 5 seconds by default. If they come later the provider becomes ready by itself. */
  timeoutMs?: number | undefined;
  /** Receives what `client.track` of OpenFeature is called with: Flagstaff itself does not store it. */
  onTrack?: ((name: string, context: EvaluationContext, details: TrackingEventDetails) => void) | undefined;
}

/**
 * Flagstaff as a provider of OpenFeature.
 *
 * ```js
 * await OpenFeature.setProviderAndWait(new FlagstaffProvider({ url, key }));
 * await OpenFeature.getClient().getBooleanValue('new-checkout', false, { targetingKey: 'user-1' });
 * ```
 */
export class FlagstaffProvider implements Provider {
  readonly metadata = { name: 'flagstaff' } as const;
  readonly runsOn = 'server' as const;
  readonly events = new OpenFeatureEventEmitter();
  readonly #options: ProviderOptions;
  readonly #make: () => FlagClient;
  readonly #isOwner: boolean;
  #client: FlagClient | undefined;
  #stops: (() => void)[] = [];

  /** A provider of a client, which it does not close, or of a client that it makes with these options and closes. */
  constructor(client: FlagClient | ClientOptions, options: ProviderOptions = {}) {
    this.#options = options;
    this.#isOwner = !isClient(client);
    this.#make = isClient(client) ? () => client : () => new Client(client);
  }

  /** The client; `undefined` before {@link initialize}. */
  get client(): FlagClient | undefined {
    return this.#client;
  }

  /** Waits for flags. Rejects if there are none: with a fatal error if the server refuses the SDK key. May be called again after {@link onClose}. */
  async initialize(): Promise<void> {
    this.#client ??= this.#make();
    const client = this.#client;
    const readiness = await client.ready({ timeoutMs: this.#options.timeoutMs });
    this.#listen(client, client.status);
    if (readiness === 'FAILED') {
      throw new ProviderFatalError('the server refuses the SDK key or the URL, or the evaluator cannot be loaded');
    }
    if (readiness === 'TIMED_OUT') {
      throw new ProviderNotReadyError('no flags have been received in time');
    }
    if (client.status === 'STALE') {
      // After the event of OpenFeature that the provider is ready.
      setTimeout(() => client.status === 'STALE' && this.events.emit(ProviderEvents.Stale), 0);
    }
  }

  async onClose(): Promise<void> {
    for (const stop of this.#stops.splice(0)) {
      stop();
    }
    const client = this.#client;
    this.#client = undefined;
    await (this.#isOwner ? client?.close() : client?.flush());
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    this.#options.onTrack?.(name, context, details);
  }

  async resolveBooleanEvaluation(flag: string, defaultValue: boolean, context: EvaluationContext) {
    return this.#resolve(defaultValue, (client) => client.getBooleanDetails(flag, defaultValue, context));
  }

  async resolveStringEvaluation(flag: string, defaultValue: string, context: EvaluationContext) {
    return this.#resolve(defaultValue, (client) => client.getStringDetails(flag, defaultValue, context));
  }

  async resolveNumberEvaluation(flag: string, defaultValue: number, context: EvaluationContext) {
    return this.#resolve(defaultValue, (client) => client.getNumberDetails(flag, defaultValue, context));
  }

  async resolveObjectEvaluation<T extends OpenFeatureJsonValue>(
    flag: string,
    defaultValue: T,
    context: EvaluationContext,
  ) {
    return this.#resolve(
      defaultValue,
      (client) => client.getObjectDetails(flag, defaultValue as object | null, context) as Details<T>,
    );
  }

  #resolve<T>(defaultValue: T, evaluate: (client: FlagClient) => Details<T>): ResolutionDetails<T> {
    if (this.#client === undefined) {
      return { value: defaultValue, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' as OpenFeatureErrorCode };
    }
    const { value, variant, reason, errorCode, errorMessage, flagMetadata } = evaluate(this.#client);
    return {
      value,
      reason,
      flagMetadata: toFlagMetadata(flagMetadata),
      ...(variant === undefined ? {} : { variant }),
      // Their enumeration has the same names.
      ...(errorCode === undefined ? {} : { errorCode: errorCode as unknown as OpenFeatureErrorCode }),
      ...(errorMessage === undefined ? {} : { errorMessage }),
    };
  }

  /** Emits what happens after the provider is initialized; OpenFeature itself emits the result of that. */
  #listen(client: FlagClient, initial: Status): void {
    let before = initial;
    const onStatus = ({ status }: { status: Status }) => {
      if (status === 'READY') {
        this.events.emit(ProviderEvents.Ready);
      } else if (status === 'STALE' && before === 'READY') {
        this.events.emit(ProviderEvents.Stale);
      } else if (status === 'FAILED') {
        this.events.emit(ProviderEvents.Error, { message: 'the server refuses the SDK key or the URL' });
      }
      before = status;
    };
    const onChange = ({ flags }: { flags: readonly string[] }) =>
      this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...flags] });
    this.#stops.push(client.on('status', onStatus), client.on('change', onChange));
  }
}

/** Not `instanceof`: the client may be of another copy of this package. */
function isClient(client: FlagClient | ClientOptions): client is FlagClient {
  return 'ready' in client;
}

/** OpenFeature's metadata is flat. */
function toFlagMetadata(metadata: Readonly<JsonObject>): Record<string, string | number | boolean> {
  const flat: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      flat[name] = value;
    }
  }
  return flat;
}
