/** The values that a page contains, as an element that is data and not a script: `<script type="application/json" id="flagstaff-bootstrap">`. */

import type { Bootstrap } from '../../../sdk-js/src/bootstrap.js';

export const BOOTSTRAP_ID = 'flagstaff-bootstrap';

/** The bootstrap of the page; `undefined` if there is none, or one that cannot be read. */
export function readPageBootstrap(): Bootstrap | undefined {
  try {
    const bootstrap = JSON.parse((document.getElementById(BOOTSTRAP_ID) as Element).textContent as string) as Bootstrap;
    return Array.isArray(bootstrap.flags) ? bootstrap : undefined;
  } catch {
    // There is no such element, or, outside of a browser, no document.
    return undefined;
  }
}
