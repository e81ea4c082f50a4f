// The whole draft of a flag as JSON or YAML. Overrides, which may be many, have a page of their own.

import type { FieldError } from '../../api/request';
import { CodeEditor } from '../../editor/code-editor';
import type { Language } from '../../editor/source';
import type { FlagBody, Json } from '../../model/language';
import { texts } from '../../texts';
import type { Draft } from './use-draft';

interface Props {
  draft: Draft;
  language: Language;
  /** What the server refuses, by pointers into the flag */
  errors: readonly FieldError[];
  onReadable: (isReadable: boolean) => void;
}

export function AsCode({ draft, language, errors, onReadable }: Props) {
  const { overrides, ...shown } = draft.body;
  const replace = (value: Json) => {
    const gone = Object.fromEntries(Object.keys(shown).map((name) => [name, undefined]));
    const next = { ...gone, ...(value as object), ...(overrides === undefined ? {} : { overrides }) };
    draft.edit(next as Partial<FlagBody>);
  };
  return (
    <section className="card">
      <CodeEditor
        label={texts.flag.code[language]}
        isLabelShown
        description={overrides === undefined ? undefined : texts.flag.codeHint}
        language={language}
        value={shown as unknown as Json}
        isObject
        schema="flag"
        isStrict
        problems={errors.filter(({ pointer }) => !pointer.startsWith('/overrides'))}
        onChange={replace}
        onReadable={onReadable}
      />
    </section>
  );
}
