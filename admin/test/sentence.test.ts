import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesIn, childrenOf } from '../src/model/condition';
import { hashed, plain, type Serve } from '../src/model/language';
import { conditionText, serveText } from '../src/model/sentence';

test('conditions of other vendors are told, alone and in groups', () => {
  const vendors = { dialect: 'flagd', expression: { '==': [{ var: 'plan' }, 'pro'] } };
  assert.equal(conditionText(vendors), 'flagd says yes to {"==":[{"var":"plan"},"pro"]}');
  const all = { all: [vendors, { not: vendors }, { attribute: 'country', op: 'exists' }] };
  assert.match(conditionText(all), /^flagd says yes to .* and not \(flagd says yes to .*\) and country is present$/);
  assert.deepEqual(attributesIn(all), ['country']);
  assert.deepEqual(childrenOf(vendors), []);
});

test('what is served is told, also by the hash or the expression of another vendor, and nothing', () => {
  const arms = [
    { variant: 'a', weight: 1 },
    { variant: null, weight: 2 },
  ];
  const told: [Serve, string][] = [
    ['on', 'serve on'],
    [{ variant: 'on', rollout: 25 }, 'serve on to 25 % of users'],
    [{ variant: 'on', algorithm: 'murmur3' }, 'serve on'],
    [{ algorithm: 'unleash', arms }, 'split as unleash does, by weight: a 1, nothing 2'],
    [{ dialect: 'flagd', expression: 'on' }, 'serve what flagd names by "on"'],
    [null, "serve nothing: the program's own default"],
  ];
  for (const [serve, text] of told) {
    assert.equal(serveText(serve), text);
  }
  assert.deepEqual(hashed({ algorithm: 'unleash', arms }), {}, 'nothing of it is edited as if it were ours');
  assert.equal(plain({ variant: 'on', rollout: 100 }), 'on');
});
