import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf, operatorsFor } from '../src/model/attributes';
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
