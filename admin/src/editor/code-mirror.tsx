// CodeMirror as a component. Tab leaves it, as it leaves any other field.

import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { getNonce } from 'get-nonce';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';
import { offers } from './offers';
import type { JsonSchema } from './schema';
import type { Finding, Language } from './source';

/** Colours of the theme, so that both themes have the contrast that base.css has */
const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: [tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--on)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--warn)' },
  { tag: tags.comment, color: 'var(--dim)', fontStyle: 'italic' },
  { tag: [tags.separator, tags.punctuation, tags.brace, tags.squareBracket], color: 'var(--dim)' },
]);

/**
 * Text that is typed over a selection is inserted here: a browser that did it would keep the colours of the selection in `style` attributes,
 * which the Content-Security-Policy forbids.
 */
function insertOver(event: InputEvent, view: EditorView): boolean {
  const { data } = event;
  // Of the browser: the selection of the editor may not have followed it yet.
  const selected = getSelection();
  if (event.inputType !== 'insertText' || data === null || selected?.isCollapsed !== false || view.composing) {
    return false;
  }
  const { startContainer, startOffset, endContainer, endOffset } = selected.getRangeAt(0);
  const [start, end] = [view.posAtDOM(startContainer, startOffset), view.posAtDOM(endContainer, endOffset)];
  // That of the editor also has lines which are not drawn.
  const { main } = view.state.selection;
  const [from, to] = main.from <= start && end <= main.to ? [main.from, main.to] : [start, end];
  const selection = { anchor: from + data.length };
  const insert = () =>
    view.state.update({
      changes: { from, to, insert: data },
      selection,
      userEvent: 'input.type',
      scrollIntoView: true,
    });
  if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, data, insert))) {
    view.dispatch(insert());
  }
  return true;
}

const LANGUAGES = { json, yaml };

export interface Handle {
  /** Puts the cursor at an offset, and the focus into the editor */
  goTo: (offset: number) => void;
}

interface Props {
  ref: Ref<Handle>;
  label: string;
  language: Language;
  text: string;
  findings: readonly Finding[];
  schema: JsonSchema | undefined;
  /** Ids of what describes the field */
  describedBy: string;
  onChange: (text: string) => void;
}

export function CodeMirror({ ref, label, language, text, findings, schema, describedBy, onChange }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const attributes = useRef(new Compartment());
  // Read when something happens in the editor, so that a new one of them does not make a new editor.
  const latest = useRef({ text, schema, onChange });
  latest.current = { text, schema, onChange };

  useEffect(() => {
    const parent = host.current;
    if (parent === null) {
      return;
    }
    const complete = (context: CompletionContext): CompletionResult | null =>
      latest.current.schema === undefined ? null : offers(context, language, latest.current.schema);
    const made = new EditorView({
      parent,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          EditorView.cspNonce.of(getNonce() ?? ''),
          EditorView.domEventHandlers({ beforeinput: insertOver }),
          history(),
          LANGUAGES[language](),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [complete], icons: false }),
          syntaxHighlighting(COLOURS),
          EditorView.lineWrapping,
          keymap.of([...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
          attributes.current.of([]),
          EditorView.updateListener.of((update) => {
            const after = update.state.doc.toString();
            if (update.docChanged && after !== latest.current.text) {
              latest.current.onChange(after);
            }
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [language]);

  // Another text than what was typed: an undo, or somebody else's change
  useEffect(() => {
    const { current } = view;
    if (current !== null && current.state.doc.toString() !== text) {
      current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: text } });
    }
  }, [text]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: an editor of another language has neither
  useEffect(() => {
    const given = {
      'aria-label': label,
      'aria-describedby': describedBy,
      'aria-invalid': String(findings.length > 0),
      spellcheck: 'false',
      // It can be focused without one, which not every checker knows.
      tabindex: '0',
    };
    const effects = attributes.current.reconfigure(EditorView.contentAttributes.of(given));
    view.current?.dispatch({ effects });
  }, [label, describedBy, findings.length, language]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: an editor of another language has none
  useEffect(() => {
    const { current } = view;
    if (current !== null) {
      const { length } = current.state.doc;
      const marks = findings.map(({ from, to, message }) => ({
        from: Math.min(from, length),
        to: Math.min(to, length),
        message,
        severity: 'error' as const,
      }));
      current.dispatch(setDiagnostics(current.state, marks));
    }
  }, [findings, language]);

  useImperativeHandle(ref, () => ({
    goTo: (offset) => {
      view.current?.dispatch({ selection: { anchor: offset }, scrollIntoView: true });
      view.current?.focus();
    },
  }));
  return <div className="codemirror" ref={host} />;
}
