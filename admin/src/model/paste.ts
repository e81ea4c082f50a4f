// Pasted overrides: one a line, `key` or `key,value`; what is wrong with a line is told with its number.

import type { Override } from './language';

export interface Pasted {
  contextKey: string;
  value: Override;
}

export interface BadLine {
  line: number;
  text: string;
  why: 'key' | 'value' | 'duplicate';
}

export interface Paste {
  good: Pasted[];
  bad: BadLine[];
}

const KEY_LENGTH = 255;

/** Reads lines separated by line ends, with a comma, semicolon or tab between key and value; `fallback` is the value of lines without. */
export function readPaste(text: string, fallback: Override, variants: readonly string[]): Paste {
  const good = new Map<string, Pasted>();
  const bad: BadLine[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '') {
      continue;
    }
    const [contextKey = '', given = ''] = line.split(/[,;\t]/, 2).map((part) => part.trim());
    const value = given === '' ? fallback : readValue(given, variants);
    const complain = (why: BadLine['why']) => bad.push({ line: index + 1, text: line, why });
    if (contextKey === '' || contextKey.length > KEY_LENGTH) {
      complain('key');
    } else if (value === undefined) {
      complain('value');
    } else if (good.has(contextKey)) {
      complain('duplicate');
    } else {
      good.set(contextKey, { contextKey, value });
    }
  }
  return { good: [...good.values()], bad };
}

function readValue(text: string, variants: readonly string[]): Override | undefined {
  if (text === 'include' || text === 'exclude') {
    return text;
  }
  return variants.includes(text) ? { variant: text } : undefined;
}

/** Newline-delimited JSON, as the server loads it */
export function toLines(level: string, pasted: readonly Pasted[]): string {
  return pasted.map((each) => `${JSON.stringify({ level, ...each })}\n`).join('');
}
