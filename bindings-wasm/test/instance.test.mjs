// The binding of the module in ts/instance.ts: it does what the one that wasm-bindgen writes does, and survives a module that traps.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, mock, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@flagstaff/web/local';
import binaryen from 'binaryen';
import { buildSync } from 'esbuild';
import { boolean, FlagServer } from '../../bindings-node/test/support/server.mjs';
import { until } from '../../bindings-node/test/support/wait.mjs';
import * as generated from '../pkg/web/flagstaff_wasm.js';

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const MODULE = readFileSync(path('pkg/web/flagstaff_wasm_bg.wasm'));

// Full jitter whose luck is always best: a delay takes no time.
mock.method(Math, 'random', () => 0);

const DOCUMENT = JSON.stringify({
  schemaVersion: 1,
  revision: 7,
  flags: {
    on: { ...boolean(true), clientSide: true },
    timed: { ...boolean(true), expiresAt: '2030-01-01T00:00:00Z' },
    targeted: {
      ...boolean(false),
      rules: [{ when: { attribute: 'name', op: 'equals', value: 'Zoë' }, serve: 'on' }],
    },
    broken: { type: 'boolean', enabled: true, serve: 'nowhere' },
  },
});

/** Calls every method; the results, with what is thrown. */
function exercise(evaluator) {
  const attempt = (call) => {
    try {
      return call() ?? null;
    } catch (error) {
      return `threw ${error.message}`;
    }
  };
  const all = () => evaluator.evaluateAll('{"name":"Zoë"}', 0);
  const before = [attempt(() => evaluator.cursor()), evaluator.keys(), all()];
  const refused = [attempt(() => evaluator.load('{')), attempt(() => evaluator.applyEvent('put-object', 'nonsense'))];
  const loaded = evaluator.load(DOCUMENT);
  const copy = evaluator.copy();
  const described = ['on', 'timed', 'targeted', 'none'].map((flag) => attempt(() => evaluator.describeFlag(flag)));
  const ids = [evaluator.storeContext('{"name":"Zoë"}'), evaluator.storeContext('[]')];
  const outcomes = [0, 1, 2, 3].map((position) => evaluator.outcomeId(position, 0, ids[0]));
  const hasRoom = evaluator.sharedMemory(64).length >= 64 && evaluator.outcomeIds(ids[0]);
  const shared = Array.from(new Int32Array(evaluator.sharedMemory(64).slice(8, 24).buffer));
  const noRoom = evaluator.outcomeIds(99);
  evaluator.releaseContext(ids[0]);
  evaluator.beginConnection();
  const progress = [
    evaluator.applyEvent('server-intent', '{"intent":"xfer-full","reason":"test"}'),
    attempt(() => evaluator.applyEvent('payload-transferred', '{"schemaVersion":1,"revision":1,"hash":"0"}', 'x.1.0')),
    evaluator.applyEvent('heartbeat', '{}', 'id'),
  ];
  return {
    ...{ before, refused, loaded, described, ids, outcomes, hasRoom, shared, noRoom, progress },
    typed: evaluator.evaluate('on', 'string', '"x"', '{}', 0),
    any: evaluator.evaluate('targeted', null, 'null', '{"name":"Zoë"}', 0),
    explained: evaluator.explain('targeted', 'boolean', 'false', '{"name":"Zoë"}', 0),
    all: all(),
    ofCopy: [copy.keys(), copy.evaluate('on', null, 'null', '{}', 0)],
    issues: evaluator.issues(),
    clientSide: evaluator.clientSideKeys(),
    next: [attempt(() => evaluator.nextBoundary(0)), attempt(() => evaluator.nextBoundary(4e12))],
    changed: evaluator.changedBetween(0, 4e12),
    bucket: evaluator.bucket('salt', 'Zoë', 100_000),
  };
}

