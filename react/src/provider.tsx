import { Client, type ClientOptions, type PageClient } from '@flagstaff/web';
import { type ReactElement, type ReactNode, useEffect, useMemo } from 'react';
import { ClientContext } from './context.js';

/**
 * Either a client of `@flagstaff/web` or `@flagstaff/web/local` that was created outside of React, or the options of a client of `@flagstaff/web`, which the
 * provider creates.
 */
export type FlagsProviderProps = { children?: ReactNode } & (
  | { client: PageClient; options?: undefined }
  | { options: ClientOptions; client?: undefined }
);

/**
 * Gives flags to the components below. The provider starts the client when it is mounted; it closes a client that it has created when it is
 * unmounted.
 *
 * `options` may be written inline: if `url` or `key` changes, the provider creates another client; a new `context` or `signature` is set on the
 * client in use.
 */
export function FlagsProvider({ client, options, children }: FlagsProviderProps): ReactElement {
  const own = useOwnClient(options);
  const used = (client ?? own) as PageClient;
  useEffect(() => retain(used, used === own), [used, own]);
  return <ClientContext.Provider value={used}>{children}</ClientContext.Provider>;
}

function useOwnClient(options: ClientOptions | undefined): Client | undefined {
  const identity = options && `${options.url}\n${options.key}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the other options are those of the first rendering
  const client = useMemo(() => options && new Client(options), [identity]);
  const context = JSON.stringify(options?.context);
  const signature = typeof options?.signature === 'string' ? options.signature : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: an equal context in another object is the same one
  useEffect(() => {
    if (client !== undefined && options?.context !== undefined) {
      void client.setContext(options.context, { signature });
    }
  }, [client, context, signature]);
  return client;
}

/** How many mounted providers use a client. */
const users = new WeakMap<PageClient, number>();

function retain(client: PageClient, isOwn: boolean): () => void {
  users.set(client, (users.get(client) ?? 0) + 1);
  client.start();
  // Ends the loading state in time, whatever the network does.
  void client.ready();
  return () => {
    users.set(client, (users.get(client) ?? 1) - 1);
    // Later, since StrictMode unmounts and mounts again at once.
    setTimeout(() => {
      if (isOwn && users.get(client) === 0) {
        void client.close();
      }
    });
  };
}
