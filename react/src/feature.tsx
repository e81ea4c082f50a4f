import type { FlagKey, JsonValue } from '@flagstaff/web';
import type { ReactElement, ReactNode } from 'react';
import { useFlag } from './hooks.js';

export interface FeatureProps {
  flag: FlagKey;
  /** The value for which the children are shown; `true` by default. */
  match?: JsonValue;
  /** Shown for every other value. */
  fallback?: ReactNode;
  children?: ReactNode;
}

/** Shows its children while a flag is on, or has the value `match`. */
export function Feature({ flag, match = true, fallback = null, children }: FeatureProps): ReactElement {
  const value: unknown = useFlag(flag, undefined as never);
  return <>{value === match ? children : fallback}</>;
}
