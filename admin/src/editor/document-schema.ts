// The schema of documents, docs/spec/document.schema.json, and those of its parts. It is large: only the editor's pages load it.

import document from '../../../docs/spec/document.schema.json';
import type { JsonSchema } from './schema';

const { $schema, $defs, ...body } = document;

/** The server stores two fields of a flag that evaluation ignores. */
const flag = {
  ...$defs.flag,
  properties: {
    ...$defs.flag.properties,
    name: { description: 'What people call the flag.', type: ['string', 'null'] },
    jsonSchema: {
      description: 'A JSON Schema that the variants of an object flag satisfy.',
      anyOf: [{ type: 'object' }, { type: 'null' }],
    },
  },
};

const parts = { ...$defs, flag };

/** The schema of a part by its name in `$defs` */
function part(name: keyof typeof parts): JsonSchema {
  return { $schema, $defs: parts, $ref: `#/$defs/${name}` } as unknown as JsonSchema;
}

export const documentSchema = { $schema, $defs: parts, ...body } as unknown as JsonSchema;
export const flagSchema = part('flag');
export const serveSchema = part('serve');
