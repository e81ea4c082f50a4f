/** `@flagstaff/react`: the flags of `@flagstaff/web` in components. */

export { useFlagsClient } from './context.js';
export { Feature, type FeatureProps } from './feature.js';
export {
  type FlagState,
  type Flags,
  useFlag,
  useFlagDetails,
  useFlags,
  useFlagsStatus,
  useSuspenseFlag,
} from './hooks.js';
export { FlagsProvider, type FlagsProviderProps } from './provider.js';
