// The SDK of OpenFeature whose scenarios run, with our provider for it.

/**
 * - `OpenFeature`: the SDK
 * - `provider(options)`: our provider, of a client with these options
 * - `evaluate(client, getter, key, fallback, context, options)`
 * - `setContext(context)`: makes it the context of all evaluations, where the SDK has one
 * - `reset()`: removes providers, hooks and contexts
 * - `record(contexts)`: returns a hook-free provider that adds the context of each evaluation, where contexts differ from one to the next
 */
export let platform;

export function usePlatform(chosen) {
  platform = chosen;
}
