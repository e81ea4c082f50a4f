/** A server of docs/spec/protocol.md, small enough to be told to misbehave. */

import { once } from 'node:events';
import http from 'node:http';
import { constants, createGzip, gzipSync } from 'node:zlib';

/** murmur3_x86_32 of `text` in UTF-8 */
function murmur3(text, seed) {
  const bytes = Buffer.from(text, 'utf8');
  const scramble = (k) => {
    const product = Math.imul(k, 0xcc9e2d51);
    return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
  };
  let hash = seed;
  const whole = bytes.length - (bytes.length % 4);
  for (let index = 0; index < whole; index += 4) {
    hash ^= scramble(bytes.readInt32LE(index));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let index = bytes.length - 1; index >= whole; index -= 1) {
    tail = (tail << 8) | bytes[index];
  }
  hash ^= scramble(tail) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** PR-4 */
function stateHash(objects) {
  let sum = 0n;
  for (const { kind, key, version } of objects) {
    const text = `${kind}\n${key}\n${version}`;
    sum += (BigInt(murmur3(text, 0)) << 32n) + BigInt(murmur3(text, 1));
  }
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
}

export class FlagServer {
  /** The requests so far: path and headers */
  requests = [];
  /** Whether it compresses for those who take it */
  compresses = false;
  /** Called with each request and response; returns true where it has answered. */
  intercept = () => false;
  #objects = new Map();
  #revision = 0;
  #streams = new Set();
  #http = http.createServer((request, response) => this.#answer(request, response));

  static async start(port = 0) {
    const server = new FlagServer();
    server.#http.listen(port, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  get port() {
    return this.#http.address().port;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Changes a flag and tells every stream. */
  set(key, flag) {
    this.put(key, flag);
    this.broadcast(this.#event('put-object', this.#objects.get(key)) + this.transferred());
  }

  /** Changes a flag and tells nobody. */
  put(key, flag) {
    this.#revision += 1;
    this.#objects.set(key, { kind: 'flag', key, version: this.#revision, object: flag });
  }

  /** The commit of the present state; `hash` may be another than its own. */
  transferred(hash = stateHash(this.#objects.values())) {
    const data = { schemaVersion: 1, environment: 'production', revision: this.#revision, hash };
    return this.#event('payload-transferred', data, `0123456789abcdef.${this.#revision}.${hash}`);
  }

  broadcast(text) {
    for (const stream of this.#streams) {
      stream.write(text);
    }
  }

  /** Breaks every connection off, in the middle of whatever is under way. */
  cut() {
    this.#http.closeAllConnections();
  }

  async stop() {
    this.#http.close();
    this.cut();
    await once(this.#http, 'close');
  }

  #event(name, data, id) {
    return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
  }

  #answer(request, response) {
    this.requests.push({ path: request.url, headers: request.headers });
    if (this.intercept(request, response)) {
      return;
    }
    if (request.method === 'POST') {
      response.writeHead(204).end();
      return;
    }
    const isCompressed = this.compresses && request.headers['accept-encoding'] === 'gzip';
    if (isCompressed) {
      response.setHeader('content-encoding', 'gzip');
    }
    if (request.url.startsWith('/api/v1/sdk/stream?')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const stream = isCompressed ? createGzip({ flush: constants.Z_SYNC_FLUSH }) : response;
      if (isCompressed) {
        stream.pipe(response);
      }
      this.#streams.add(stream);
      response.on('close', () => this.#streams.delete(stream));
      const puts = Array.from(this.#objects.values(), (object) => this.#event('put-object', object));
      stream.write(
        this.#event('server-intent', { intent: 'xfer-full', reason: 'test' }) + puts.join('') + this.transferred(),
      );
    } else {
      const flags = Object.fromEntries(Array.from(this.#objects.values(), ({ key, object }) => [key, object]));
      response.setHeader('etag', `"${this.#revision}"`);
      const document = JSON.stringify({ schemaVersion: 1, environment: 'production', revision: this.#revision, flags });
      response.end(isCompressed ? gzipSync(document) : document);
    }
  }
}

/** A boolean flag that says `value` to everybody */
export const boolean = (value) => ({ type: 'boolean', enabled: true, serve: value ? 'on' : 'off' });

/** Responds as a server that refuses the client. */
export function refuse(response, status, detail) {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'urn:flagstaff:problem:unauthorized', title: 'Unauthorized', status, detail }));
  return true;
}