test('every method returns what it does with the binding of wasm-bindgen', async () => {
  const { outputFiles } = buildSync({
    entryPoints: [path('ts/instance.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const { instantiate } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  const { memory } = generated.initSync({ module: MODULE });
  const theirs = new generated.Evaluator();
  const reserved = Object.assign(theirs, {
    sharedMemory: (bytes) => new Uint8Array(memory.buffer, theirs.reserve(bytes), bytes),
  });
  const ours = exercise(await instantiate(new WebAssembly.Module(MODULE)));
  assert.deepEqual(ours, exercise(reserved));
  assert.match(ours.loaded, /"revision":7/);
  assert.match(ours.refused[0], /^threw /);
  assert.match(ours.any, /"value":true/);
});

/** The module, in which the second evaluation of each instance traps. */
function createTrapping() {
  const module = binaryen.readBinary(MODULE);
  const { BulkMemory, BulkMemoryOpt, MutableGlobals, NontrappingFPToInt, SignExt, ReferenceTypes, Multivalue } =
    binaryen.Features;
  module.setFeatures(
    BulkMemory | BulkMemoryOpt | MutableGlobals | NontrappingFPToInt | SignExt | ReferenceTypes | Multivalue,
  );
  const { i32, global, if: when, block, unreachable } = module;
  const exported = binaryen.getExportInfo(module.getExport('evaluator_evaluate'));
  const evaluate = module.getFunction(exported.value);
  const { body } = binaryen.getFunctionInfo(evaluate);
  module.addGlobal('calls', binaryen.i32, true, i32.const(0));
  const count = global.set('calls', i32.add(global.get('calls', binaryen.i32), i32.const(1)));
  const isSecond = i32.eq(global.get('calls', binaryen.i32), i32.const(2));
  binaryen.Function.setBody(
    evaluate,
    block(null, [count, when(isSecond, unreachable()), body], binaryen.getExpressionType(body)),
  );
  assert.ok(module.validate());
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

let trapping;

describe('a module that traps', { timeout: 60_000 }, () => {
  before(() => {
    trapping = createTrapping();
  });

  test('is loaded anew, with the flags, each time; until then getters return the default', async (context) => {
    const server = await FlagServer.start();
    server.put('a', boolean(true));
    server.put('b', boolean(true));
    const warnings = [];
    const logger = { warn: (message) => warnings.push(message) };
    const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?page=lost`);
    const client = new page.Client(server.url, 'k', { wasm: trapping, logger });
    context.after(() => Promise.all([client.close(), server.stop()]));
    assert.equal(await client.ready({ timeoutMs: 20_000 }), 'READY');
    for (const first of ['a', 'b', 'a']) {
      const second = first === 'a' ? 'b' : 'a';
      assert.equal(client.getBooleanValue(first, false), true);
      assert.equal(client.getBooleanDetails(second, false).errorCode, 'GENERAL');
      assert.deepEqual(
        [client.status, client.getBooleanDetails(first, false).errorCode],
        ['NOT_READY', 'PROVIDER_NOT_READY'],
      );
      await until(client, () => client.status === 'READY');
    }
    const lost = warnings.filter((warning) => /the evaluator failed and is loaded anew: unreachable/.test(warning));
    assert.equal(lost.length, 3);
    server.set('a', boolean(false));
    await until(client, () => client.revision === 3);
    assert.equal(client.getBooleanValue('a', true), false);
  });

  test('does the same for a document', async () => {
    const warnings = [];
    const client = await Client.fromDocument(DOCUMENT, {
      wasm: undefined,
      logger: { warn: (text) => warnings.push(text) },
    });
    assert.equal(client.getBooleanValue('on', false), true);
    const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?page=trapping`);
    const fragile = await page.Client.fromDocument(DOCUMENT, {
      wasm: trapping,
      logger: { warn: (text) => warnings.push(text) },
    });
    assert.equal(fragile.getBooleanValue('on', false), true);
    assert.equal(fragile.getBooleanValue('timed', false), false);
    await until(fragile, () => fragile.status === 'READY');
    assert.equal(fragile.getBooleanValue('timed', false), true);
    assert.equal(client.getBooleanValue('timed', false), true);
  });
});
