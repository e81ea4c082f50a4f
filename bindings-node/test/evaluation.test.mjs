import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Client, PreparedContext } from '@flagstaff/node';
import { createEvaluator } from '@flagstaff/node/evaluator';

const DOCUMENT = JSON.stringify({
  schemaVersion: 1,
  environment: 'production',
  revision: 12,
  flags: {
    half: { type: 'boolean', enabled: true, serve: { variant: 'on', rollout: 50 } },
    off: { type: 'boolean', enabled: false, serve: 'on' },
    colour: {
      type: 'string',
      enabled: true,
      variants: { none: '', blue: '#00f', smile: '😀' },
      offVariant: 'none',
      rules: [{ id: 'dk', when: { attribute: 'country', op: 'in', values: ['dk', 'se'] }, serve: 'smile' }],
      serve: {
        arms: [
          { variant: 'none', weight: 50_000 },
          { variant: 'blue', weight: 50_000 },
        ],
      },
    },
    zero: { type: 'number', enabled: true, variants: { zero: 0, half: 2.5 }, offVariant: 'half', serve: 'zero' },
    minus: { type: 'number', enabled: true, variants: { minus: '$minus' }, offVariant: 'minus', serve: 'minus' },
    tree: {
      type: 'object',
      enabled: true,
      metadata: { owner: 'web', tier: 2 },
      variants: { empty: {}, full: { a: [1, { b: null }], ü: 'ü' } },
      offVariant: 'empty',
      serve: 'full',
    },
    broken: { type: 'string', enabled: true, serve: 'nothing' },
  },
}).replace('"$minus"', '-0.0');

const NOW = Date.parse('2026-11-21T12:00:00Z');

for (const engine of ['native', 'wasm']) {
  describe(`evaluating with the ${engine} engine`, () => {
    const client = Client.fromDocument(DOCUMENT, { engine });

    test('an offline client is ready as it is made', async () => {
      assert.equal(client.status, 'READY');
      assert.equal(await client.ready(), 'READY');
      assert.equal(client.revision, 12);
    });

    test('false, zero, the empty string and the empty object are values', () => {
      assert.equal(client.getBooleanValue('off', true), false);
      assert.equal(client.getNumberValue('zero', 1), 0);
      assert.equal(client.getBooleanDetails('off', true).errorCode, undefined);
    });

    test('minus zero is zero', () => {
      assert.ok(Object.is(client.getNumberValue('minus', 1), 0));
    });

    test('a rule over an attribute decides, with text beyond ASCII', () => {
      const details = client.getStringDetails('colour', '', { targetingKey: 'u1', country: 'dk' });
      assert.equal(details.value, '😀');
      assert.equal(details.variant, 'smile');
      assert.equal(details.reason, 'TARGETING_MATCH');
      assert.equal(details.enabled, true);
      assert.deepEqual(details.detail, { step: 'rule', index: 0, id: 'dk' });
    });

    test('an object is frozen and the same for all, so that nobody can change what others get', () => {
      const object = client.getObjectValue('tree', {});
      assert.deepEqual(object, { a: [1, { b: null }], ü: 'ü' });
      assert.throws(() => object.a.push('mine'), TypeError);
      assert.equal(client.getObjectValue('tree', {}), object);
      assert.equal(client.getObjectDetails('tree', {}, { targetingKey: 'u1' }).value, object);
    });

    test('metadata travels with the details', () => {
      assert.deepEqual(client.getObjectDetails('tree', {}).flagMetadata, { owner: 'web', tier: 2 });
    });

    test('what goes wrong answers the default itself and says what it was', () => {
      const fallback = { mine: true };
      for (const [flag, code] of [
        ['nowhere', 'FLAG_NOT_FOUND'],
        ['broken', 'PARSE_ERROR'],
        ['half', 'TYPE_MISMATCH'],
      ]) {
        const { value, reason, errorCode, errorMessage, variant } = client.getObjectDetails(flag, fallback);
        assert.equal(value, fallback);
        assert.deepEqual({ reason, errorCode, variant }, { reason: 'ERROR', errorCode: code, variant: undefined });
        assert.ok(errorMessage.length > 0);
      }
    });

    test('a context that is no object, or whose key is no string, is invalid', () => {
      for (const context of [null, 7, 'u1', [], new Date(0), { targetingKey: 1.5 }, { targetingKey: () => 'u1' }]) {
        const { value, errorCode } = client.getBooleanDetails('half', true, context);
        assert.deepEqual({ value, errorCode }, { value: true, errorCode: 'INVALID_CONTEXT' });
      }
    });

    test('what a program has for a context is taken as it is meant', () => {
      class Person {
        targetingKey = 'u1';
        country = 'dk';
      }
      const dane = client.getStringDetails('colour', '', { targetingKey: 'u1', country: 'dk' });
      for (const context of [new Person(), new Map(Object.entries(new Person()))]) {
        assert.deepEqual(client.getStringDetails('colour', '', context), dane);
        assert.deepEqual(client.getStringDetails('colour', '', new PreparedContext(context)), dane);
        assert.equal(client.forContext(context).get('colour', ''), dane.value);
      }
      const seven = client.getBooleanDetails('half', false, { targetingKey: '7' });
      for (const targetingKey of [7, 7n, Object.create({ toJSON: () => '7' })]) {
        assert.deepEqual(client.getBooleanDetails('half', false, { targetingKey }), seven);
        assert.deepEqual(client.evaluateAll({ targetingKey }).half, seven);
      }
    });

    test('half of the people get half a rollout', () => {
      let on = 0;
      for (let person = 0; person < 1_000; person += 1) {
        on += Number(client.getBooleanValue('half', false, { targetingKey: `user-${person}` }));
      }
      assert.ok(on >= 450 && on <= 550, `${on} of 1000`);
    });

    test('all flags at once are what they are one by one', () => {
      const context = { targetingKey: 'u7' };
      const all = client.evaluateAll(context);
      assert.deepEqual(Object.keys(all), ['broken', 'colour', 'half', 'minus', 'off', 'tree', 'zero']);
      assert.deepEqual(all.half, client.getBooleanDetails('half', false, context));
      assert.deepEqual(all.tree, client.getObjectDetails('tree', {}, context));
      assert.equal(all.broken.value, undefined);
    });

    test('a broken flag is an issue and takes nobody down', () => {
      assert.ok(client.issues.length > 0);
      for (const { flag, pointer, message } of client.issues) {
        assert.equal(flag, 'broken');
        assert.match(pointer, /^\/flags\/broken/);
        assert.ok(message.length > 0);
      }
    });

    test('a document that is refused whole throws, and says why', () => {
      assert.throws(() => Client.fromDocument('{', { engine }), /document/);
      assert.throws(() => Client.fromDocument('{"schemaVersion": 99}', { engine }), /schemaVersion/);
    });

    test('a file serves as a document does', (context) => {
      const folder = mkdtempSync(join(tmpdir(), 'flagstaff-'));
      context.after(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'flags.json'), DOCUMENT);
      assert.equal(Client.fromFile(join(folder, 'flags.json'), { engine }).getNumberValue('zero', 1), 0);
      assert.throws(() => Client.fromFile(join(folder, 'nothing.json'), { engine }), { code: 'ENOENT' });
    });

    test('a closed client keeps its values', async () => {
      const other = Client.fromDocument(DOCUMENT, { engine });
      await other.close();
      assert.equal(other.getNumberValue('zero', 1), 0);
      assert.equal(other.status, 'STALE');
    });
  });
}

