import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { VERSION } from '../src/version.js';

test('the version is that of the packages', () => {
  for (const folder of ['sdk-js', 'bindings-node', 'bindings-wasm']) {
    const text = readFileSync(new URL(`../../${folder}/package.json`, import.meta.url), 'utf8');
    assert.equal((JSON.parse(text) as { version: string }).version, VERSION, folder);
  }
});
