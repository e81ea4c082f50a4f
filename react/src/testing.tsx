/** `@flagstaff/react/testing`: flags of a test, without a server. */

import { Client, type JsonValue } from '@flagstaff/web';
import * as React from 'react';
import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import { ClientContext } from './context.js';

/** Values by key. */
export type TestValues = Readonly<Record<string, JsonValue>>;

export interface TestFlagsProps {
  /** The values of the first rendering; every other flag is its fallback. */
  values?: TestValues;
  children?: ReactNode;
}

/** The clients of mounted elements. */
const mounted = new Set<Client>();

/** Gives these flags to the components below, in place of `FlagsProvider`. */
export function TestFlags({ values = {}, children }: TestFlagsProps): ReactElement {
  const [client] = useState(() => createTestClient(values));
  useEffect(() => {
    mounted.add(client);
    return () => {
      mounted.delete(client);
    };
  }, [client]);
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}

/** Changes flags of all mounted {@link TestFlags}, and waits until the components have been rendered. */
export function setFlags(values: TestValues): void {
  const change = () => {
    for (const client of mounted) {
      client.override(values);
    }
  };
  // React 18.0 to 18.2 have none.
  const { act } = React as { act?: (callback: () => void) => unknown };
  if (act === undefined) {
    change();
  } else {
    act(change);
  }
}

/** A client with these values that never connects. */
export function createTestClient(values: TestValues = {}): Client {
  const flags = Object.entries(values).map(([key, value]) => ({ key, value }));
  return new Client({ url: 'http://flags.invalid', key: 'test', cache: 'off', bootstrap: { flags } });
}
