// The binding of the module in ts/local/instance.ts: it does what the one that wasm-bindgen writes does, and survives a module that traps.

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
  const before = [attempt(() => evaluator.cursor()), all()];
  const refused = [attempt(() => evaluator.load('{')), attempt(() => evaluator.applyEvent('put-object', 'nonsense'))];
  const loaded = evaluator.load(DOCUMENT);
  evaluator.beginConnection();
  const progress = [
    evaluator.applyEvent('server-intent', '{"intent":"xfer-full","reason":"test"}'),
    attempt(() => evaluator.applyEvent('payload-transferred', '{"schemaVersion":1,"revision":1,"hash":"0"}', 'x.1.0')),
    evaluator.applyEvent('heartbeat', '{}', 'id'),
  ];
  return {
    ...{ before, refused, loaded, progress },
    explained: evaluator.explain('targeted', 'boolean', 'false', '{"name":"Zoë"}', 0),
    any: evaluator.explain('targeted', null, 'null', '{"name":"Zoë"}', 0),
    all: all(),
    issues: evaluator.issues(),
    hints: [attempt(() => evaluator.userKeyHint('{"userId":"Zoë"}')), attempt(() => evaluator.userKeyHint('{}'))],
    next: [attempt(() => evaluator.nextBoundary(0)), attempt(() => evaluator.nextBoundary(4e12))],
  };
}

test('every method returns what it does with the binding of wasm-bindgen', async () => {
  const { outputFiles } = buildSync({
    entryPoints: [path('ts/local/instance.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const { instantiate } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  generated.initSync({ module: MODULE });
  const ours = await instantiate(new WebAssembly.Module(MODULE), () => assert.fail('trapped'));
  const results = exercise(ours);
  assert.deepEqual(results, exercise(new generated.Evaluator()));
  assert.match(results.loaded, /"revision":7/);
  assert.match(results.refused[0], /^threw /);
  assert.match(results.any, /"value":true/);
  assert.match(results.hints[0], /userId/);
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
  const exported = binaryen.getExportInfo(module.getExport('evaluator_evaluateAll'));
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

  test('is loaded anew, with the flags, each time; until then the values stay', async (t) => {
    const server = await FlagServer.start();
    server.put('a', boolean(true));
    server.put('b', boolean(true));
    const warnings = [];
    const logger = { warn: (message) => warnings.push(message) };
    const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?page=lost`);
    const context = { targetingKey: 'u0' };
    const client = new page.Client({ url: server.url, key: 'k', context, wasm: trapping, logger });
    t.after(() => Promise.all([client.close(), server.stop()]));
    assert.equal(await client.ready({ timeoutMs: 20_000 }), 'READY');
    for (const round of [1, 2, 3]) {
      assert.equal(client.get('a', false), true);
      const changed = client.setContext({ targetingKey: 'u0', round });
      assert.deepEqual([client.status, client.get('a', false)], ['STALE', true]);
      await changed;
      await until(client, () => client.status === 'READY');
    }
    const lost = warnings.filter((warning) => /the evaluator failed and is loaded anew: .*unreachable/.test(warning));
    assert.equal(lost.length, 3);
    server.set('a', boolean(false));
    await until(client, () => client.revision === 3 && client.status === 'READY');
    assert.equal(client.get('a', true), false);
  });

  test('does the same for a document', async (t) => {
    const warnings = [];
    const logger = { warn: (text) => warnings.push(text) };
    const client = await Client.fromDocument(DOCUMENT, { logger });
    assert.equal(client.get('on', false), true);
    const page = await import(`${import.meta.resolve('@flagstaff/web/local')}?page=trapping`);
    const fragile = await page.Client.fromDocument(DOCUMENT, { wasm: trapping, logger });
    t.after(() => Promise.all([client.close(), fragile.close()]));
    assert.equal(fragile.get('targeted', true), false);
    await fragile.setContext({ name: 'Zoë' });
    await until(fragile, () => fragile.status === 'READY');
    assert.deepEqual([fragile.get('targeted', false), client.get('targeted', true)], [true, false]);
    assert.equal(warnings.length, 1);
    assert.equal(client.issues.length, 1);
  });
});
