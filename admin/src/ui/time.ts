// Instants in the zone of the viewer.

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
/** Made once: a table has a time in each row, and making one of these takes longer than the rest of the row. */
const OFFSET = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'longOffset' });
const DAY_MS = 86_400_000;
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function millisOf(instant: string | number): number {
  return typeof instant === 'number' ? instant : Date.parse(instant);
}

/** `3 hours ago`, `in 2 days`, `just now` */
export function relative(instant: string | number, now: number): string {
  const seconds = (millisOf(instant) - now) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) {
      return RELATIVE.format(Math.trunc(seconds / size), unit);
    }
  }
  return 'just now';
}

/** `29 Nov 2026, 10:12` in the viewer's zone */
export function local(instant: string | number): string {
  return FULL.format(millisOf(instant));
}

/** The viewer's time with the offset of that date, and the instant in UTC */
export function exact(instant: string | number): string {
  return `${local(instant)} ${offset(instant)} · ${new Date(millisOf(instant)).toISOString()}`;
}

/** `GMT+01:00`: how far the viewer's clock is from UTC at an instant */
export function offset(instant: string | number): string {
  const parts = OFFSET.formatToParts(millisOf(instant));
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}

/** What a field of type `datetime-local` takes: the time in the viewer's zone, without the zone */
export function fieldValue(instant: string | number): string {
  const date = new Date(millisOf(instant));
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Both instants at which the viewer's clock shows what it shows at this one, where it is turned back in between: when summer time ends */
export function twins(instant: string | number): [number, number] | undefined {
  const at = millisOf(instant);
  const minutes = (day: number) => new Date(at + day).getTimezoneOffset();
  const shift = (minutes(DAY_MS) - minutes(-DAY_MS)) * 60_000;
  const other = [at - shift, at + shift].find((each) => each !== at && fieldValue(each) === fieldValue(at));
  return other === undefined ? undefined : [Math.min(at, other), Math.max(at, other)];
}
