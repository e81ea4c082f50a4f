// A proxy that leads to a server below a path of its host, and to nothing else.

import { once } from 'node:events';
import { createServer, request as send } from 'node:http';

export class PathProxy {
  #path;
  #isRemoved;
  #server;
  /** The server that it leads to */
  target;
  /** The addresses that it was asked for and that are not below the path */
  strays = [];

  /** With `isRemoved` the server gets addresses without the path. */
  static async start(path, isRemoved) {
    const proxy = new PathProxy();
    proxy.#path = path;
    proxy.#isRemoved = isRemoved;
    proxy.#server = createServer((request, response) => proxy.#pass(request, response));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Where browsers and programs find the server */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}${this.#path}`;
  }

  #pass(request, response) {
    const rest = request.url.startsWith(this.#path) ? request.url.slice(this.#path.length) : undefined;
    if (rest === undefined || !/^([/?]|$)/.test(rest)) {
      this.strays.push(request.url);
      response.writeHead(404).end();
      return;
    }
    const path = this.#isRemoved ? rest.replace(/^(?=\?|$)/, '/') : request.url;
    const { method, headers } = request;
    const passed = send(this.target + path, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
