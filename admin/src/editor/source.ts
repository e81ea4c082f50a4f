// A text as JSON or YAML: its value, what is wrong with it, and which part of it is at which place.

import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  type YAMLMap,
} from 'yaml';
import { partsOf } from '../model/diff';
import type { Json } from '../model/language';
import { texts } from '../texts';

export type Language = 'json' | 'yaml';

/** A part of the text, and what is wrong with it */
export interface Finding {
  from: number;
  to: number;
  message: string;
}

export interface Source {
  text: string;
  /** Undefined if the text has errors */
  value: Json | undefined;
  errors: readonly Finding[];
}

/** What stands at an offset of a text */
export interface Place {
  path: readonly (string | number)[];
  role: 'name' | 'value';
  /** The name or the value that is there already; empty if there is none */
  from: number;
  to: number;
  /** The names of the other fields of the same object */
  taken: readonly string[];
  /** Whether a colon follows, or only a value is missing */
  isNamed: boolean;
}

export function write(value: Json, language: Language): string {
  return language === 'json' ? JSON.stringify(value, undefined, 2) : stringify(value, { lineWidth: 0 });
}

export function read(text: string, language: Language): Source {
  return language === 'json' ? readJson(text) : readYaml(text);
}

function readJson(text: string): Source {
  try {
    return { text, value: JSON.parse(text) as Json, errors: [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = Math.min(offsetIn(message, text), text.length);
    return { text, value: undefined, errors: [{ from: at, to: Math.min(at + 1, text.length), message }] };
  }
}

/** Engines write the offset, or the line and column, into the message; those that write neither mean the end. */
function offsetIn(message: string, text: string): number {
  const offset = /position (\d+)/.exec(message)?.[1];
  if (offset !== undefined) {
    return Number(offset);
  }
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  const before = text.split('\n').slice(0, Number(line ?? 0) - 1);
  return line === undefined ? text.length : before.join('\n').length + Number(column);
}

function readYaml(text: string): Source {
  const document = parsed(text);
  const errors = document.errors.map(({ pos: [from, to], message }) => ({ from, to: Math.max(to, from), message }));
  if (errors.length > 0) {
    return { text, value: undefined, errors };
  }
  try {
    const value = (document.toJS({ maxAliasCount: 100 }) ?? null) as Json;
    // Throws for what JSON cannot say.
    JSON.stringify(value, (_, each: unknown) => {
      if (typeof each === 'number' && !Number.isFinite(each)) {
        throw new Error(texts.code.notFinite);
      }
      return each;
    });
    return { text, value, errors: [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { text, value: undefined, errors: [{ from: 0, to: text.length, message }] };
  }
}

/** JSON is read as YAML too, since this reader knows where everything is, and goes on after an error. */
function parsed(text: string): Document {
  return parseDocument(text, { prettyErrors: false, version: '1.2', schema: 'core' });
}

/** The part of the text that a JSON pointer names: a value, or the name of what is an object or a list. As far as the text has it. */
export function locator(text: string): (pointer: string) => { from: number; to: number } {
  const { contents } = parsed(text);
  return (pointer) => {
    let node: Node | null | undefined = contents;
    let found = rangeOf(node) ?? { from: 0, to: text.length };
    for (const name of partsOf(pointer)) {
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find((each) => nameOf(each) === name);
        node = pair?.value as Node | null | undefined;
        found = rangeOf(isScalar(node) && node.range?.[0] !== node.range?.[1] ? node : pair?.key) ?? found;
      } else if (isSeq(node)) {
        node = node.items[Number(name)] as Node | undefined;
        const first = isMap(node) ? node.items[0]?.key : node;
        found = rangeOf(first) ?? rangeOf(node) ?? found;
      } else {
        node = undefined;
      }
    }
    return found;
  };
}

function nameOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function rangeOf(node: unknown): { from: number; to: number } | undefined {
  const range = (node as Node | null | undefined)?.range;
  return range === undefined || range === null ? undefined : { from: range[0], to: range[1] };
}

/** What is at an offset of a text, which may be unfinished */
export function placeAt(text: string, offset: number): Place | undefined {
  const { contents } = parsed(text);
  return contents === null ? undefined : placeIn(contents, [], text, offset);
}

function placeIn(node: Node, path: readonly (string | number)[], text: string, offset: number): Place | undefined {
  if (isMap(node)) {
    return placeInMap(node, path, text, offset);
  }
  if (isSeq(node)) {
    const index = node.items.findIndex((item) => isInside(item, offset));
    const item = node.items[index] as Node | undefined;
    const value = { role: 'value', from: offset, to: offset, taken: [], isNamed: true } as const;
    return item === undefined
      ? { path: [...path, node.items.length], ...value }
      : placeIn(item, [...path, index], text, offset);
  }
  const range = rangeOf(node) ?? { from: offset, to: offset };
  return { path, role: 'value', ...range, taken: [], isNamed: true };
}

function placeInMap(
  node: YAMLMap,
  path: readonly (string | number)[],
  text: string,
  offset: number,
): Place | undefined {
  const pairs = node.items.filter((pair) => isPair(pair));
  const takenBut = (own?: Pair) => pairs.filter((pair) => pair !== own).map(nameOf);
  for (const pair of pairs) {
    const name = rangeOf(pair.key);
    if (name !== undefined && name.from <= offset && offset <= name.to) {
      const isNamed = /^\s*:/.test(text.slice(name.to));
      return { path, role: 'name', ...name, taken: takenBut(pair), isNamed };
    }
    const value = pair.value as Node | null;
    if (value !== null && isInside(value, offset) && value.range?.[0] !== value.range?.[1]) {
      return placeIn(value, [...path, nameOf(pair)], text, offset);
    }
    if (name !== undefined && offset > name.to && /^\s*:[ \t]*$/.test(text.slice(name.to, offset))) {
      const at = { from: offset, to: offset, taken: [], isNamed: true };
      return { path: [...path, nameOf(pair)], role: 'value', ...at };
    }
  }
  return { path, role: 'name', from: offset, to: offset, taken: takenBut(), isNamed: false };
}

function isInside(node: unknown, offset: number): boolean {
  const range = rangeOf(node);
  return range !== undefined && range.from <= offset && offset <= range.to;
}
