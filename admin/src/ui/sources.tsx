// Each leaf of an object value, and what decided it

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
  const parts = pointer.split('/').slice(1);
  return parts.reduce<Json | undefined>((inside, part) => {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    return inside !== null && typeof inside === 'object' && !Array.isArray(inside) ? inside[name] : undefined;
  }, value);
}
