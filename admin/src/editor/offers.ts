// What the editor offers while somebody types: the names and values that the schema has at the place.

import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { type JsonSchema, namesAt, type Offer, valuesAt } from './schema';
import { type Language, placeAt } from './source';

export function offers(context: CompletionContext, language: Language, schema: JsonSchema): CompletionResult | null {
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  if (place === undefined || (!context.explicit && place.from === place.to)) {
    return null;
  }
  const { from, to } = place;
  const isName = place.role === 'name';
  const all: Offer[] = isName
    ? namesAt(schema, place.path).filter(({ label }) => !place.taken.includes(label))
    : valuesAt(schema, place.path);
  const colon = isName && !place.isNamed ? ': ' : '';
  const options = all.map(({ label, info }) => {
    const written = language === 'yaml' ? plain(label, isName) : isName ? JSON.stringify(label) : label;
    return { label: written, apply: written + colon, ...(info === undefined ? {} : { info }) };
  });
  return options.length === 0 ? null : { from, to, options, filter: from < context.pos };
}

/** A text that YAML reads as the same text without quotes has none */
function plain(label: string, isName: boolean): string {
  const text = isName ? label : (JSON.parse(label) as unknown);
  return typeof text === 'string' && /^[A-Za-z][\w-]*$/.test(text) && !/^(true|false|null)$/i.test(text)
    ? text
    : String(label);
}
