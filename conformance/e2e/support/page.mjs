// A page in headless Chromium that evaluates locally and shows one flag.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import { Site } from './site.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

export class Page {
  name = 'browser';
  #site;
  #browser;
  #page;

  static async open(url, key, flag) {
    const page = new Page();
    page.#site = await Site.open({ language: 'js', text: script(url, key, flag) });
    page.#browser = await openBrowser();
    page.#page = await page.#browser.newPage();
    await page.#page.goto(page.#site.url);
    return page;
  }

  /** Waits until the page shows the value and status in `expected`. */
  async sees(expected, milliseconds) {
    let selector = 'body';
    if ('status' in expected) {
      selector += `[data-status="${expected.status}"]`;
    }
    if ('value' in expected) {
      selector += `[data-value='${JSON.stringify(expected.value)}']`;
    }
    await this.#page.waitForSelector(selector, { state: 'attached', timeout: milliseconds });
  }

  /** The value that the page shows. */
  async value() {
    return JSON.parse(await this.#page.locator('body').getAttribute('data-value'));
  }

  async stop() {
    await this.#browser.close();
    await this.#site.close();
  }
}

/** Writes the client's status and the flag's value to the body, as they change. */
function script(url, key, flag) {
  return `
    import { Client } from '@flagstaff/web/local';

    const context = { targetingKey: 'user-1' };
    const client = new Client({ url: ${JSON.stringify(url)}, key: ${JSON.stringify(key)}, context });
    const show = () => {
      const value = client.get(${JSON.stringify(flag)}, undefined);
      document.body.dataset.status = client.status;
      document.body.dataset.value = value === undefined ? '' : JSON.stringify(value);
    };
    client.on('status', show);
    client.on('change', show);
    client.start();
    show();
  `;
}

/** A headless Chromium without network access except to the pages of the test. */
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
        // Not installed: try the next one.
      }
    }
  }
  throw new Error('no Chromium on the PATH: run `make setup`');
}
