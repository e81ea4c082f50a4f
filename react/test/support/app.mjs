// An application of pages/, bundled with one version of React and opened in Chromium.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const HERE = new URL('..', import.meta.url);
const MODULE = createRequire(import.meta.url).resolve('@flagstaff/web/flagstaff_wasm.wasm');
export const VERSIONS = ['18', '19'];

/** The folder in which a version of React is installed. */
function installed(version, name) {
  const folder =
    version === '18' ? new URL('../../react-18/node_modules/', HERE) : new URL('../../node_modules/', HERE);
  return fileURLToPath(new URL(name, folder));
}

/** Bundles a file of pages/. */
async function bundle(page, version, options) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${page}`, HERE))],
    bundle: true,
    write: false,
    jsx: 'automatic',
    alias: { react: installed(version, 'react'), 'react-dom': installed(version, 'react-dom') },
    logLevel: 'warning',
    // The page names the module itself.
    logOverride: { 'empty-import-meta': 'silent' },
    ...options,
  });
  return outputFiles[0].text;
}

/** The script of a page for browsers. */
export function bundleForBrowser(page, version, { production = false } = {}) {
  const define = { 'process.env.NODE_ENV': production ? '"production"' : '"development"' };
  return bundle(page, version, { format: 'iife', define, minify: production });
}

/** Imports a page as a server would. */
export async function importOnServer(page, version) {
  const folder = await mkdtemp(join(tmpdir(), 'flagstaff-react-'));
  try {
    const text = await bundle(page, version, {
      format: 'cjs',
      platform: 'node',
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    const file = join(folder, 'page.cjs');
    await writeFile(file, text);
    return (await import(pathToFileURL(file))).default;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A site with one page, whose script is `/app.js`; the WebAssembly module is `/flagstaff.wasm`. */
export class AppSite {
  #server;
  #context;

  /** Opens it in a browser; `headers` are those of the page. */
  static async open(browser, { html, script, headers = {} }) {
    const site = new AppSite();
    site.#server = createServer((request, response) => {
      if (request.url === '/app.js') {
        response.setHeader('content-type', 'text/javascript').end(script);
      } else if (request.url === '/flagstaff.wasm') {
        response.setHeader('content-type', 'application/wasm').end(readFileSync(MODULE));
      } else if (request.url === '/favicon.ico') {
        response.writeHead(204).end();
      } else {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(html);
      }
    });
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    site.#context = await browser.newContext();
    return site;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** Opens the page; `problems` collects what it writes to the console as an error or a warning, and what it throws. */
  async page({ query = '', prepare = async () => {} } = {}) {
    const page = await this.#context.newPage();
    await prepare(page);
    const problems = [];
    page.on('console', (line) => {
      if (line.type() === 'error' || line.type() === 'warning') {
        problems.push(line.text());
      }
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(this.url + query);
    return { page, problems };
  }

  async close() {
    await this.#context.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A page without content of its own; `config` is there as a global. */
export function emptyPage(config) {
  const json = JSON.stringify(config).replaceAll('<', '\\u003c');
  return `<!doctype html><title>Shop</title><div id="root"></div><script>config = ${json}</script><script src="/app.js"></script>`;
}
