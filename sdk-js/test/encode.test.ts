import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { encodeContext, encodeValue } from '../src/encode.js';
import { repairContext } from '../src/plain.js';

class Person {
  name = 'Ada';
}

const decode = (context: unknown): unknown => JSON.parse(encodeContext(context));

test('what JSON can say is said', () => {
  const context = { targetingKey: 'u1', n: 1.5, b: false, nothing: null, list: [1, 'a', [true]], inner: { key: 'k' } };
  assert.deepEqual(decode(context), context);
});

test('no context is the empty one', () => {
  assert.equal(encodeContext(undefined), '{}');
});

test('what JSON cannot represent reads as missing, in objects and in arrays', () => {
  const foreign = {
    undefined: undefined,
    function: () => 1,
    symbol: Symbol('s'),
    nan: Number.NaN,
    infinity: Number.NEGATIVE_INFINITY,
    invalidDate: new Date(Number.NaN).getTime(),
    bytes: new Uint8Array(2),
    promise: Promise.resolve(),
    throwing: {
      __proto__: new (class {
        toJSON(): never {
          throw new Error('no');
        }
      })(),
    },
    surrogate: 'a\ud800b',
    hugeBigint: 10n ** 400n,
  };
  assert.deepEqual(decode({ ...foreign, kept: 1 }), { kept: 1 });
  assert.deepEqual(decode({ list: [...Object.values(foreign), 1] }), { list: [1] });
});

test('objects of a program are what they stand for', () => {
  const context = {
    date: new Date(0),
    url: new URL('http://flags.test/a'),
    map: new Map<unknown, unknown>([
      ['a', new Map([['b', 1]])],
      [7, 'no name'],
    ]),
    set: new Set([1, 'two']),
    instance: new Person(),
    boxed: new String('boxed'),
  };
  const expected = {
    date: '1970-01-01T00:00:00.000Z',
    url: 'http://flags.test/a',
    map: { a: { b: 1 } },
    set: [1, 'two'],
    instance: { name: 'Ada' },
    boxed: 'boxed',
  };
  assert.deepEqual(decode(context), expected);
  assert.deepEqual(decode({ list: Object.values(context) }), { list: Object.values(expected) });
});

test('a context that is an instance or a Map, and a targeting key that is an integer or an id with toJSON, can be repaired', () => {
  const id = { __proto__: { toJSON: () => 'abc' } };
  assert.deepEqual(repairContext(new Person()), { name: 'Ada' });
  assert.deepEqual(repairContext(new Map([['targetingKey', 7]])), { targetingKey: '7' });
  assert.deepEqual(repairContext({ targetingKey: 12n, a: 1 }), { targetingKey: '12', a: 1 });
  assert.deepEqual(repairContext({ targetingKey: Object.create({ toJSON: () => 'abc' }), id }), {
    targetingKey: 'abc',
    id,
  });
  for (const context of [
    {},
    { targetingKey: 'u1' },
    { targetingKey: 1.5 },
    { targetingKey: true },
    7,
    null,
    [],
    new Date(0),
  ]) {
    assert.equal(repairContext(context), undefined);
  }
});

test('a name with a lone surrogate is no name', () => {
  assert.deepEqual(decode({ '\udc00': 1, '😀': 2 }), { '😀': 2 });
});

test('a bigint is the nearest number and minus zero is zero', () => {
  assert.equal(encodeContext({ big: 2n ** 53n + 1n, zero: -0 }), '{"big":9007199254740992,"zero":0}');
});

test('a cycle is cut where it closes, and the same object twice is no cycle', () => {
  const shared = { x: 1 };
  const context: Record<string, unknown> = { one: shared, two: shared, list: [shared] };
  context['self'] = context;
  context['list'] = [context, shared];
  assert.deepEqual(decode(context), { one: { x: 1 }, two: { x: 1 }, list: [{ x: 1 }] });
});

test('what lies a thousand deep is cut and the rest is kept', () => {
  let deep: unknown = 'bottom';
  for (let level = 0; level < 1_000; level += 1) {
    deep = { deep };
  }
  const text = encodeContext({ deep, plan: 'pro' });
  assert.equal(text.includes('bottom'), false);
  assert.equal((JSON.parse(text) as { plan: string }).plan, 'pro');
});

test('a getter that throws and a revoked proxy cost one member', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const context = {
    get broken(): never {
      throw new Error('no');
    },
    proxy,
    list: [1],
    kept: true,
  };
  assert.deepEqual(decode(context), { list: [1], kept: true });
  assert.equal(encodeContext(proxy), 'null');
});

test('toJSON is an attribute like any other', () => {
  assert.deepEqual(decode({ toJSON: () => ({ admin: true }), inner: { toJSON: 'text' } }), {
    inner: { toJSON: 'text' },
  });
});

test('members inherited from a prototype do not count', () => {
  assert.deepEqual(decode(Object.assign(Object.create(null), { own: 1 })), { own: 1 });
  assert.equal(encodeContext(Object.create({ inherited: 1 })), 'null');
});

test('a plain object of another realm is a plain object', () => {
  assert.deepEqual(decode(runInNewContext('({ targetingKey: "u1", inner: { a: [1] } })')), {
    targetingKey: 'u1',
    inner: { a: [1] },
  });
});

test('a context that is no object is none', () => {
  for (const context of [null, 1, 'text', true, [], () => 1, new Date(0), new Map(), Symbol('s')]) {
    assert.equal(encodeContext(context), 'null');
  }
});

test('a targeting key of a foreign type stays one that is no string', () => {
  for (const targetingKey of [Number.NaN, () => 'u1', Symbol('s'), 1, {}]) {
    const { targetingKey: encoded } = decode({ targetingKey }) as { targetingKey?: unknown };
    assert.notEqual(encoded, undefined);
    assert.notEqual(typeof encoded, 'string');
  }
});

test('a targeting key that is undefined or no text of Unicode is missing', () => {
  assert.deepEqual(decode({ targetingKey: undefined }), {});
  assert.deepEqual(decode({ targetingKey: '\ud800' }), {});
});

test('a value alone encodes as it does inside', () => {
  assert.equal(encodeValue({ a: [undefined, 1] }), '{"a":[1]}');
  assert.equal(encodeValue(undefined), undefined);
});

test('a context of more attributes than it may have is none, and a nested object may have more', () => {
  const members = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}`, at]));
  assert.deepEqual(decode(members(1_000)), members(1_000));
  assert.equal(encodeContext(members(1_001)), 'null');
  assert.deepEqual(decode({ inner: members(1_001) }), { inner: members(1_001) });
});
