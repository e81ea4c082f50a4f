// The Node worker of `make bench`: one subject in one process, which responds to lines of JSON.
//
// usage: node --expose-gc worker.mjs SUBJECT FOLDER, where FOLDER contains the documents that bench/harness writes.
// bench/harness/worker.py describes the lines.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SUBJECTS = {
  flagstaff: ['flagstaff', 'native'],
  'flagstaff-plain': ['flagstaff', 'nativePlain'],
  'flagstaff-id': ['flagstaff', 'nativeId'],
  'flagstaff-wasm': ['flagstaff', 'wasm'],
  'flagstaff-wasm-plain': ['flagstaff', 'wasmPlain'],
  flagd: ['flagd', 'flagd'],
  growthbook: ['growthbook', 'growthbook'],
  launchdarkly: ['launchdarkly', 'launchdarkly'],
};

const [name, folder] = process.argv.slice(2);
const [module, member] = SUBJECTS[name];
const subject = (await import(`./subjects/${module}.mjs`))[member];

const now = () => Number(process.hrtime.bigint());

function documentOf(set) {
  const path = join(folder, `${subject.format}-${set}.json`);
  return { path, text: readFileSync(path, 'utf8') };
}

const load = async (set) => await subject.load(documentOf(set));
const close = async (client) => await subject.close?.(client);

let single;
let bulk;
let user;
let flags;
const timers = new Map();

/** The installed version; a package may not export its package.json. */
function versionOf(name) {
  const folders = createRequire(import.meta.url).resolve.paths(name);
  for (const folder of folders) {
    try {
      return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${name} is not installed`);
}

/**
 * Runs `call` `count` times. A loop is compiled for each call separately, so that the call site stays monomorphic, as in an
 * application with one SDK; the calls come from this folder.
 */
function loopOf(call, isAsync) {
  const body = (step) => `let last; for (let index = 0; index < count; index += 1) { last = ${step}; } return last;`;
  return isAsync
    ? new Function('call', `return async (count) => { ${body('await call()')} };`)(call)
    : new Function('call', `return (count) => { ${body('call()')} };`)(call);
}

function callOf(workload) {
  const flag = workload.toLowerCase();
  const client = workload === 'W5' ? bulk : single;
  const context = subject.context(user, client);
  switch (workload) {
    case 'W3':
      return () => subject.text(client, flag, context);
    case 'W5':
      return () => subject.all(client, flags, context);
    default:
      return () => subject.boolean(client, flag, context);
  }
}

/** A loop, and the number of turns that take about `nanoseconds`; it has run for a third of a second by then. */
async function calibrate(workload, nanoseconds) {
  const call = callOf(workload);
  const loop = loopOf(call, call() instanceof Promise);
  const start = now();
  let count = 1;
  for (;;) {
    const before = now();
    await loop(count);
    const took = now() - before;
    if (took >= nanoseconds / 2) {
      if (now() - start > 3e8) {
        return { loop, count: Math.max(1, Math.round((count * nanoseconds) / took)) };
      }
    } else {
      count *= 2;
    }
  }
}

/** The resident memory of this process in bytes, after garbage collection. */
async function resident() {
  for (let turn = 0; turn < 4; turn += 1) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
  return process.memoryUsage.rss();
}

const requests = {
  async open(request) {
    user = request.user;
    flags = request.kinds;
    single = await load('single');
    bulk = await load('bulk');
    return { version: versionOf(subject.package) };
  },
  async answers({ flag, kind, users }) {
    const ask = kind === 'W3' ? subject.text : subject.boolean;
    const values = [];
    for (const someone of users) {
      values.push((await ask(single, flag, subject.context(someone, single))) ?? null);
    }
    return { values };
  },
  async all() {
    const answers = await subject.all(bulk, flags, subject.context(user, bulk));
    return { values: Object.fromEntries(subject.entries(answers)) };
  },
  async sample({ workload, seconds }) {
    if (!timers.has(workload)) {
      timers.set(workload, await calibrate(workload, seconds * 1e9));
    }
    const { loop, count } = timers.get(workload);
    const start = now();
    await loop(count);
    return { ns: (now() - start) / count };
  },
  async load() {
    globalThis.gc();
    const document = documentOf('large');
    const start = now();
    const client = await subject.load(document);
    const ns = now() - start;
    await close(client);
    return { ns };
  },
  async memory() {
    // Excludes what the first load allocates once.
    await close(await load('small'));
    const before = await resident();
    const client = await load('large');
    const after = await resident();
    await close(client);
    return { bytes: Math.max(0, after - before) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await requests[request.do](request))}\n`);
}
process.exit(0);
