import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPaste, toLines } from '../src/model/paste';

test('pasted lines are read with the number of each bad one', () => {
  const text = 'u-1\n\nu-2, exclude\nu-3;blue\r\nu-1\n,include\nu-4, purple\n';
  const { good, bad } = readPaste(text, 'include', ['blue', 'green']);
  assert.deepEqual(good, [
    { contextKey: 'u-1', value: 'include' },
    { contextKey: 'u-2', value: 'exclude' },
    { contextKey: 'u-3', value: { variant: 'blue' } },
  ]);
  assert.deepEqual(
    bad.map(({ line, why }) => [line, why]),
    [
      [5, 'duplicate'],
      [6, 'key'],
      [7, 'value'],
    ],
  );
  assert.equal(toLines('user', good.slice(0, 1)), '{"level":"user","contextKey":"u-1","value":"include"}\n');
});

test('100,000 lines are read quickly enough to preview while typing', () => {
  const text = Array.from({ length: 100_000 }, (_, index) => `user-${index}`).join('\n');
  assert.equal(readPaste(text, 'include', []).good.length, 100_000);
});
