// The Gherkin suite of OpenFeature, where this machine has it, and its flags as a document of Flagstaff.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from '../e2e/support/paths.mjs';

export const SUITE = fromRoot('../shared/vendor-suites/openfeature');
export const hasSuite = existsSync(SUITE);

const TYPES = { boolean: 'boolean', string: 'string', number: 'number', object: 'object' };
const EMAIL = { attribute: 'email', op: 'equals', value: 'ballmer@macrosoft.com' };
/** What the expressions of the suite (CEL) are in the language of Flagstaff. */
const RULES = {
  "email == 'ballmer@macrosoft.com' ? 'zero' : ''": { when: EMAIL, serve: 'zero' },
  "!customer && email == 'ballmer@macrosoft.com' && age > 10 ? 'internal' : ''": {
    when: {
      all: [
        { attribute: 'customer', op: 'equals', value: false },
        EMAIL,
        { attribute: 'age', op: 'greaterThan', value: 10 },
      ],
    },
    serve: 'internal',
  },
};
/** A disabled flag has the caller's default in OpenFeature, and a variant in Flagstaff: here the scenarios' default. */
const DISABLED = { boolean: false, string: 'bye', integer: 1, float: 0.1, object: { a: 1 } };
/** The older of the two suites has this flag, which the file of flags lacks. */
const CONTEXT_AWARE = {
  type: 'string',
  enabled: true,
  clientSide: true,
  variants: { internal: 'INTERNAL', external: 'EXTERNAL' },
  offVariant: 'external',
  serve: 'external',
  rules: [
    {
      when: {
        all: [
          { attribute: 'fn', op: 'equals', value: 'Sulisław' },
          { attribute: 'ln', op: 'equals', value: 'Świętopełk' },
          { attribute: 'age', op: 'equals', value: 29 },
          { attribute: 'customer', op: 'equals', value: false },
        ],
      },
      serve: 'internal',
    },
  ],
};

/** The flags of the suite that have a default variant; no scenario evaluates the others. */
export function document() {
  const flags = JSON.parse(readFileSync(join(SUITE, 'test-flags.json'), 'utf8'));
  const usable = Object.entries(flags).filter(([, { defaultVariant }]) => typeof defaultVariant === 'string');
  const translated = usable.map(([key, flag]) => [key, translate(key, flag)]);
  return { schemaVersion: 1, flags: { ...Object.fromEntries(translated), 'context-aware': CONTEXT_AWARE } };
}

function translate(key, { variants, defaultVariant, disabled, flagMetadata, contextEvaluator }) {
  const kind = Object.keys(DISABLED).find((kind) => key.startsWith(kind));
  const value = Object.values(variants)[0];
  return {
    type: TYPES[typeof value],
    enabled: disabled !== true,
    clientSide: true,
    variants: { ...variants, disabled: DISABLED[kind ?? typeof value] },
    offVariant: 'disabled',
    serve: defaultVariant,
    metadata: flagMetadata ?? {},
    ...(contextEvaluator ? { rules: [{ id: 'suite', ...RULES[contextEvaluator] }] } : {}),
  };
}

/** Reads a value of a scenario, such as `true` or `{\"a\": 1}`. */
export function readValue(kind, text) {
  const plain = text.replaceAll('\\"', '"');
  return plain === 'null' ? null : kind.toLowerCase() === 'string' ? plain : JSON.parse(plain);
}
