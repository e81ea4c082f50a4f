/** `@flagstaff/react/devtools`: a panel with the flags of the page, their values and reasons, and overrides for this tab. */

import type { JsonValue, PageClient } from '@flagstaff/web';
import { type ReactElement, useEffect, useId, useState } from 'react';
import { useFlagsClient } from './context.js';
import { useFlags, useFlagsStatus } from './hooks.js';

declare const process: { env: { NODE_ENV?: string } };

export interface FlagsDevtoolsProps {
  /** Whether the panel is open at first. */
  isOpen?: boolean;
}

type Overrides = Readonly<Record<string, JsonValue>>;

/** A step of an evaluation (docs/spec/trace.md). */
interface Step {
  readonly type: string;
  readonly steps?: readonly Step[];
}

/** A client that evaluates in the page, and can explain an evaluation step by step. */
interface ExplainingClient extends PageClient {
  explain(key: string): { readonly trace: readonly Step[] } | undefined;
}

/**
 * A panel in the corner of the page. Overrides that are set there apply to this tab until it is closed. In development, `?flags=KEY:VALUE,KEY` in
 * the address sets overrides too; a key alone is `true`. If the page evaluates by itself, the panel shows the steps of each evaluation.
 */
export function FlagsDevtools({ isOpen = false }: FlagsDevtoolsProps): ReactElement {
  const client = useFlagsClient();
  const status = useFlagsStatus();
  const { values } = useFlags();
  const [overrides, setOverrides] = useState<Overrides>({});
  useEffect(() => {
    const initial = { ...readStored(), ...readAddress() };
    client.override(initial);
    setOverrides(initial);
  }, [client]);
  const set = (key: string, value: JsonValue | undefined) => {
    client.override({ [key]: value });
    const { [key]: _, ...others } = overrides;
    const next = value === undefined ? others : { ...others, [key]: value };
    setOverrides(next);
    store(next);
  };
  return (
    <details open={isOpen} style={PANEL} data-flagstaff-devtools="">
      <summary>
        Flags ({Object.keys(values).length}, {status})
      </summary>
      <table>
        <thead>
          <tr>
            {['Flag', 'Value', 'Variant', 'Reason', 'Source', ''].map((title) => (
              <th key={title} scope="col" style={CELL}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Object.keys(values).map((key) => (
            <Row key={key} name={key} client={client} isOverridden={Object.hasOwn(overrides, key)} set={set} />
          ))}
        </tbody>
      </table>
    </details>
  );
}

interface RowProps {
  name: string;
  client: PageClient;
  isOverridden: boolean;
  set(key: string, value: JsonValue | undefined): void;
}

function Row({ name, client, isOverridden, set }: RowProps): ReactElement {
  const id = useId();
  const { value, variant, reason, source } = client.details(name as never, undefined as never);
  const text = JSON.stringify(value);
  return (
    <tr>
      <th scope="row" style={CELL}>
        <label htmlFor={id}>{name}</label>
      </th>
      <td style={CELL}>
        {typeof value === 'boolean' ? (
          <input id={id} type="checkbox" checked={value} onChange={() => set(name, !value)} />
        ) : (
          // Another value makes another element, since the text of an edited one belongs to the person.
          <input
            key={text}
            id={id}
            defaultValue={text}
            onKeyDown={({ key, currentTarget }) => key === 'Enter' && set(name, parse(currentTarget.value))}
          />
        )}
      </td>
      <td style={CELL}>{variant}</td>
      <td style={CELL}>{reason}</td>
      <td style={CELL}>{source}</td>
      <td style={CELL}>
        {isOverridden && (
          <button type="button" onClick={() => set(name, undefined)}>
            Reset<span style={HIDDEN}> {name}</span>
          </button>
        )}
        {'explain' in client && <Trace name={name} client={client as ExplainingClient} />}
      </td>
    </tr>
  );
}

/** How a flag was evaluated. Overrides are ignored in the explanation. */
function Trace({ name, client }: { name: string; client: ExplainingClient }): ReactElement {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        Trace<span style={HIDDEN}> of {name}</span>
      </summary>
      {isOpen && <Steps steps={client.explain(name)?.trace ?? []} />}
    </details>
  );
}

function Steps({ steps }: { steps: readonly Step[] }): ReactElement {
  return (
    <ul style={STEPS}>
      {steps.map(({ type, steps: inside = [], ...fields }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps have no other identity, and are never reordered
        <li key={index}>
          {[type, ...Object.entries(fields).map(([field, value]) => `${field}: ${JSON.stringify(value)}`)].join(', ')}
          {inside.length > 0 && <Steps steps={inside} />}
        </li>
      ))}
    </ul>
  );
}

const PANEL = {
  position: 'fixed',
  insetBlockEnd: 8,
  insetInlineEnd: 8,
  zIndex: 2147483647,
  maxHeight: '60vh',
  overflow: 'auto',
  padding: 8,
  border: '1px solid #767676',
  borderRadius: 4,
  background: '#fff',
  color: '#1b1b1b',
  font: '13px/1.4 system-ui, sans-serif',
} as const;
const STEPS = { margin: 0, paddingInlineStart: 16 } as const;
const CELL = { padding: '2px 8px', textAlign: 'start', fontWeight: 'normal' } as const;
const HIDDEN = { position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' } as const;

const STORED = 'flagstaff:overrides';

function readStored(): Overrides {
  try {
    return Object(JSON.parse(sessionStorage.getItem(STORED) ?? '{}')) as Overrides;
  } catch {
    return {};
  }
}

function store(overrides: Overrides): void {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(overrides));
  } catch {
    // Without storage the overrides end with the page.
  }
}

/** The overrides in the page's address, in development only: a link must not change what other people see. */
function readAddress(): Overrides {
  if (isProduction()) {
    return {};
  }
  const entries = new URLSearchParams(location.search).get('flags')?.split(',') ?? [];
  return Object.fromEntries(
    entries.map((entry) => {
      const end = entry.indexOf(':');
      return end < 0 ? [entry, true] : [entry.slice(0, end), parse(entry.slice(end + 1))];
    }),
  );
}

/** Bundlers replace the expression; without a bundler there is no `process`. */
function isProduction(): boolean {
  try {
    return process.env.NODE_ENV === 'production';
  } catch {
    return true;
  }
}

/** JSON, or else the text itself. */
function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
