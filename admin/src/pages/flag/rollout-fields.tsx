// To which share something is served: a fixed one, steps at instants, or a ramp between two.

import { Button, SegmentedControl } from '@mantine/core';
import type { Ramp, Rollout, RolloutSteps } from '../../model/language';
import { firstRamp, firstSteps, kindOf, nextStep, type RolloutKind, shareAt } from '../../model/rollout';
import { texts } from '../../texts';
import { Share } from './split-editor';
import { Instant } from './window-fields';

const words = texts.rollout;
const PER_PERCENT = 1_000;
const KINDS: readonly RolloutKind[] = ['fixed', 'steps', 'ramp'];

interface Props {
  rollout: Rollout | undefined;
  onChange: (rollout: Rollout) => void;
}

export function RolloutFields({ rollout = 100, onChange }: Props) {
  const change = (kind: string) => {
    if (kind === 'steps') {
      onChange(firstSteps(rollout, Date.now()));
    } else {
      onChange(kind === 'ramp' ? firstRamp(rollout, Date.now()) : shareAt(rollout, Date.now()));
    }
  };
  return (
    <div className="stack tight">
      <SegmentedControl
        size="xs"
        aria-label={words.kind}
        value={kindOf(rollout)}
        onChange={change}
        data={KINDS.map((value) => ({ value, label: words.kinds[value] }))}
      />
      {typeof rollout === 'number' && <Percent label={texts.serve.rollout} percent={rollout} onChange={onChange} />}
      {typeof rollout !== 'number' && 'steps' in rollout && <Steps rollout={rollout} onChange={onChange} />}
      {typeof rollout !== 'number' && !('steps' in rollout) && <RampFields ramp={rollout} onChange={onChange} />}
    </div>
  );
}

function Percent(props: { label: string; percent: number; onChange: (percent: number) => void }) {
  return (
    <Share
      label={props.label}
      weight={Math.round(props.percent * PER_PERCENT)}
      onChange={(weight) => props.onChange(weight / PER_PERCENT)}
    />
  );
}

function Steps({ rollout: { steps }, onChange }: { rollout: RolloutSteps; onChange: (rollout: Rollout) => void }) {
  const set = (next: RolloutSteps['steps']) => onChange({ steps: next });
  return (
    <>
      <ul className="arms">
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the instant of a step changes while it is typed
          <li key={index} className="row bottom">
            <Instant
              label={words.step(index + 1)}
              at={step.at}
              onChange={(at) => at !== undefined && set(steps.with(index, { ...step, at }))}
            />
            <Percent
              label={words.stepShare(index + 1)}
              percent={step.percent}
              onChange={(percent) => set(steps.with(index, { ...step, percent }))}
            />
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={words.removeStep(index + 1)}
              disabled={steps.length === 1}
              onClick={() => set(steps.toSpliced(index, 1))}
            >
              {texts.common.remove}
            </Button>
          </li>
        ))}
      </ul>
      <div>
        <Button size="compact-sm" variant="default" onClick={() => set([...steps, nextStep(steps)])}>
          {words.addStep}
        </Button>
      </div>
      <p className="dim small">{words.stepsHint}</p>
    </>
  );
}

function RampFields({ ramp, onChange }: { ramp: Ramp; onChange: (ramp: Ramp) => void }) {
  return (
    <>
      <div className="row bottom">
        <Instant
          label={words.from}
          at={ramp.from}
          onChange={(from) => from !== undefined && onChange({ ...ramp, from })}
        />
        <Percent label={words.start} percent={ramp.start} onChange={(start) => onChange({ ...ramp, start })} />
      </div>
      <div className="row bottom">
        <Instant
          label={words.until}
          at={ramp.until}
          onChange={(until) => until !== undefined && onChange({ ...ramp, until })}
        />
        <Percent label={words.end} percent={ramp.end} onChange={(end) => onChange({ ...ramp, end })} />
      </div>
      <p className="dim small">{words.rampHint}</p>
    </>
  );
}