describe('the native and the WebAssembly engine', () => {
  const engines = ['native', 'wasm'].map(createEvaluator);
  for (const engine of engines) {
    engine.load(DOCUMENT);
  }

  /** The one answer of both */
  function both(ask) {
    const [native, wasm] = engines.map(ask);
    assert.deepEqual(wasm, native);
    return native;
  }

  test('are two', () => {
    assert.deepEqual(
      engines.map(({ engine }) => engine),
      ['native', 'wasm'],
    );
  });

  test('give the same issues', () => {
    assert.ok(both((engine) => engine.load(DOCUMENT)).length > 0);
  });

  const contexts = [
    {},
    { targetingKey: 'u1', country: 'dk' },
    { targetingKey: 'ünïcode 😀' },
    { targetingKey: '' },
    { targetingKey: 5 },
    { targetingKey: 'u\ud800' },
    null,
    '{"targetingKey": "u1"}',
    '{"targetingKey": ',
    '"text"',
    '[]',
    '',
  ];
  const flags = [...Object.keys(JSON.parse(DOCUMENT).flags), 'nowhere', '', 'ü', 'a\0b', '\ud800'];
  const types = [null, 'boolean', 'string', 'number', 'integer', 'object'];

  test('give the same outcomes, to the byte', () => {
    for (const context of contexts) {
      both((engine) => engine.evaluateAll(context, NOW));
      for (const flag of flags) {
        for (const type of types) {
          const outcome = both((engine) => engine.evaluate(flag, type, { mine: [1.5, 'ü'] }, context, NOW));
          const explained = both((engine) => engine.explain(flag, type, { mine: [1.5, 'ü'] }, context, NOW));
          assert.ok(explained.startsWith(`{"outcome":${outcome},"trace":[`));
        }
      }
    }
  });

  test('give 10,000 people the same', () => {
    let on = 0;
    for (let person = 0; person < 10_000; person += 1) {
      const context = { targetingKey: `person-${person * 7919}` };
      on += Number(both((engine) => engine.evaluate('half', 'boolean', false, context, NOW)).includes('"value":true'));
    }
    assert.ok(on >= 4_800 && on <= 5_200, `${on} of 10000`);
  });

  test('give the same slots', () => {
    for (const unit of ['', 'u1', 'ünïcode 😀', '\0', 'x'.repeat(1_000)]) {
      const slot = both((engine) => engine.bucket('salt', unit, 100_000));
      assert.ok(slot >= 0 && slot < 100_000);
    }
  });

  test('refuse the same', () => {
    for (const engine of engines) {
      assert.throws(() => engine.load('{'), /document/);
      assert.throws(() => engine.evaluate('half', 'colour', null, {}, NOW), /unknown type `colour`/);
    }
  });

  test('take any instant', () => {
    for (const now of [0, -1, 1e300, -1e300, Number.NaN, 0.5]) {
      both((engine) => engine.evaluate('half', null, null, { targetingKey: 'u' }, now));
    }
  });
});
