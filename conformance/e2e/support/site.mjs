// A page of its own origin, with the files of @flagstaff/web beside it, as an application would publish it.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fromRoot } from './paths.mjs';

const TYPES = { js: 'text/javascript', wasm: 'application/wasm' };
// Resolves the name of the package to its files, as a bundler does.
const IMPORT_MAP = {
  imports: {
    '@flagstaff/web': '/web/esm/index.js',
    '@flagstaff/web/local': '/web/esm/local.js',
    '@flagstaff/web/local-dialects': '/web/esm/local-dialects.js',
  },
};

export class Site {
  #server;

  /** Serves a block, HTML or the JavaScript of a module. */
  static async open({ language, text }) {
    const site = new Site();
    const body = language === 'html' ? text : `<script type="module">\n${text}</script>`;
    const map = `<script type="importmap">${JSON.stringify(IMPORT_MAP)}</script>`;
    const page = `<!doctype html><meta charset="utf-8"><title>Quick start</title>${map}<body>${body}</body>`;
    site.#server = createServer((request, response) => answer(request.url, page, response));
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function answer(path, page, response) {
  if (path === '/') {
    response.setHeader('content-type', 'text/html').end(page);
    return;
  }
  const file = /^\/web\/((?:esm\/)?[\w-]+\.(js|wasm))$/.exec(path);
  if (file === null) {
    response.writeHead(404).end();
    return;
  }
  // Frames without an origin may load them too.
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('content-type', TYPES[file[2]]).end(await readFile(fromRoot(`bindings-wasm/dist/${file[1]}`)));
}
