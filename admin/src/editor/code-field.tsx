// A value as JSON or YAML: what is typed stays as it is, and only what can be read is taken.

import { useId, useMemo, useRef, useState } from 'react';
import { isSame } from '../model/diff';
import type { Json } from '../model/language';
import { texts } from '../texts';
import { CodeMirror, type Handle } from './code-mirror';
import { documentSchema, flagSchema, serveSchema } from './document-schema';
import { type JsonSchema, type Violation, violations } from './schema';
import { type Finding, type Language, locator, read, type Source, write } from './source';

export interface CodeFieldProps {
  label: string;
  isLabelShown?: boolean | undefined;
  description?: string | undefined;
  language?: Language | undefined;
  value: Json;
  /** Whether only an object is taken */
  isObject?: boolean | undefined;
  /** A schema, or the name of one of a document's parts */
  schema?: JsonSchema | keyof typeof PARTS | undefined;
  /** What the server says of the value, by pointers into it */
  problems?: readonly Violation[] | undefined;
  /** Whether only what satisfies the schema is taken */
  isStrict?: boolean | undefined;
  onChange: (value: Json) => void;
  /** Gets whether the text is one that is taken */
  onReadable?: ((isReadable: boolean) => void) | undefined;
}

const PARTS = { document: documentSchema, flag: flagSchema, serve: serveSchema };
const NO_PROBLEMS: readonly Violation[] = [];
/** More than these are only counted */
const LISTED = 5;

/** It is not laid out anew when the focus leaves: what is below would move away from under the pointer. */
export default function CodeField(props: CodeFieldProps) {
  const { label, isLabelShown = false, description, language = 'json', value, isObject = false } = props;
  const schema = typeof props.schema === 'string' ? PARTS[props.schema] : props.schema;
  const { problems = NO_PROBLEMS, onChange, onReadable } = props;
  const [typed, setTyped] = useState<Source>();
  const editor = useRef<Handle>(null);
  const id = useId();
  const takes = (given: Json | undefined): given is Json =>
    given !== undefined &&
    (!isObject || isRecord(given)) &&
    (!props.isStrict || schema === undefined || tryViolations(schema, given).length === 0);
  // Another value than what was typed: an undo, or somebody else's change
  const isOther = typed === undefined || (takes(typed.value) && !isSame(typed.value, value));
  const source = useMemo(
    () => (isOther ? { text: write(value, language), value, errors: [] } : typed),
    [isOther, typed, value, language],
  );
  const findings = useMemo(() => find(source, isObject, schema, problems), [source, isObject, schema, problems]);

  return (
    <div className="code-field stack tight">
      {isLabelShown && <span className="label">{label}</span>}
      <span id={`${id}-hint`} className={description === undefined ? 'hidden' : 'dim small'}>
        {description} {texts.code.keys}
      </span>
      <CodeMirror
        ref={editor}
        label={label}
        language={language}
        text={source.text}
        findings={findings}
        schema={schema}
        describedBy={`${id}-hint ${id}-findings`}
        onChange={(text) => {
          const next = read(text, language);
          setTyped(next);
          const isTaken = takes(next.value);
          onReadable?.(isTaken);
          if (isTaken) {
            onChange(next.value as Json);
          }
        }}
      />
      <ul id={`${id}-findings`} className="findings small">
        {findings.slice(0, LISTED).map(({ from, message }) => (
          <li key={`${from} ${message}`}>
            <button type="button" onClick={() => editor.current?.goTo(from)}>
              {texts.code.line(lineOf(source.text, from))}
            </button>{' '}
            {message}
          </li>
        ))}
        {findings.length > LISTED && <li>{texts.code.more(findings.length - LISTED)}</li>}
      </ul>
    </div>
  );
}

function isRecord(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function find(
  { text, value, errors }: Source,
  isObject: boolean,
  schema: JsonSchema | undefined,
  problems: readonly Violation[],
): readonly Finding[] {
  if (value === undefined) {
    return errors;
  }
  if (isObject && !isRecord(value)) {
    return [{ from: 0, to: text.length, message: texts.variants.notObject }];
  }
  const violated = [...(schema === undefined ? [] : tryViolations(schema, value)), ...problems];
  if (violated.length === 0) {
    return [];
  }
  const locate = locator(text);
  return violated.map(({ pointer, message }) => ({ ...locate(pointer), message })).sort((a, b) => a.from - b.from);
}

/** A schema of a flag that cannot be used is told at the schema, by the server. */
function tryViolations(schema: JsonSchema, value: Json): Violation[] {
  try {
    return violations(schema, value);
  } catch {
    return [];
  }
}
