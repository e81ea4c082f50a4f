// Who uses this tab: by a token, which stays in the tab's session storage and ends with the tab, or by the session cookie, which no script
// can read. That there is a cookie is noted in the local storage, so that all tabs know it.

import { useSyncExternalStore } from 'react';
import { ownName } from './base-path';

const TOKEN = ownName('token');
const COOKIE = ownName('signed-in');
/** In the storage of a window that was opened only to sign in */
const WINDOW = ownName('sign-in-window');
/** Where somebody was who went to the identity provider in the same tab */
const RETURN_TO = ownName('return-to');

/** Why signing in failed: the codes of the server, `link` and `unreachable` */
export type Failure = string;

export type Session =
  | { state: 'signedOut'; failure?: Failure | undefined }
  /** Without a token, by the cookie */
  | { state: 'signedIn'; token: string | undefined }
  /** The server no longer accepts the token or the cookie; what is on the page stays */
  | { state: 'refused'; token: string | undefined; failure?: Failure | undefined };

/** What windows of this browser tell each other about the cookie */
type Message = { signedIn: true } | { failure: Failure };

let session: Session = read();
const listeners = new Set<() => void>();
const windows = new BroadcastChannel(ownName('session'));
windows.onmessage = ({ data }: MessageEvent<Message>) => {
  if (session.state !== 'signedIn' && 'signedIn' in data) {
    signInByCookie();
  } else if (session.state === 'refused' && 'failure' in data) {
    set({ ...session, failure: data.failure });
  }
};

function read(): Session {
  const token = sessionStorage.getItem(TOKEN) ?? undefined;
  return token !== undefined || hasCookie() ? { state: 'signedIn', token } : { state: 'signedOut' };
}

function set(next: Session): void {
  session = next;
  for (const listener of listeners) {
    listener();
  }
}

export function hasCookie(): boolean {
  return localStorage.getItem(COOKIE) !== null;
}

export function signIn(token: string): void {
  sessionStorage.setItem(TOKEN, token);
  set({ state: 'signedIn', token });
}

export function signInByCookie(): void {
  localStorage.setItem(COOKIE, '1');
  sessionStorage.removeItem(TOKEN);
  set({ state: 'signedIn', token: undefined });
}

export function signOut(): void {
  sessionStorage.removeItem(TOKEN);
  localStorage.removeItem(COOKIE);
  set({ state: 'signedOut' });
}

/** The server refused a request of this session; a late response of an earlier one changes nothing. */
export function refuse(asked: Session): void {
  if (session !== asked || session.state !== 'signedIn') {
    return;
  }
  if (session.token === undefined) {
    localStorage.removeItem(COOKIE);
  } else {
    sessionStorage.removeItem(TOKEN);
  }
  set({ state: 'refused', token: session.token });
}

export function currentSession(): Session {
  return session;
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

/** Goes to the identity provider, and comes back to this page. */
export function goToProvider(url: string): void {
  sessionStorage.setItem(RETURN_TO, location.pathname + location.search);
  location.assign(url);
}

/** Goes to the identity provider in a window of its own, so that the page keeps what was typed. */
export function openProvider(url: string): void {
  // A new window begins with a copy of this storage.
  sessionStorage.setItem(WINDOW, '1');
  const opened = window.open(url, '_blank', 'popup,width=520,height=720');
  sessionStorage.removeItem(WINDOW);
  if (opened === null) {
    goToProvider(url);
  }
}

/**
 * Takes what signs in out of the fragment of the address, which no server sees: a token (`#token=…`), the code of a one-time link
 * (`#sign-in=…`), or how the sign-in with the identity provider ended (`#signed-in`, `#sign-in-error=…`). `exchange` gives the failure of a
 * code, if it fails.
 */
export async function takeSignInFromAddress(exchange: (code: string) => Promise<Failure | undefined>): Promise<void> {
  const given = new URLSearchParams(location.hash.slice(1));
  const [token, code, failure] = ['token', 'sign-in', 'sign-in-error'].map((name) => given.get(name));
  const isSignedIn = given.has('signed-in');
  if (!isSignedIn && [token, code, failure].every((text) => text == null)) {
    return;
  }
  const back = isSignedIn || failure != null ? sessionStorage.getItem(RETURN_TO) : null;
  sessionStorage.removeItem(RETURN_TO);
  history.replaceState(null, '', back ?? location.pathname + location.search);
  if (token != null) {
    signIn(token);
  } else if (code != null) {
    const refused = await exchange(code);
    settle(refused);
  } else {
    finish(failure ?? undefined);
  }
}

function settle(failure: Failure | undefined): void {
  if (failure === undefined) {
    signInByCookie();
  } else if (session.state !== 'signedIn') {
    set({ state: 'signedOut', failure });
  }
}

/** Ends a sign-in with the identity provider: in a window that was opened for it, the page that opened it goes on. */
function finish(failure: Failure | undefined): void {
  settle(failure);
  const message: Message = failure === undefined ? { signedIn: true } : { failure };
  windows.postMessage(message);
  if (sessionStorage.getItem(WINDOW) !== null) {
    sessionStorage.removeItem(WINDOW);
    window.close();
  }
}
