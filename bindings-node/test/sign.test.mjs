// Signatures of contexts, by the vectors of all SDKs.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { PreparedContext, signContext } from '@flagstaff/node';

const FILE = new URL('../../conformance/vectors/signed-contexts.json', import.meta.url);
const { secret, key, expires, vectors } = JSON.parse(await readFile(FILE, 'utf8'));

test('a signature is that of the vector', () => {
  assert.ok(vectors.length >= 6);
  for (const { name, context, signature } of vectors) {
    assert.equal(signContext(secret, key, context, expires), signature, name);
    const date = new Date(1_000 * expires + 999);
    assert.equal(signContext(secret, key, new PreparedContext(context), date), signature, name);
  }
});

test('what JSON represents is signed, since the page sends it', () => {
  const since = new Date(0);
  const signature = signContext(secret, key, { targetingKey: 'u-1', since: since.toISOString() }, expires);
  assert.equal(signContext(secret, key, { targetingKey: 'u-1', since, nothing: undefined }, expires), signature);
  const [seconds] = signContext(secret, key, {}).split('.');
  const left = Number(seconds) - Date.now() / 1_000;
  assert.ok(left > 3_590 && left <= 3_600, String(left));
  assert.throws(() => signContext(secret, key, {}, new Date(Number.NaN)), TypeError);
});
