// A context as rows of a form: attributes of any type, whose values are written as JSON, or as a text without quotation marks.

import type { Json, JsonObject } from '../../model/language';
import { texts } from '../../texts';

export interface Row {
  name: string;
  text: string;
}

export const FIRST_CONTEXT = '{"targetingKey": "user-17"}';

export function rowsOf(context: JsonObject): Row[] {
  return Object.entries(context).map(([name, value]) => ({ name, text: literal(value) }));
}

/** The text of a context; rows without a name are left out. */
export function textOf(rows: readonly Row[]): string {
  const named = rows.filter((row) => row.name !== '');
  return JSON.stringify(Object.fromEntries(named.map((row) => [row.name, parsed(row.text)])), undefined, 2);
}

/** Why a text is not a context; undefined if it is one */
export function contextError(text: string): string | undefined {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? undefined : texts.playground.notAnObject;
  } catch (error) {
    return (error as Error).message;
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A text stands for itself unless it would be read as something else. */
function literal(value: Json): string {
  return typeof value === 'string' && parsed(value) === value ? value : JSON.stringify(value);
}
