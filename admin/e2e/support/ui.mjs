// The admin UI in headless Chromium, against a real server. Every page that a test opens must keep to the Content-Security-Policy, throw
// nothing, and ask no other server.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, afterEach, before } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { SingleNode } from '../../../conformance/e2e/support/deployment.mjs';
import { openBrowser } from '../../../conformance/e2e/support/page.mjs';
import { KEYS } from '../../../conformance/e2e/support/server.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const TIMEOUT_MS = 30_000;
/** More stops of the focus than any page has that is gone through by keyboard */
const MOST_STOPS = 150;

export const ADMIN = KEYS.admin;

export class Ui {
  #deployment;
  #browser;
  #problems = [];
  #contexts = [];

  static async start(Deployment) {
    const ui = new Ui();
    await ui.#begin(Deployment);
    return ui;
  }

  /**
   * For the tests of a file: started before them, and stopped after them; the pages of each are closed at its end. A file that prepares more
   * calls `start` itself: Node does not wait for one hook before it begins the next.
   */
  static ofTests(Deployment) {
    const ui = new Ui();
    before(() => ui.#begin(Deployment));
    afterEach(() => ui.closePages());
    after(() => ui.stop());
    return ui;
  }

  async #begin(Deployment = SingleNode) {
    this.#deployment = await Deployment.start();
    this.#browser = await openBrowser();
  }

  get server() {
    return this.#deployment.writer;
  }

  /** What was started, with whatever else belongs to it */
  get deployment() {
    return this.#deployment;
  }

  /** Stops the server without a shutdown, and starts it again at the same address. */
  async restart() {
    await this.server.kill();
    await this.server.restart();
  }

  get url() {
    return this.server.url;
  }

  /** The other node, where there are two */
  get reader() {
    return this.#deployment.reader;
  }

  /**
   * A page in a browser of its own, of the node at `at`: `size` is `[width, height]`, and `token` signs in; `also` are other servers that it
   * may ask; `zone` is the time zone. Its user prefers reduced motion, so no dialog is on its way when a test looks at it.
   */
  async open(path, { at = this.url, size = [1280, 800], token = ADMIN, also = [], zone } = {}) {
    const [width, height] = size;
    const viewport = { width, height };
    const context = await this.#browser.newContext({
      viewport,
      colorScheme: 'light',
      reducedMotion: 'reduce',
      ...(zone === undefined ? {} : { timezoneId: zone }),
    });
    this.#contexts.push(context);
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
      );
    });
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    page.on('pageerror', (error) => this.#problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && message.text().startsWith('policy: ')) {
        this.#problems.push(message.text());
      }
    });
    page.on('request', (request) => {
      if (![at, ...also].some((server) => request.url().startsWith(server)) && !/^(blob|data):/.test(request.url())) {
        this.#problems.push(`a request to ${request.url()}`);
      }
    });
    await page.goto(`${at}${path}${token === null ? '' : `#token=${token}`}`);
    return page;
  }

  /** Sends a request of the administration. */
  async api(method, path, body, headers = {}) {
    const response = await fetch(`${this.url}/api/v1/projects/default${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  flag(key, environment = 'production') {
    return this.api('GET', `/environments/${environment}/flags/${key}`);
  }

  /** Ends a test: closes its pages, which would go on asking the server, and fails if one threw, broke the policy, or asked another server. */
  async closePages() {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    assert.deepEqual(this.#problems.splice(0), []);
  }

  async stop() {
    await this.#browser?.close();
    await this.#deployment?.stop();
  }
}

/** Waits until an element has the focus: a dialog moves it some milliseconds after it appears. */
export async function focused(locator) {
  await locator.and(locator.page().locator(':focus')).waitFor();
}

/** Presses a key that moves the focus until an element has it, as somebody without a mouse does. */
export async function reach(locator, key = 'Tab') {
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) {
      return;
    }
    await locator.page().keyboard.press(key);
  }
  assert.fail(`${key} does not lead to ${locator}`);
}

/** Reviews the draft of a flag and saves it with a reason. */
export async function save(page, reason) {
  const press = (name) => page.getByRole('button', { name, exact: true }).click();
  await press('Review and save');
  await page.getByLabel('Reason').fill(reason);
  await press('Save');
  await page.getByRole('region', { name: 'Changes that are not saved' }).waitFor({ state: 'detached' });
  await page.getByText(/Saved as revision|have revision/).waitFor();
}

/** Waits until `read` gives what is expected; `what` names it in the error. */
export async function eventually(read, expected, what) {
  const deadline = Date.now() + TIMEOUT_MS;
  let found = await read();
  while (!isDeepStrictEqual(found, expected) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found = await read();
  }
  assert.deepEqual(found, expected, what);
}

/**
 * What axe finds on a page: violations, and what it could not decide, by rule and element; with `rules`, only what these rules find. The
 * contrast of what an open dialog covers is left out: it cannot be computed, and is looked at without the dialog.
 */
export async function audit(page, rules) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    // Not by a script element, which the policy forbids.
    await page.evaluate(await readFile(AXE, 'utf8'));
  }
  const runOnly = rules === undefined ? { type: 'tag', values: STANDARDS } : { type: 'rule', values: rules };
  const { violations, incomplete } = await page.evaluate(
    (options) => globalThis.axe.run(document, { runOnly: options, resultTypes: ['violations', 'incomplete'] }),
    runOnly,
  );
  return [...violations, ...incomplete.filter((each) => each.id !== 'color-contrast')].flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.any[0]?.message ?? ''}`),
  );
}
