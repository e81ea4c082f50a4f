// What a rule serves: one variant or a split, to everybody or to a share.

import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { type HashedServe, hashed, plain, type Serve } from '../../model/language';
import { serveText, unitsText } from '../../model/sentence';
import { equal } from '../../model/split';
import { texts } from '../../texts';
import { ExperimentFields } from './experiment-fields';
import { RolloutFields } from './rollout-fields';
import { SplitEditor } from './split-editor';

interface Props {
  serve: Serve;
  variants: readonly string[];
  onChange: (serve: Serve) => void;
}

type Served = 'one' | 'split';

export function ServeEditor({ serve, variants, onChange }: Props) {
  const given = hashed(serve);
  const set = (next: HashedServe) => onChange(plain(next));
  const served: Served = given.arms === undefined ? 'one' : 'split';

  const change = (wanted: string) => {
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
          data={(['one', 'split'] as const).map((value) => ({ value, label: texts.serve.kinds[value] }))}
        />
        {given.arms === undefined && (
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
      {given.arms !== undefined && (
        <SplitEditor arms={given.arms} variants={variants} onChange={(arms) => set({ ...given, arms })} />
      )}
      <Rollout serve={given} onChange={set} />
      {given.arms !== undefined && (
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
