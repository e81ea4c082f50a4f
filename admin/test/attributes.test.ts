import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf, operatorsFor, withSeen } from '../src/model/attributes';
import { OPERATORS } from '../src/model/condition';

test('conditions tell the type of an attribute, and the values that are tested for most', () => {
  const known = attributesOf([
    {
      any: [
        { attribute: 'country', op: 'in', values: ['se', 'dk'] },
        { not: { attribute: 'country', op: 'equals', value: 'dk' } },
      ],
    },
    { attribute: 'age', op: 'greaterThan', value: 17 },
    { attribute: 'age', op: 'equals', value: 18 },
    {
      all: [
        { attribute: '/app/version', op: 'semverLess', value: '2.0.0' },
        { attribute: 'beta', op: 'equals', value: true },
      ],
    },
    { attribute: 'tags', op: 'sizeEqual', value: 3 },
    { attribute: 'email', op: 'exists' },
    { segment: 'country' },
    { dialect: 'flagd', expression: { attribute: 'not ours', op: 'equals', value: 1 } },
    undefined,
  ]);
  assert.deepEqual(known, [
    { name: '/app/version', type: 'version', values: ['2.0.0'] },
    { name: 'age', type: 'number', values: ['17', '18'] },
    { name: 'beta', type: 'boolean', values: ['true'] },
    { name: 'country', type: 'text', values: ['dk', 'se'] },
    { name: 'email', type: undefined, values: [] },
    { name: 'tags', type: 'list', values: [] },
  ]);
});

test('the operators of a type come first, and no operator is lost', () => {
  const names = (operators: { op: string }[]) => operators.map(({ op }) => op);
  for (const type of ['text', 'number', 'boolean', 'instant', 'version', 'network', 'list', undefined] as const) {
    const { fitting, others } = operatorsFor(type);
    assert.deepEqual(names([...fitting, ...others]).sort(), names([...OPERATORS]).sort());
  }
  assert.deepEqual(names(operatorsFor('boolean').fitting), ['equals', 'notEquals', 'exists', 'notExists']);
  assert.ok(names(operatorsFor('version').fitting).includes('semverMatches'));
});

test('what contexts had is added to what conditions test, which know a type better', () => {
  const known = attributesOf([
    { attribute: '/app/version', op: 'semverLess', value: '2.0.0' },
    { attribute: 'country', op: 'equals', value: 'se' },
  ]);
  const seen = [
    { attribute: '/app/version', types: ['string'], values: ['1.0.0', '2.0.0'] },
    { attribute: 'age', types: ['number'], values: [17] },
    { attribute: 'mixed', types: ['number', 'string'], values: ['17', 17] },
    { attribute: 'tags', types: ['array'], values: ['x', true] },
  ];
  assert.deepEqual(withSeen(known, seen), [
    { name: '/app/version', type: 'version', values: ['2.0.0', '1.0.0'] },
    { name: 'age', type: 'number', values: ['17'] },
    { name: 'country', type: 'text', values: ['se'] },
    { name: 'mixed', type: undefined, values: ['"17"', '17'] },
    { name: 'tags', type: 'list', values: ['x', 'true'] },
  ]);
});
