// Files of the build that the server no longer has: a new version of it has others than the page that is open. The page then loads itself
// again, once, when it needs such a file. Drafts are in the session storage, so nothing that was typed is lost.

import { lazyRouteComponent } from '@tanstack/react-router';
import { ownName } from './base-path';

const RELOADED = ownName('reloaded');
/** The script of the page, whose name changes with the build */
const BUILD = document.querySelector<HTMLScriptElement>('script[type="module"]')?.src ?? '';

/** A file could not be loaded: the server has another build, or is unreachable */
export class LostFile extends Error {}

/**
 * Loads a file of the build. A failure gets an error text of our own: the router recognises the texts of the browsers, and would load the page
 * again each time.
 */
export function load<T>(importer: () => Promise<T>): Promise<T> {
  return importer().catch((cause: unknown) => {
    throw new LostFile(`a part of the page is missing: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
}

/** The page that is in another file of the build, under this name */
export function lazyPage<M extends Record<string, unknown>, N extends keyof M>(importer: () => Promise<M>, name: N) {
  return lazyRouteComponent(() => load(importer), name);
}

/**
 * Loads the page again if a file is missing, where it is needed: not because the pointer was over a link. False if that did not help before,
 * since the build is still the same.
 */
export function reloadFor(error: unknown): boolean {
  if (!(error instanceof LostFile) || sessionStorage.getItem(RELOADED) === BUILD) {
    return false;
  }
  sessionStorage.setItem(RELOADED, BUILD);
  location.reload();
  return true;
}
