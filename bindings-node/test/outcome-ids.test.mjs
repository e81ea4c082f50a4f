// What JavaScript keeps and packs (sdk-js/src/engine.ts, pack.ts), over both engines. `createEvaluator` asks every question in text
// and in numbers and throws where the two differ.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { Client, PreparedContext } from '@flagstaff/node';
import { createEvaluator } from '@flagstaff/node/evaluator';

const rule = (when) => [{ when, serve: 'on' }];
const boolean = (flag) => ({ type: 'boolean', enabled: true, serve: 'off', ...flag });
const match = (attribute, op, value) => boolean({ rules: rule({ attribute, op, ...value }) });

const FLAGS = {
  always: boolean({ serve: 'on' }),
  half: boolean({ serve: { variant: 'on', rollout: 50 } }),
  plan: match('plan', 'equals', { value: 'pro' }),
  name: match('name', 'in', { values: ['Åse', '😀', 'x'.repeat(100), ''] }),
  age: match('age', 'greaterOrEqual', { value: 18 }),
  known: match('age', 'exists', {}),
  roles: match('roles', 'contains', { value: 'admin' }),
  deep: match('/app/build/number', 'lessThan', { value: 7 }),
  object: match('app', 'exists', {}),
  inherited: match('toString', 'exists', {}),
  proto: match('__proto__', 'exists', {}),
  team: boolean({
    overrides: { organization: { red: 'include' } },
    serve: { variant: 'on', rollout: 10, unit: 'team' },
  }),
  until: boolean({ serve: 'on', expiresAt: '2026-12-01T00:00:00Z' }),
  text: { type: 'string', enabled: true, variants: { a: 'A', b: 'B' }, offVariant: 'a', serve: 'b' },
  tree: {
    type: 'object',
    enabled: true,
    variants: { empty: {}, full: { a: { b: 1 } } },
    offVariant: 'empty',
    serve: 'full',
    overrides: { user: { patched: { patch: { a: { c: 2 } } } } },
  },
};

const documentOf = (flags) => JSON.stringify({ schemaVersion: 1, environment: 'e', revision: 1, flags });

const cycle = { name: 'Åse' };
cycle.app = cycle;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

