/** `@flagstaff/react/server`: flags in server components and in what a server renders. It has no hooks and no state. */

import { type Bootstrap, type FlagFallback, type FlagKey, type FlagValue, valueOr } from '@flagstaff/web';
import type { ReactElement } from 'react';

/** Flags of one context: a bootstrap, or what a server's SDK returns for a context (`client.forContext(context)`). */
export type FlagSource = Bootstrap | { get(key: string, fallback: unknown): unknown };

/** The value of a flag in a server component; the fallback if there is no such flag or it has another type. */
export function getFlag<const Key extends FlagKey>(source: FlagSource, key: Key): FlagValue<Key, false>;
export function getFlag<const Key extends FlagKey, Fallback extends FlagFallback<Key>>(
  source: FlagSource,
  key: Key,
  fallback: Fallback,
): FlagValue<Key, Fallback>;
export function getFlag(source: FlagSource, key: string, fallback: unknown = false): unknown {
  if ('get' in source) {
    return source.get(key, fallback);
  }
  return valueOr(source.flags.find((flag) => flag.key === key)?.value, fallback);
}

export interface FlagsBootstrapProps {
  bootstrap: Bootstrap;
  /** The nonce of the page's content security policy. */
  nonce?: string | undefined;
}

/**
 * Puts the flags into the page, where the client of `@flagstaff/web` finds them before its first request. The element contains data and no
 * script. It must precede the script that makes the client.
 */
export function FlagsBootstrap({ bootstrap, nonce }: FlagsBootstrapProps): ReactElement {
  return (
    <script
      type="application/json"
      id="flagstaff-bootstrap"
      nonce={nonce}
      // Browsers hide the nonce of an element from scripts.
      suppressHydrationWarning
      // biome-ignore lint/security/noDangerouslySetInnerHtml: it is JSON without any `<`
      dangerouslySetInnerHTML={{ __html: JSON.stringify(bootstrap).replace(/</g, '\\u003c') }}
    />
  );
}
