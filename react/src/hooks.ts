import {
  type FlagDetails,
  type FlagFallback,
  type FlagKey,
  type FlagSnapshot,
  type FlagValue,
  type JsonValue,
  type PageClient,
  type Source,
  type Status,
  toDetails,
  valueOr,
} from '@flagstaff/web';
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { useFlagsClient } from './context.js';

/** Details of a flag, and whether its value may still arrive. */
export interface FlagState<T> extends FlagDetails<T> {
  /** Whether no values have arrived yet, so that `value` is the fallback for the moment. */
  readonly isLoading: boolean;
}

/**
 * The value of a flag. The component is rendered again only when this value changes. Before values have arrived, and if there is no
 * such flag, the value is the fallback.
 */
export function useFlag<const Key extends FlagKey>(key: Key): FlagValue<Key, false>;
export function useFlag<const Key extends FlagKey, Fallback extends FlagFallback<Key>>(
  key: Key,
  fallback: Fallback,
): FlagValue<Key, Fallback>;
export function useFlag(key: string, fallback: unknown = false): unknown {
  const client = useFlagsClient();
  const value = useSyncExternalStore(
    useCallback((listener: () => void) => client.subscribe(key, listener), [client, key]),
    () => client.getSnapshot(key)?.value,
    () => client.getServerSnapshot(key)?.value,
  );
  useExposure(client, key, value);
  return valueOr(value, fallback);
}

/** The value of a flag, and the reason for it: the component is rendered again when any of these details changes. */
export function useFlagDetails<const Key extends FlagKey>(key: Key): FlagState<FlagValue<Key, false>>;
export function useFlagDetails<const Key extends FlagKey, Fallback extends FlagFallback<Key>>(
  key: Key,
  fallback: Fallback,
): FlagState<FlagValue<Key, Fallback>>;
export function useFlagDetails(key: string, fallback: unknown = false): FlagState<unknown> {
  const client = useFlagsClient();
  const subscribe = useCallback((listener: () => void) => subscribeAll(client, key, listener), [client, key]);
  const flag = useSyncExternalStore(
    subscribe,
    () => client.getSnapshot(key),
    () => client.getServerSnapshot(key),
  );
  const origin = useSyncExternalStore(
    subscribe,
    () => (client.isLoading ? LOADING : client.sourceOf(key)),
    () => (client.getServerSnapshot(key) === undefined ? LOADING : 'bootstrap'),
  );
  useExposure(client, key, flag);
  const stableFallback = useStable(fallback);
  return useMemo(() => toState(key, flag, stableFallback, origin), [key, flag, stableFallback, origin]);
}

/**
 * Like {@link useFlag}, and suspends until values have arrived. The `Suspense` boundary must be below the provider, unless the client was
 * created outside of React. On a server it does not suspend.
 */
export function useSuspenseFlag<const Key extends FlagKey>(key: Key): FlagValue<Key, false>;
export function useSuspenseFlag<const Key extends FlagKey, Fallback extends FlagFallback<Key>>(
  key: Key,
  fallback: Fallback,
): FlagValue<Key, Fallback>;
export function useSuspenseFlag(key: string, fallback: unknown = false): unknown {
  const client = useFlagsClient();
  if (client.isLoading && typeof window !== 'undefined') {
    throw whenReady(client);
  }
  return useFlag(key as FlagKey, fallback as FlagFallback<FlagKey>);
}

/** What {@link useFlags} returns. */
export interface Flags {
  /** The values of all flags, by key. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** Whether the value of a boolean flag is true. */
  isFeatureEnabled(key: FlagKey): boolean;
  get<const Key extends FlagKey, Fallback extends FlagFallback<Key>>(
    key: Key,
    fallback: Fallback,
  ): FlagValue<Key, Fallback>;
}

/** All flags: the component is rendered again when any of them changes. A component that reads one flag uses {@link useFlag}. */
export function useFlags(): Flags {
  const client = useFlagsClient();
  const values = useSyncExternalStore(
    useCallback((listener: () => void) => client.on('change', listener), [client]),
    () => client.all(),
    () => client.allOnServer(),
  );
  return useMemo(() => toFlags(values), [values]);
}

/** The status of the client: `READY`, or why the values are not those of the server. */
export function useFlagsStatus(): Status {
  const client = useFlagsClient();
  return useSyncExternalStore(
    useCallback((listener: () => void) => client.on('status', listener), [client]),
    () => client.status,
    () => 'NOT_READY',
  );
}

const LOADING = 'loading';

function toState(
  key: string,
  flag: FlagSnapshot | undefined,
  fallback: unknown,
  origin: Source | typeof LOADING,
): FlagState<unknown> {
  const isLoading = origin === LOADING;
  return Object.freeze({ ...toDetails(key, flag, fallback, isLoading ? 'fallback' : origin), isLoading });
}

function toFlags(values: Readonly<Record<string, JsonValue>>): Flags {
  const find = (key: string) => (Object.hasOwn(values, key) ? values[key] : undefined);
  return {
    values,
    isFeatureEnabled: (key) => find(key) === true,
    get: (key, fallback) => valueOr(find(key), fallback) as never,
  };
}

/** The value of the previous rendering if it is equal, so that a fallback may be written inline. */
function useStable<T>(value: T): T {
  const held = useRef(value);
  if (held.current !== value && JSON.stringify(held.current) !== JSON.stringify(value)) {
    held.current = value;
  }
  return held.current;
}

function subscribeAll(client: PageClient, key: string, listener: () => void): () => void {
  const ends = [client.subscribe(key, listener), client.on('status', listener)];
  return () => {
    for (const end of ends) {
      end();
    }
  };
}

/** Reports the flag as shown, after the component was rendered. */
function useExposure(client: PageClient, key: string, shown: unknown): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another value is another exposure
  useEffect(() => client.expose(key), [client, key, shown]);
}

const waiting = new WeakMap<PageClient, Promise<unknown>>();

/** One promise for all components that wait. */
function whenReady(client: PageClient): Promise<unknown> {
  const promise = waiting.get(client) ?? client.ready();
  waiting.set(client, promise);
  return promise;
}