/** Contexts that an encoder and a packer could see with different eyes */
const CONTEXTS = [
  undefined,
  null,
  {},
  { targetingKey: 'u1', plan: 'pro', age: 18, roles: ['admin', 1, null, { a: [true] }], app: { build: { number: 3 } } },
  { targetingKey: 'u2', plan: null, age: '18', roles: [], app: [], name: '' },
  {
    targetingKey: 'patched',
    age: 17.5,
    roles: 'admin',
    app: { build: 5 },
    team: { key: 'x' },
    organization: { key: 'red' },
  },
  { targetingKey: null, age: Number.NaN, name: '😀', app: { build: { number: -0 } }, team: { key: 7 } },
  { targetingKey: undefined, age: 18n, name: 'Åse', team: 'red' },
  { targetingKey: 'u\ud800', age: 2n ** 2000n, name: '\udc00', plan: 'pro\0' },
  { targetingKey: 7 },
  { targetingKey: () => 'u1' },
  { targetingKey: 'x'.repeat(100), name: 'x'.repeat(100) },
  { targetingKey: 'ü'.repeat(10_000), name: 'y'.repeat(100_000) },
  { targetingKey: 'u3', roles: Array.from({ length: 5_000 }, (_, index) => `role-${index}`) },
  { targetingKey: 'u4', age: new Date(0), name: new String('Åse'), roles: new Set(['admin']), app: new Map() },
  ...[999, 1_000].map((count) => ({
    plan: 'pro',
    ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}`, at])),
  })),
  cycle,
  Object.create(null, { plan: { value: 'pro', enumerable: true }, age: { value: 20, enumerable: false } }),
  Object.create({ plan: 'pro' }),
  Object.assign(Object.create(null), { toString: 'mine', plan: 'pro' }),
  JSON.parse('{"__proto__": {"plan": "pro"}, "plan": "free"}'),
  { targetingKey: 'u5', app: revoked, plan: 'pro' },
  {
    targetingKey: 'u6',
    get plan() {
      throw new Error('no');
    },
    age: 30,
  },
  revoked,
  [],
  'text',
  7,
  new (class Person {
    plan = 'pro';
  })(),
];

for (const engine of ['native', 'wasm']) {
  describe(`in numbers, the ${engine} evaluator`, () => {
    test('answers as in text, whatever the context', () => {
      const evaluator = createEvaluator(engine);
      assert.deepEqual(evaluator.load(documentOf(FLAGS)), []);
      const answers = new Set();
      for (const context of CONTEXTS) {
        const asker = typeof context === 'string' ? JSON.stringify(context) : context;
        for (const now of [Date.parse('2026-11-21'), Date.parse('2026-12-02'), Number.NaN]) {
          for (const flag of [...Object.keys(FLAGS), 'nowhere']) {
            for (const type of [null, 'boolean', 'string', 'object']) {
              answers.add(`${flag}: ${evaluator.evaluate(flag, type, null, asker, now)}`);
            }
          }
          evaluator.evaluateAll(asker, now);
        }
      }
      assert.ok(answers.size > 3 * Object.keys(FLAGS).length, `${answers.size} different answers`);
    });

    test('forgets what it knew with each new snapshot', () => {
      const evaluator = createEvaluator(engine);
      const context = { targetingKey: 'u1', plan: 'pro', age: 18 };
      const value = (flag) => JSON.parse(evaluator.evaluate(flag, null, null, context, 0)).value;
      evaluator.load(documentOf(FLAGS));
      assert.deepEqual([value('plan'), value('always'), value('text')], [true, true, 'B']);
      // Other flags at these positions, other attributes, another value.
      evaluator.load(documentOf({ a: boolean(), plan: match('age', 'lessThan', { value: 18 }), text: boolean() }));
      assert.deepEqual([value('plan'), value('always'), value('text')], [false, null, false]);
      evaluator.evaluateAll(context, 0);
    });

    test('follows its memory when that grows', () => {
      const evaluator = createEvaluator(engine);
      evaluator.load(documentOf(FLAGS));
      const context = { targetingKey: 'u1', plan: 'pro' };
      evaluator.evaluate('plan', 'boolean', false, context, 0);
      const many = Object.fromEntries(Array.from({ length: 8_000 }, (_, index) => [`f${index}`, FLAGS.half]));
      evaluator.load(documentOf({ ...many, ...FLAGS }));
      assert.match(evaluator.evaluate('plan', 'boolean', false, context, 0), /"value":true/);
      evaluator.evaluateAll(context, 0);
    });

    test('keeps a prepared context that several clients ask about', () => {
      const [one, two] = [{ plan: FLAGS.plan }, { plan: boolean(), more: FLAGS.plan }].map((flags) =>
        Client.fromDocument(documentOf(flags), { engine }),
      );
      const source = { targetingKey: 'u1', plan: 'pro' };
      const context = new PreparedContext(source);
      source.plan = 'free';
      for (let turn = 0; turn < 3; turn += 1) {
        assert.equal(one.getBooleanValue('plan', false, context), true);
        assert.equal(two.getBooleanValue('plan', true, context), false);
        assert.equal(two.getBooleanValue('more', false, context), true);
        assert.equal(one.evaluateAll(context).plan.value, true);
      }
    });

    test('does not let an object that says something else each time spoil the answers to others', () => {
      const client = Client.fromDocument(documentOf(FLAGS), { engine });
      let reads = 0;
      const shifty = {
        get plan() {
          reads += 1;
          return reads % 2 === 0 ? 'pro' : 'free';
        },
      };
      for (let turn = 0; turn < 8; turn += 1) {
        client.getBooleanValue('plan', false, shifty);
        client.evaluateAll(shifty);
        assert.equal(client.getBooleanValue('plan', false, { plan: 'pro' }), true);
        assert.equal(client.getBooleanValue('plan', false, { plan: 'free' }), false);
      }
    });

    test('hands out details that nobody can change for another', () => {
      const client = Client.fromDocument(documentOf(FLAGS), { engine });
      const details = client.getBooleanDetails('always', false);
      assert.throws(() => {
        details.value = false;
      }, TypeError);
      assert.throws(() => {
        details.detail.step = 'mine';
      }, TypeError);
      assert.deepEqual(client.evaluateAll().always, details);
      assert.throws(() => {
        client.evaluateAll().tree.value.a.b = 2;
      }, TypeError);
      assert.deepEqual(client.evaluateAll().tree.value, { a: { b: 1 } });
    });

    test('keeps the contexts of some when those of others are invalid', () => {
      const client = Client.fromDocument(documentOf(FLAGS), { engine });
      const free = new PreparedContext({ plan: 'free' });
      assert.equal(client.getBooleanValue('plan', true, free), false);
      client.evaluateAll({ targetingKey: 7.5 });
      client.getBooleanValue('plan', true, new PreparedContext({ targetingKey: 7.5 }));
      assert.equal(client.getBooleanValue('plan', false, new PreparedContext({ plan: 'pro' })), true);
      assert.equal(client.getBooleanValue('plan', true, free), false);
    });

    test('keeps more contexts apart than it keeps at once', () => {
      const client = Client.fromDocument(documentOf(FLAGS), { engine });
      const plans = Array.from({ length: 2_500 }, (_, index) => (index % 3 === 0 ? 'pro' : 'free'));
      const contexts = plans.map((plan) => new PreparedContext({ plan }));
      for (let round = 0; round < 2; round += 1) {
        contexts.forEach((context, index) => {
          assert.equal(client.getBooleanValue('plan', false, context), plans[index] === 'pro');
        });
      }
    });

    test('answers a getter that asks in its turn, and then whoever asked first', () => {
      const late = boolean({
        rules: rule({ attribute: 'plan', op: 'equals', value: 'pro' }),
        expiresAt: '2020-01-01T00:00:00Z',
      });
      const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`f${index}`, FLAGS.half]));
      const both = {
        all: [
          { attribute: 'first', op: 'equals', value: 'a' },
          { attribute: 'second', op: 'equals', value: 'b' },
        ],
      };
      const flags = { ...many, ...FLAGS, late, both: boolean({ rules: rule(both) }) };
      const client = Client.fromDocument(documentOf(flags), { engine });
      const inner = { first: 'a', second: 'b', targetingKey: 'u', plan: 'pro' };
      const asking = (question) => ({
        first: 'x',
        get second() {
          question();
          return 'b';
        },
        get plan() {
          question();
          return 'pro';
        },
      });
      const questions = [
        () => client.getBooleanValue('both', false, inner),
        () => client.getBooleanValue('both', false, new PreparedContext(inner)),
        () => client.getBooleanValue('late', false, inner),
        () => client.getBooleanValue('half', false, { targetingKey: `u${Math.random()}` }),
        () => client.evaluateAll(inner),
      ];
      for (const question of questions) {
        for (let turn = 0; turn < 3; turn += 1) {
          assert.equal(client.getBooleanValue('both', true, asking(question)), false);
          assert.equal(client.getBooleanValue('late', true, asking(question)), false);
          assert.equal(client.getBooleanValue('both', false, inner), true);
        }
      }
    });

    test('takes a context that the other form of the package has prepared', () => {
      const { PreparedContext: Other } = createRequire(import.meta.url)('@flagstaff/node');
      assert.notEqual(Other, PreparedContext);
      const client = Client.fromDocument(documentOf(FLAGS), { engine });
      const context = new Other({ plan: 'pro' });
      assert.equal(client.getBooleanValue('plan', false, context), true);
      assert.equal(client.getBooleanValue('always', false, context), true);
      assert.equal(client.evaluateAll(context).plan.value, true);
      assert.equal(
        client.getBooleanDetails('plan', false, new Other({ targetingKey: 7.5 })).errorCode,
        'INVALID_CONTEXT',
      );
    });

    test('tells patched objects one by one, however many there are', () => {
      const evaluator = createEvaluator(engine);
      const trees = Array.from({ length: 40 }, (_, index) => [`tree${index}`, FLAGS.tree]);
      evaluator.load(documentOf({ ...FLAGS, ...Object.fromEntries(trees) }));
      for (const targetingKey of ['patched', 'u1', 'patched']) {
        evaluator.evaluateAll({ targetingKey }, 0);
      }
    });

    test('flags with the names of inherited members are flags like others', () => {
      for (const key of ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '10', '2', '__proto__']) {
        const evaluator = createEvaluator(engine);
        evaluator.load(`{"schemaVersion": 1, "flags": {"${key}": ${JSON.stringify(FLAGS.plan)}}}`);
        for (const plan of ['pro', 'free', 'pro']) {
          evaluator.evaluate(key, 'boolean', null, { plan }, 0);
          evaluator.evaluateAll({ plan }, 0);
        }
      }
      assert.equal(Object.isFrozen(Object.prototype), false);
    });

    test('an object with the name of a prototype is an answer like another', () => {
      const flags = JSON.parse(documentOf(FLAGS).replace('"always"', '"__proto__"'));
      const all = Client.fromDocument(JSON.stringify(flags), { engine }).evaluateAll();
      assert.equal(Object.keys(all).includes('__proto__'), true);
      assert.equal(Object.getPrototypeOf(all), Object.prototype);
    });
  });
}

test('memory that was transferred, or is shared with other threads, is not touched', () => {
  const folder = new URL(
    readdirSync(new URL('../native/', import.meta.url)).includes('dev') ? '../native/dev/' : '../native/',
    import.meta.url,
  );
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.node'));
  const { Evaluator } = createRequire(folder)(`./${file}`);
  const evaluator = new Evaluator();
  evaluator.load(documentOf(FLAGS));
  const { position } = JSON.parse(evaluator.describeFlag('half'));
  const outcomeId = evaluator.outcomeIdFunction();
  const context = evaluator.storeContext('{"targetingKey": "u1"}');
  const memory = new Uint8Array(1024);
  assert.ok(outcomeId(position, 0, context, memory) >= 0);
  assert.ok(evaluator.outcomeIds(context, memory));
  structuredClone(memory.buffer, { transfer: [memory.buffer] });
  const shared = new Uint8Array(new SharedArrayBuffer(1024));
  for (const other of [memory, shared, new Uint8Array(), new Int32Array(256), undefined, null, 7, 'memory', {}]) {
    assert.equal(outcomeId(position, 0, context, other), -1);
    assert.equal(outcomeId(position, 0, 0, other), -1);
    assert.equal(evaluator.outcomeIds(context, other), false);
  }
  assert.deepEqual(shared, new Uint8Array(1024));
  assert.equal(outcomeId(), -1);
});
