import { TextInput } from '@mantine/core';
import { texts } from '../../texts';
import { millisOf } from '../../ui/time';

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
  return (
    <TextInput
      size="xs"
      type="datetime-local"
      step={1}
      label={label}
      description={utc}
      value={at === undefined ? '' : localValue(at)}
      onChange={(event) => {
        const { value } = event.currentTarget;
        onChange(value === '' ? undefined : new Date(value).toISOString().replace('.000Z', 'Z'));
      }}
    />
  );
}

function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What a field of type `datetime-local` takes: the time in the viewer's zone, without the zone */
function localValue(at: string | number): string {
  const date = new Date(millisOf(at));
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
