// The server's example page in headless Chromium, as a follower of one flag.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

export class Page {
  name = 'browser';
  #browser;
  #page;
  #flag;

  static async open(url, flag) {
    const page = new Page();
    page.#flag = flag;
    page.#browser = await openBrowser();
    page.#page = await page.#browser.newPage();
    await page.#page.goto(url);
    return page;
  }

  /** Waits until value and status, where named in `expected`, are what the page shows. */
  async sees(expected, milliseconds) {
    let selector = '';
    if ('status' in expected) {
      selector += `body[data-status="${expected.status}"] `;
    }
    selector += `tr[data-flag="${this.#flag}"]`;
    if ('value' in expected) {
      selector += `[data-value="${JSON.stringify(expected.value)}"]`;
    }
    await this.#page.waitForSelector(selector, { timeout: milliseconds });
  }

  /** The value that the page shows. */
  async value() {
    return JSON.parse(await this.#page.locator(`tr[data-flag="${this.#flag}"]`).getAttribute('data-value'));
  }

  async stop() {
    await this.#browser.close();
  }
}

/** A headless Chromium that talks to nobody but the pages that it is given. */
export function openBrowser() {
  return chromium.launch({
    executablePath: executable(),
    // No sandbox, since tests may run as root; nothing but the page on the network.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function executable() {
  if (process.env.FLAGSTAFF_CHROMIUM) {
    return process.env.FLAGSTAFF_CHROMIUM;
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      try {
        const file = join(folder, name);
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not there: the next one.
      }
    }
  }
  throw new Error('no Chromium on the PATH: run `make setup`');
}
