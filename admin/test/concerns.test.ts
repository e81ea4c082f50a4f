// Which queries a change makes old

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concerns } from '../src/model/concerns';

const flag = { environment: 'production', kind: 'flag', key: 'a' };
const segment = { environment: 'production', kind: 'segment', key: 's' };
const note = { environment: null, kind: 'flag', key: 'a' };
const renamed = { environment: 'qa', kind: 'environment', key: 'qa' };

test('a change concerns the queries about it and about what contains it', () => {
  const cases: [unknown[], { environment: string | null; kind: string; key: string }[]][] = [
    [
      ['flag', 'p', 'production', 'a'],
      [flag, segment, note, renamed],
    ],
    [
      ['flag', 'p', 'production', 'b'],
      [segment, renamed],
    ],
    [
      ['flag', 'p', 'staging', 'a'],
      [note, renamed],
    ],
    [['flag', 'other', 'production', 'a'], [renamed]],
    [
      ['projectFlag', 'p', 'a'],
      [flag, segment, note, renamed],
    ],
    [
      ['projectFlag', 'p', 'b'],
      [segment, renamed],
    ],
    [
      ['projectFlags', 'p', false],
      [flag, segment, note, renamed],
    ],
    [
      ['environments', 'p'],
      [flag, segment, note, renamed],
    ],
    [
      ['segment', 'p', 'production', 's'],
      [flag, segment, note, renamed],
    ],
    [
      ['compare', 'p', 'staging', 'production'],
      [flag, segment, note, renamed],
    ],
    [
      ['compare', 'p', 'staging', 'qa'],
      [note, renamed],
    ],
    [
      ['audit', 'p', {}],
      [flag, segment, note, renamed],
    ],
    [['projects'], [renamed]],
    [['preview', 'p', 'production', {}], []],
    [['segmentPreview', 'p', 'production', {}], []],
    [['check', 'p', 'production', {}], []],
    [
      ['revisions', 'p', 'production'],
      [flag, segment, note, renamed],
    ],
    [['documentAt', 'p', 'production', 3], []],
    [['rollbackPreview', 'p', 'production', 3, false], []],
    [['me'], []],
  ];
  for (const [queryKey, expected] of cases) {
    const found = [flag, segment, note, renamed].filter((change) => concerns(queryKey, 'p', change));
    assert.deepEqual(found, expected, JSON.stringify(queryKey));
  }
});
