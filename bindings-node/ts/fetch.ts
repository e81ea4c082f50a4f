/**
 * A `fetch` whose sockets do not keep the process running. Node's own holds it for as long as a response is open, and a stream is
 * always open.
 */

import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import type { ByteStream, HttpRequest, HttpResponse } from '../../sdk-js/src/index.js';

/** Sends a GET request. Redirects are not followed, so that they show as the status they are. */
export function unheldFetch(url: string, { headers, signal }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http;
    // No agent: a pooled socket would be left over, and there is nothing to pool.
    const outgoing = request(url, { headers, signal, agent: false }, (incoming) => resolve(toResponse(incoming)));
    outgoing.on('socket', (socket) => socket.unref());
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function toResponse(incoming: IncomingMessage): HttpResponse {
  return {
    status: incoming.statusCode ?? 0,
    headers: { get: (name) => incoming.headersDistinct[name]?.join(', ') ?? null },
    get body(): ByteStream {
      return Readable.toWeb(incoming) as ByteStream;
    },
    async text() {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) {
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
