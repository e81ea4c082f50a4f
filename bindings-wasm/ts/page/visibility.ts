/** Watches whether the page is shown, and whether the browser is online. Outside of a browser nothing happens. */

import { after } from './timing.js';

export interface PageListener {
  /** The page has been hidden for a while, or is being left: connections can be closed. */
  suspended(): void;
  /** The page is shown again after it was suspended, or the browser is online again. */
  resumed(): void;
  /** The page is shown again, and was not suspended. */
  focused(): void;
  offline(): void;
}

/** A page that is hidden for this long is suspended. */
const HIDDEN_MS = 20_000;

/** Calls the listener until the function that is returned is called. */
export function watchPage(listener: PageListener): () => void {
  const ended = new AbortController();
  let isSuspended = false;
  let cancel = () => {};
  const suspend = () => {
    isSuspended = true;
    listener.suspended();
  };
  const look = () => {
    cancel();
    if (document.visibilityState === 'hidden') {
      cancel = after(HIDDEN_MS, suspend);
    } else if (isSuspended) {
      isSuspended = false;
      listener.resumed();
    } else {
      listener.focused();
    }
  };
  const on = (names: string, action: () => void) => {
    for (const name of names.split(' ')) {
      addEventListener(name, action, { signal: ended.signal, capture: true });
    }
  };
  if (typeof document !== 'undefined') {
    // A captured event of the document passes the window.
    on('visibilitychange focus pageshow', look);
    // A page that the browser keeps for the back button must have no connections.
    on('pagehide', suspend);
    on('online', () => isSuspended || listener.resumed());
    on('offline', () => listener.offline());
    // The page may have been opened in the background.
    look();
  }
  return () => {
    ended.abort();
    cancel();
  };
}
