// Each leaf of an object value, and what decided it

import { isObject, partsOf } from '../model/diff';
import type { Json } from '../model/language';
import { valueText } from '../model/sentence';
import { texts } from '../texts';
import { Table } from './table';

interface Props {
  value: Json;
  /** The source of each leaf, by JSON pointer */
  sources: { [pointer: string]: string };
}

export function Sources({ value, sources }: Props) {
  return (
    <Table caption={texts.patches.result} columns={[texts.patches.path, texts.patches.value, texts.patches.decidedBy]}>
      {Object.entries(sources).map(([pointer, source]) => (
        <tr key={pointer}>
          <td className="code">{pointer === '' ? texts.patches.whole : pointer}</td>
          <td>
            <code>{valueText(leafOf(value, pointer))}</code>
          </td>
          <td>{texts.patches.sources[source] ?? source}</td>
        </tr>
      ))}
    </Table>
  );
}

/** The value at a JSON pointer through objects */
function leafOf(value: Json, pointer: string): Json | undefined {
  return partsOf(pointer).reduce<Json | undefined>(
    (inside, name) => (isObject(inside) ? inside[name] : undefined),
    value,
  );
}
