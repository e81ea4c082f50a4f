import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TIMING } from '../src/timing.js';
import type { Readiness, Status } from '../src/types.js';

/** The rows of docs/sdk.md that begin with a name in backticks: the name and the second cell. */
const rows = new Map(
  readFileSync(new URL('../../docs/sdk.md', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => /^\| `([^`]+)` \| (.+?) \|/.exec(line) ?? [])
    .map(([, name, cell]) => [name, cell]),
);

test('the delays are those of docs/sdk.md', () => {
  for (const [name, value] of Object.entries(TIMING)) {
    const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const isCount = /Failures$|Attempts$/.test(name);
    const text = isCount ? `${value}` : name.endsWith('Jitter') ? `${value * 100} %` : `${value / 1_000} s`;
    assert.equal(rows.get(words), text, name);
  }
});

test('the states are those of docs/sdk.md', () => {
  // The compiler compares these with the types.
  const statuses: Record<Status, true> = { NOT_READY: true, READY: true, STALE: true, FAILED: true };
  const readiness: Record<Readiness, true> = { READY: true, STALE: true, TIMED_OUT: true, FAILED: true };
  const documented = [...rows.keys()].filter((name) => name !== undefined && /^[A-Z_]+$/.test(name));
  assert.deepEqual(new Set(documented), new Set(Object.keys({ ...statuses, ...readiness })));
});
