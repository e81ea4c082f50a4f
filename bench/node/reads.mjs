// Prints the cost of the second read of a flag of a view, `client.forContext(context).get(flag, default)`: the lowest of many rounds.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { Client } = await import(pathToFileURL(createRequire(join(ROOT, 'package.json')).resolve('@flagstaff/node')));

const ROUNDS = 200;
const READS = 100_000;

const rules = [{ when: { attribute: 'country', op: 'in', values: ['se', 'dk'] }, serve: 'on' }];
const document = {
  schemaVersion: 1,
  flags: {
    constant: { type: 'boolean', enabled: true, serve: 'on' },
    targeted: { type: 'boolean', enabled: true, rules, serve: 'off' },
    text: {
      type: 'string',
      enabled: true,
      variants: { a: 'A', b: 'B' },
      offVariant: 'b',
      rules: [{ ...rules[0], serve: 'a' }],
      serve: 'b',
    },
  },
};
const client = Client.fromDocument(JSON.stringify(document));
const view = client.forContext({ targetingKey: 'user-1', country: 'se' });

const KINDS = {
  'isEnabled, a constant flag': () => view.isEnabled('constant'),
  'isEnabled, a flag with a rule': () => view.isEnabled('targeted'),
  'get, a text': () => view.get('text', '') === 'A',
};

/** Nanoseconds of a read, without those of the loop. */
function measure(read) {
  const time = (work) => {
    let hits = 0;
    const start = process.hrtime.bigint();
    for (let index = 0; index < READS; index += 1) {
      hits += work() ? 1 : 0;
    }
    const nanoseconds = Number(process.hrtime.bigint() - start) / READS;
    if (hits !== READS) {
      throw new Error(`${READS - hits} of ${READS} reads are wrong`);
    }
    return nanoseconds;
  };
  let lowest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    lowest = Math.min(lowest, time(read));
  }
  return lowest;
}

console.log('The second read of a flag of a view (goal: 15 ns)');
for (const [kind, read] of Object.entries(KINDS)) {
  console.log(`${measure(read).toFixed(1).padStart(8)} ns  ${kind}`);
}
