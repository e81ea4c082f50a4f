// Prints the cost of a worker thread with a client, for threads that are created and ended one after the other: processor time, and memory and
// open files of the process after a tenth of the threads and after all of them.
//
// usage: threads.mjs [THREADS]     1,000 unless given, of each kind

import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const PACKAGE = JSON.stringify(createRequire(join(ROOT, 'package.json')).resolve('@flagstaff/node'));
const THREADS = Number(process.argv[2] ?? 1_000);
const DOCUMENT = JSON.stringify(
  JSON.stringify({ schemaVersion: 1, flags: { f: { type: 'boolean', enabled: true, serve: 'on' } } }),
);
const DONE = "require('node:worker_threads').parentPort.postMessage(true);";

/** Kinds of threads, from an empty one to one with a client; each has everything that the one before has. */
const KINDS = {
  'nothing of ours': DONE,
  "Node's modules for requests": `require('node:http'); require('node:https'); require('node:zlib'); ${DONE}`,
  '@flagstaff/node': `require(${PACKAGE}); ${DONE}`,
  'a client, with the addon': `
    const client = require(${PACKAGE}).Client.fromDocument(${DOCUMENT}, { engine: 'native' });
    require('node:worker_threads').parentPort.postMessage(client.getBooleanValue('f', false));`,
};

/** Megabytes and open files of this process; the files on Linux only. */
function held() {
  const megabytes = (process.memoryUsage.rss() / 1e6).toFixed(0).padStart(4);
  const files = existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : '?';
  return `${megabytes} MB ${String(files).padStart(3)} files`;
}

console.log(`${THREADS} worker threads of each kind: processor time of one; what is held after a tenth and after all`);
for (const [kind, code] of Object.entries(KINDS)) {
  const before = process.cpuUsage();
  let early = '';
  for (let made = 1; made <= THREADS; made += 1) {
    const worker = new Worker(code, { eval: true });
    const exit = once(worker, 'exit');
    const [answer] = await once(worker, 'message');
    if (answer !== true) {
      throw new Error(`expected true from a thread with ${kind}, got ${answer}`);
    }
    await exit;
    if (made === Math.ceil(THREADS / 10)) {
      early = held();
    }
  }
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1_000 / THREADS;
  console.log(`${milliseconds.toFixed(1).padStart(8)} ms, ${early}, ${held()}  ${kind}`);
}
