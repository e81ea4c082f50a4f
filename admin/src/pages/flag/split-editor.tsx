// The shares of several variants: a bar with a handle between two neighbours, and a field of exact numbers for each.

import { ActionIcon, Button, Select, TextInput } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { type Arm, equal, moveBorder, parsePercent, percent, removeArm, setWeight, WHOLE } from '../../model/split';
import { texts } from '../../texts';
import { Icon } from '../../ui/icon';

interface Props {
  arms: readonly Arm[];
  variants: readonly string[];
  onChange: (arms: Arm[]) => void;
}

const STEPS = { plain: 1_000, shift: 100, alt: 1 };

export function SplitEditor({ arms, variants, onChange }: Props) {
  const [locked, setLocked] = useState<ReadonlySet<number>>(new Set());
  const unused = variants.filter((variant) => !arms.some((arm) => arm.variant === variant));
  const toggle = (index: number) => {
    const next = new Set(locked);
    if (!next.delete(index)) {
      next.add(index);
    }
    setLocked(next);
  };

  return (
    <div className="split stack tight">
      <Bar arms={arms} onChange={onChange} />
      <ul className="arms">
        {arms.map((arm, index) => (
          <li key={arm.variant} className="row">
            <span className="swatch" data-arm={index % 8} aria-hidden="true" />
            <span className="code name">{arm.variant}</span>
            <Share
              label={texts.split.share(arm.variant)}
              weight={arm.weight}
              onChange={(weight) => onChange(setWeight(arms, index, weight, locked))}
            />
            <Button
              size="compact-sm"
              variant={locked.has(index) ? 'light' : 'subtle'}
              aria-pressed={locked.has(index)}
              aria-label={texts.split.lockLabel(arm.variant)}
              onClick={() => toggle(index)}
            >
              {texts.split.lock}
            </Button>
            <ActionIcon
              variant="subtle"
              aria-label={texts.split.remove(arm.variant)}
              disabled={arms.length === 1}
              onClick={() => {
                setLocked(new Set());
                onChange(removeArm(arms, index));
              }}
            >
              <Icon name="close" />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <div className="row">
        {unused.length > 0 && (
          <Select
            size="xs"
            aria-label={texts.split.add}
            placeholder={texts.split.add}
            data={unused}
            value={null}
            onChange={(variant) => variant !== null && onChange([...arms, { variant, weight: 0 }])}
          />
        )}
        <Button size="compact-sm" variant="default" onClick={() => onChange(equal(arms.map((arm) => arm.variant)))}>
          {texts.split.equal}
        </Button>
      </div>
    </div>
  );
}

/** A percentage as text: what is half typed stays, and only what is a percentage is taken. */
export function Share({
  label,
  weight,
  onChange,
}: {
  label: string;
  weight: number;
  onChange: (weight: number) => void;
}) {
  const [typed, setTyped] = useState<string>();
  const parsed = typed === undefined ? weight : parsePercent(typed);
  return (
    <TextInput
      size="xs"
      className="share"
      aria-label={label}
      inputMode="decimal"
      value={typed ?? percent(weight)}
      error={parsed === undefined && typed !== '' ? texts.split.notPercent : undefined}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        const next = parsePercent(event.currentTarget.value);
        if (next !== undefined) {
          onChange(next);
        }
      }}
      onBlur={() => setTyped(undefined)}
      rightSection="%"
    />
  );
}

function Bar({ arms, onChange }: { arms: readonly Arm[]; onChange: (arms: Arm[]) => void }) {
  const bar = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; arms: readonly Arm[] }>(null);
  const ends = arms.map((_, index) => arms.slice(0, index + 1).reduce((sum, arm) => sum + arm.weight, 0));

  const key = (event: KeyboardEvent, index: number) => {
    const step = event.altKey ? STEPS.alt : event.shiftKey ? STEPS.shift : STEPS.plain;
    const moves: Record<string, number> = {
      ArrowLeft: -step,
      ArrowDown: -step,
      ArrowRight: step,
      ArrowUp: step,
      Home: -WHOLE,
      End: WHOLE,
    };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      onChange(moveBorder(arms, index, move));
    }
  };
  const move = (event: PointerEvent, index: number) => {
    if (drag.current !== null && bar.current !== null) {
      const slots = ((event.clientX - drag.current.x) / bar.current.clientWidth) * WHOLE;
      // A pixel is about a tenth of a percent, so a handle stops at tenths.
      onChange(moveBorder(drag.current.arms, index, Math.round(slots / 100) * 100));
    }
  };

  return (
    <div className="bar" ref={bar}>
      <span className="parts">
        {arms.map((arm, index) => (
          <span key={arm.variant} data-arm={index % 8} style={{ width: `${arm.weight / 1000}%` }} />
        ))}
      </span>
      {arms.slice(0, -1).map((arm, index) => (
        <span
          key={arm.variant}
          className="handle"
          role="slider"
          tabIndex={0}
          aria-label={texts.split.border(arm.variant, arms[index + 1]?.variant ?? '')}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={(ends[index] ?? 0) / 1000}
          aria-valuetext={texts.split.shares(arm, arms[index + 1] ?? arm)}
          style={{ left: `${(ends[index] ?? 0) / 1000}%` }}
          onKeyDown={(event) => key(event, index)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            drag.current = { x: event.clientX, arms };
          }}
          onPointerMove={(event) => move(event, index)}
          onPointerUp={() => {
            drag.current = null;
          }}
        />
      ))}
    </div>
  );
}
