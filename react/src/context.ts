/** The client that the components below a provider read. */

import { Client, type PageClient } from '@flagstaff/web';
import { createContext, useContext } from 'react';

export const ClientContext = createContext<PageClient | undefined>(undefined);

/** Without a provider there are no values: every flag is its fallback. */
let unconnected: PageClient | undefined;

/** The client of the nearest provider. Without one it is a client that never connects, so that a component can be rendered alone. */
export function useFlagsClient(): PageClient {
  const client = useContext(ClientContext);
  if (client === undefined) {
    unconnected ??= new Client({ url: 'http://flags.invalid', key: 'none', cache: 'off', bootstrap: { flags: [] } });
  }
  return client ?? (unconnected as PageClient);
}
