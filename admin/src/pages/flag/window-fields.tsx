import { SegmentedControl, TextInput } from '@mantine/core';
import { texts } from '../../texts';
import { fieldValue, millisOf, offset, twins } from '../../ui/time';

interface Props {
  from: string | number | undefined;
  until: string | number | undefined;
  onChange: (change: { from?: string | undefined; until?: string | undefined }) => void;
}

/** The time window of a rule, in the viewer's zone; what is stored are instants in UTC. */
export function WindowFields({ from, until, onChange }: Props) {
  return (
    <div className="row">
      <Instant label={texts.rules.beginsAt} at={from} onChange={(value) => onChange({ from: value })} />
      <Instant label={texts.rules.endsAt} at={until} onChange={(value) => onChange({ until: value })} />
    </div>
  );
}

interface InstantProps {
  label: string;
  at: string | number | undefined;
  /** What no instant means: no limit, unless said otherwise */
  none?: string;
  onChange: (at: string | undefined) => void;
}

export function Instant({ label, at, none, onChange }: InstantProps) {
  const utc =
    at === undefined ? (none ?? texts.rules.noTime(zone())) : texts.rules.utc(new Date(millisOf(at)).toISOString());
  const both = at === undefined ? undefined : twins(at);
  const isSecond = both !== undefined && both[1] === millisOf(at ?? 0);
  const set = (instant: number) => onChange(new Date(instant).toISOString().replace('.000Z', 'Z'));
  return (
    <>
      <TextInput
        size="xs"
        type="datetime-local"
        step={1}
        label={label}
        description={utc}
        value={at === undefined ? '' : fieldValue(at)}
        onChange={(event) => {
          const { value } = event.currentTarget;
          if (value === '') {
            onChange(undefined);
          } else {
            const typed = Date.parse(value);
            set((isSecond ? twins(typed)?.[1] : undefined) ?? typed);
          }
        }}
      />
      {both !== undefined && (
        <SegmentedControl
          size="xs"
          aria-label={texts.rules.twice(label)}
          value={String(both[isSecond ? 1 : 0])}
          onChange={(chosen) => set(Number(chosen))}
          data={both.map((each) => ({ value: String(each), label: offset(each) }))}
        />
      )}
    </>
  );
}

function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
