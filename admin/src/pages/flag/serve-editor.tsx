// What a rule serves: one variant or a split, to everybody or to a share.

import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { CodeEditor } from '../../editor/code-editor';
import type { Violation } from '../../editor/schema';
import { type HashedServe, hashed, isVendors, type Json, plain, type Serve } from '../../model/language';
import { serveText, unitsText } from '../../model/sentence';
import { equal } from '../../model/split';
import { texts } from '../../texts';
import { ExperimentFields } from './experiment-fields';
import { RolloutFields } from './rollout-fields';
import { SplitEditor } from './split-editor';

interface Props {
  serve: Serve;
  variants: readonly string[];
  /** What the server refuses of it, by pointers into it */
  problems: readonly Violation[];
  onChange: (serve: Serve) => void;
}

type Served = 'one' | 'split' | 'json';

export function ServeEditor({ serve, variants, problems, onChange }: Props) {
  const [isJson, setJson] = useState(false);
  const given = hashed(serve);
  const set = (next: HashedServe) => onChange(plain(next));
  const isCode = isJson || isVendors(serve);
  const served: Served = isCode ? 'json' : given.arms === undefined ? 'one' : 'split';

  const change = (wanted: string) => {
    setJson(wanted === 'json');
    if (wanted === 'json') {
      return;
    }
    const { variant, arms, experiment, ...rest } = given;
    const first = variant ?? arms?.[0]?.variant ?? variants[0] ?? '';
    set(
      wanted === 'one'
        ? { ...rest, variant: first }
        : { ...rest, arms: equal(variants), ...(experiment ? { experiment } : {}) },
    );
  };
  return (
    <div className="serve stack tight">
      <div className="row">
        <SegmentedControl
          size="xs"
          aria-label={texts.serve.what}
          value={served}
          onChange={change}
          data={(['one', 'split', 'json'] as const).map((value) => ({ value, label: texts.serve.kinds[value] }))}
        />
        {served === 'one' && (
          <Select
            size="xs"
            aria-label={texts.serve.variant}
            data={[...variants]}
            value={given.variant ?? null}
            allowDeselect={false}
            onChange={(variant) => variant !== null && set({ ...given, variant })}
          />
        )}
      </div>
      {served === 'json' && (
        <CodeEditor
          label={texts.serve.json}
          isLabelShown
          description={texts.serve.jsonHint}
          value={serve as Json}
          schema="serve"
          problems={problems}
          onChange={(next) => onChange(next as Serve)}
        />
      )}
      {served === 'split' && given.arms !== undefined && (
        <SplitEditor arms={given.arms} variants={variants} onChange={(arms) => set({ ...given, arms })} />
      )}
      {served !== 'json' && <Rollout serve={given} onChange={set} />}
      {served === 'split' && (
        <ExperimentFields
          experiment={given.experiment}
          onChange={(experiment) => {
            const { experiment: _, ...rest } = given;
            set(experiment === undefined ? rest : { ...rest, experiment });
          }}
        />
      )}
    </div>
  );
}

function Rollout({ serve, onChange }: { serve: HashedServe; onChange: (serve: HashedServe) => void }) {
  const { rollout } = serve;
  return (
    <div className="stack tight">
      <div className="row bottom">
        <span>{texts.serve.to}</span>
        <RolloutFields rollout={rollout} onChange={(next) => onChange({ ...serve, rollout: next })} />
        <span>{texts.serve.ofUnits}</span>
        <TextInput
          size="xs"
          className="unit"
          aria-label={texts.serve.unit}
          value={serve.unit ?? 'user'}
          onChange={(event) => {
            const { unit: _, ...rest } = serve;
            const unit = event.currentTarget.value;
            onChange(unit === 'user' ? rest : { ...rest, unit });
          }}
        />
        {rollout !== undefined && rollout !== 100 && <span className="dim small">{texts.serve.others}</span>}
        <span className="hidden">{texts.serve.inWords(serveText(serve), unitsText(serve))}</span>
      </div>
    </div>
  );
}
