// Runs OpenFeature's scenarios with one of our providers.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { loadConfiguration, runCucumber } from '@cucumber/cucumber/api';
import { usePlatform } from './platform.mjs';
import { hasSuite, SUITE } from './suite.mjs';

export function scenarios(platform, features) {
  test("OpenFeature's scenarios pass", { skip: !hasSuite && `no suite at ${SUITE}` }, async (t) => {
    usePlatform(platform);
    const stdout = new PassThrough();
    const summary = stdout.setEncoding('utf8').toArray();
    const { runConfiguration } = await loadConfiguration({
      file: false,
      provided: {
        paths: features.map((name) => join(SUITE, `${name}.feature`)),
        import: ['steps.mjs', 'context-steps.mjs'].map((name) => new URL(name, import.meta.url).pathname),
        // Evaluating costs less than a cache: no provider says that a value is from one.
        tags: 'not @reason-codes-cached',
        format: ['summary'],
      },
    });
    const { success } = await runCucumber(runConfiguration, { stdout });
    stdout.end();
    const text = (await summary).join('');
    t.diagnostic(text);
    assert.ok(success, text);
    assert.match(text, /^\d\d+ scenarios/m);
  });
}
