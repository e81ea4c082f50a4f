// Pages with a client of @flagstaff/web: each shows one flag, and what its client knows, as attributes of its body.

import { Site } from './site.mjs';

const SHOWN_MS = 30_000;

/** A profile of a browser, and a site whose page has a client with these options. */
export class RemotePages {
  #site;

  /** `before` is HTML that precedes the script; `options` are those of the remote client, as JavaScript. The page evaluates if `isLocal`. */
  static async open(browser, { url, key, flag, options = '{}', before = '', isLocal = false }) {
    const pages = new RemotePages();
    const text = script({ url, key, flag, options, isLocal });
    pages.#site = await Site.open({ language: 'html', text: `${before}<script type="module">\n${text}</script>` });
    pages.context = await browser.newContext();
    return pages;
  }

  get url() {
    return this.#site.url;
  }

  /** Opens a tab. */
  async tab({ prepare = async () => {} } = {}) {
    const page = await this.context.newPage();
    await prepare(page);
    const tab = new Tab(page);
    await page.goto(this.#site.url);
    return tab;
  }

  async stop() {
    await this.context?.close();
    await this.#site?.close();
  }
}

export class Tab {
  /** Requests for values: the status of each response. */
  evaluations = [];
  /** Streams that are open. */
  streams = 0;
  /** Streams that were opened so far. */
  opened = 0;

  constructor(page) {
    this.page = page;
    page.on('response', (response) => {
      if (isEvaluation(response) && response.request().method() === 'POST') {
        this.evaluations.push(response.status());
      }
    });
    const isStream = (request) =>
      /\/ofrep\/v1\/events$|\/sdk\/stream\?/.test(request.url()) && request.method() === 'GET';
    const count = (request, change) => {
      if (isStream(request)) {
        this.streams += change;
        this.opened += Math.max(change, 0);
      }
    };
    page.on('request', (request) => count(request, 1));
    page.on('requestfailed', (request) => count(request, -1));
    page.on('requestfinished', (request) => count(request, -1));
  }

  /** Waits until the page shows these attributes. */
  async shows(expected) {
    const selector = Object.entries(expected).map(([name, value]) => `[data-${name}='${JSON.stringify(value)}']`);
    await this.page.waitForSelector(`body${selector.join('')}`, { state: 'attached', timeout: SHOWN_MS });
  }

  /** What the page shows. */
  async shown(name) {
    return JSON.parse(await this.page.locator('body').getAttribute(`data-${name}`));
  }

  /** Makes the page hidden, as if the person looked at another tab, or visible. */
  async setVisible(isVisible) {
    await this.page.evaluate(
      (state) => {
        Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      },
      isVisible ? 'visible' : 'hidden',
    );
  }
}

function isEvaluation(response) {
  return response.url().includes('/ofrep/v1/evaluate/flags');
}

function script({ url, key, flag, options, isLocal }) {
  const [urlText, keyText, flagText] = [url, key, flag].map((text) => JSON.stringify(text));
  return `
    import { Client } from '@flagstaff/web${isLocal ? '/local' : ''}';
    const client = new Client({ url: ${urlText}, key: ${keyText}, context: { targetingKey: 'user-1' }, ...(${options}) });
    const read = () => client.get(${flagText}, undefined);
    const body = document.body;
    const show = () => {
      for (const [name, value] of Object.entries({ status: client.status, source: client.source, value: read() })) {
        body.dataset[name] = JSON.stringify(value ?? null);
      }
    };
    // What the page could show before any request.
    show();
    body.dataset.first = body.dataset.value;
    client.on('status', show);
    client.on('change', show);
    client.start();
    globalThis.client = client;
  `;
}
