// The token of the person who uses this tab. It stays in the tab's session storage, and ends with the tab.

import { useSyncExternalStore } from 'react';

const STORED = 'flagstaff.token';

export type Session =
  | { state: 'signedOut' }
  | { state: 'signedIn'; token: string }
  /** The server no longer accepts the token; what is on the page stays */
  | { state: 'refused'; token: string };

let session: Session = read();
const listeners = new Set<() => void>();

function read(): Session {
  const token = sessionStorage.getItem(STORED);
  return token === null ? { state: 'signedOut' } : { state: 'signedIn', token };
}

function set(next: Session): void {
  session = next;
  for (const listener of listeners) {
    listener();
  }
}

export function signIn(token: string): void {
  sessionStorage.setItem(STORED, token);
  set({ state: 'signedIn', token });
}

export function signOut(): void {
  sessionStorage.removeItem(STORED);
  set({ state: 'signedOut' });
}

/** The server refused a token; a late response of an earlier token changes nothing. */
export function refuse(token: string): void {
  if (session.state === 'signedIn' && session.token === token) {
    sessionStorage.removeItem(STORED);
    set({ state: 'refused', token });
  }
}

export function currentToken(): string | undefined {
  return session.state === 'signedOut' ? undefined : session.token;
}

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}

/** Takes a token from the fragment of the address (`#token=…`), which no server sees, and removes it from the address. */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) {
    history.replaceState(null, '', location.pathname + location.search);
    signIn(token);
  }
}
