/**
 * A `fetch` whose sockets do not keep the process running. Node's own holds it for as long as a response is open, and a stream is
 * always open.
 */

import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ByteStream, HttpRequest, HttpResponse } from '../../sdk-js/src/index.js';

/** Sends a request. Redirects are not followed, so that they show as the status they are. */
export function unheldFetch(url: string, { headers, signal, method, body }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http;
    // No agent: a pooled socket would be left over, and there is nothing to pool.
    const options = {
      headers: { 'accept-encoding': 'gzip', ...headers },
      method: method ?? 'GET',
      signal,
      agent: false,
    };
    const outgoing = request(url, options, (incoming) => resolve(toResponse(incoming)));
    outgoing.on('socket', (socket) => socket.unref());
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function toResponse(incoming: IncomingMessage): HttpResponse {
  const decoded = decode(incoming);
  return {
    status: incoming.statusCode ?? 0,
    headers: { get: (name) => incoming.headersDistinct[name]?.join(', ') ?? null },
    get body(): ByteStream {
      return Readable.toWeb(decoded) as ByteStream;
    },
    async text() {
      const chunks: Buffer[] = [];
      for await (const chunk of decoded) {
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

/** The body as it was before it was compressed; it gives out what has arrived without waiting for more. */
function decode(incoming: IncomingMessage): Readable {
  if (incoming.headers['content-encoding'] !== 'gzip') {
    return incoming;
  }
  // Either one's end is the other's; who reads is told of an error by the stream that is read.
  return pipeline(incoming, createGunzip(), () => {});
}
