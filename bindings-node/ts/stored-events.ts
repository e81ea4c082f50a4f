/** Events of the stream in a file. */

/** An event of the stream. */
export interface StoredEvent {
  name: string;
  data: string;
  id: string | undefined;
}

/** Whatever `data` contains: it is JSON in one line, as the stream has it. */
export function toText({ name, data, id }: StoredEvent): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}

/** The events of a file; the last one is left out if it is not complete. */
export function parseEvents(text: string): StoredEvent[] {
  const blocks = text.split('\n\n');
  // What follows the last empty line is not complete.
  blocks.pop();
  return blocks.map((block) => {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
    );
    return { name: fields.get('event') ?? '', data: fields.get('data') ?? '', id: fields.get('id') };
  });
}

/** The fields of an event by which it is known what it replaces. */
interface Change {
  kind: string;
  key: string;
  entry?: string;
}

/** An object, and the changes of its entries since. */
interface StoredObject {
  put: StoredEvent | undefined;
  entries: Map<string, StoredEvent>;
}

/** One full transfer that makes the same state as these transfers. */
export function foldEvents(events: readonly StoredEvent[]): StoredEvent[] {
  const objects = new Map<string, StoredObject>();
  let commit: StoredEvent | undefined;
  for (const event of events) {
    if (event.name === 'payload-transferred') {
      commit = event;
    } else if (event.name === 'server-intent') {
      if (event.data.includes('xfer-full')) {
        objects.clear();
      }
    } else {
      change(objects, event);
    }
  }
  const intent = { name: 'server-intent', data: '{"intent":"xfer-full","reason":"stored"}', id: undefined };
  const changes = [...objects.values()].flatMap(({ put, entries }) => [...(put ? [put] : []), ...entries.values()]);
  return commit === undefined ? [] : [intent, ...changes, commit];
}

function change(objects: Map<string, StoredObject>, event: StoredEvent): void {
  const { kind, key, entry } = JSON.parse(event.data) as Change;
  const name = JSON.stringify([kind, key]);
  switch (event.name) {
    case 'put-object':
      objects.set(name, { put: event, entries: new Map() });
      break;
    case 'delete-object':
      objects.delete(name);
      break;
    case 'put-entry':
    case 'delete-entry': {
      const object = objects.get(name) ?? { put: undefined, entries: new Map() };
      objects.set(name, object);
      // At the end, so that the last change gives the object its version.
      object.entries.delete(entry ?? '');
      object.entries.set(entry ?? '', event);
      break;
    }
    default:
  }
}
