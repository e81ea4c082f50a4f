/**
 * A `fetch` whose sockets do not keep the process running. Node's own keeps it running as long as a response is open, and a stream is always
 * open.
 */

import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ByteStream, HttpRequest, HttpResponse } from '../../sdk-js/src/index.js';

/** Sends a request. Redirects are not followed: the response has their status. */
export function unrefFetch(url: string, { headers, signal, method, body }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http;
    // No agent: a pooled socket would stay open, and there is no second request to share it.
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

/** The decompressed body; data is passed on as soon as it arrives. */
function decode(incoming: IncomingMessage): Readable {
  if (incoming.headers['content-encoding'] !== 'gzip') {
    return incoming;
  }
  // If one of them ends, the other ends too; the stream that is read reports errors.
  return pipeline(incoming, createGunzip(), () => {});
}
