// The editor of JSON and YAML, which is loaded when the first one is shown.

import '../styles/editor.css';
import { lazy, Suspense } from 'react';
import { load } from '../lost-chunks';
import type { CodeFieldProps } from './code-field';

const CodeField = lazy(() => load(() => import('./code-field')));

export function CodeEditor(props: CodeFieldProps) {
  return (
    <Suspense fallback={<div className="bone code-bone" aria-busy="true" />}>
      {/* An editor of another language is another editor. */}
      <CodeField key={props.language} {...props} />
    </Suspense>
  );
}
