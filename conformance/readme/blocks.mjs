// The quick starts of the README: fenced blocks that follow a comment `<!-- test: NAME -->`.

import { readFileSync } from 'node:fs';
import { fromRoot } from '../e2e/support/paths.mjs';

const MARKED = /<!-- test: ([a-z-]+) -->\s*```(\w+)\n([\s\S]*?)```/g;

/** The blocks by name, each with its language and its text. */
export function readBlocks(file = fromRoot('README.md')) {
  const found = readFileSync(file, 'utf8').matchAll(MARKED);
  return new Map(Array.from(found, ([, name, language, text]) => [name, { language, text }]));
}

/** The boolean flag of the demo that a block shows. */
export function flagOf(text) {
  const { flags } = JSON.parse(readFileSync(fromRoot('server/demo/flags.json'), 'utf8'));
  const isShown = (flag) =>
    flags[flag].type === 'boolean' && (text.includes(`'${flag}'`) || text.includes(`"${flag}"`));
  const flag = Object.keys(flags).find(isShown);
  if (flag === undefined) {
    throw new Error('the block shows no boolean flag of the demo');
  }
  return flag;
}
