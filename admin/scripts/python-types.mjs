// The types of `flagstaff.admin` in Python: a TypedDict for each schema of the API that its methods take or return.

/** What a class refers to precedes it. */
const NAMES = [
  'FieldError',
  'Flag',
  'FlagBody',
  'Override',
  'Loaded',
  'AuditDifference',
  'AuditRecord',
  'SigningSecret',
  'AccessKey',
  'InstanceItem',
  'Convergence',
];
/** Of schemas that the API does not describe */
const DESCRIPTIONS = {
  AccessKey: 'An SDK key, or an access token',
  SigningSecret: 'A secret that contexts are signed with',
};
const HEADER = `"""The objects of the admin API. Generated from \`/api/v1/openapi.json\` by \`npm run generate --workspace admin\`."""

from typing import Any, Literal, TypedDict
`;
const SCALARS = { string: 'str', integer: 'int', number: 'float', boolean: 'bool', null: 'None' };
const LINE_LENGTH = 120;

/** The text of the Python module for an OpenAPI document */
export function pythonTypesOf(document) {
  const { schemas } = document.components;
  const sections = NAMES.map((name) => classOf(name, schemas));
  return `${HEADER}\n\n${sections.join('\n\n')}`;
}

function classOf(name, schemas) {
  const { fields, required } = fieldsOf(schemas[name], schemas);
  const docstring = docstringOf(schemas[name].description ?? DESCRIPTIONS[name]);
  const names = Object.keys(fields).sort();
  const lines = (chosen) => chosen.map((field) => fieldOf(field, fields[field], schemas)).join('');
  const always = names.filter((field) => required.has(field));
  if (always.length === 0 || always.length === names.length) {
    const total = always.length === 0 ? ', total=False' : '';
    return `class ${name}(TypedDict${total}):\n${docstring}\n${lines(names)}`;
  }
  const sometimes = names.filter((field) => !required.has(field));
  return [
    `class _${name}(TypedDict):\n${lines(always)}`,
    `class ${name}(_${name}, total=False):\n${docstring}\n${lines(sometimes)}`,
  ].join('\n\n');
}

/** The fields of an object, those of all its parts together; only what every alternative requires is required. */
function fieldsOf(schema, schemas) {
  if (schema.$ref !== undefined) {
    return fieldsOf(resolve(schema, schemas), schemas);
  }
  const fields = { ...schema.properties };
  const required = new Set(schema.required ?? []);
  for (const part of schema.allOf ?? []) {
    const inner = fieldsOf(part, schemas);
    Object.assign(fields, inner.fields);
    inner.required.forEach((field) => {
      required.add(field);
    });
  }
  const alternatives = (schema.oneOf ?? schema.anyOf ?? []).map((part) => fieldsOf(part, schemas));
  for (const inner of alternatives) {
    Object.assign(fields, inner.fields);
  }
  for (const field of alternatives[0]?.required ?? []) {
    if (alternatives.every((inner) => inner.required.has(field))) {
      required.add(field);
    }
  }
  return { fields, required };
}

function fieldOf(name, schema, schemas) {
  if (!/^[A-Za-z_]\w*$/.test(name) || ['from', 'in', 'is', 'not', 'class'].includes(name)) {
    throw new Error(`the field \`${name}\` cannot be written in a class of Python`);
  }
  const description = schema.description === undefined ? '' : docstringOf(schema.description);
  return `    ${name}: ${typeOf(schema, schemas)}\n${description}`;
}

/** The type of a value; objects of the flag language are dicts, which docs/spec/language.md describes. */
function typeOf(schema, schemas) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1);
    return NAMES.includes(name) ? name : typeOf(resolve(schema, schemas), schemas);
  }
  if (schema.enum !== undefined) {
    return `Literal[${schema.enum.map((value) => JSON.stringify(value)).join(', ')}]`;
  }
  if (schema.type !== undefined) {
    return union([schema.type].flat().map((type) => typeNamed(type, schema, schemas)));
  }
  if (schema.allOf !== undefined) {
    return typeOf(schema.allOf[0], schemas);
  }
  return union((schema.oneOf ?? schema.anyOf ?? [true]).map((part) => (part === true ? 'Any' : typeOf(part, schemas))));
}

function typeNamed(type, schema, schemas) {
  if (type === 'array') {
    return `list[${typeOf(schema.items, schemas)}]`;
  }
  if (type === 'object') {
    const values = schema.additionalProperties;
    return `dict[str, ${typeof values === 'object' && schema.properties === undefined ? typeOf(values, schemas) : 'Any'}]`;
  }
  return SCALARS[type];
}

function union(types) {
  const different = [...new Set(types)];
  return different.includes('Any') ? 'Any' : different.join(' | ');
}

function resolve({ $ref }, schemas) {
  return schemas[$ref.split('/').at(-1)];
}

/** A docstring whose lines fit, as ruff formats it */
function docstringOf(text) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    // Four spaces and the quotes, at the begin and at the end.
    if (line.length + word.length + 12 > LINE_LENGTH) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    }
  }
  return `    """${lines.join('\n    ')}${lines.length > 1 ? '\n    ' : ''}"""\n`;
}
