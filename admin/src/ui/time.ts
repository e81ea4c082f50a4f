// Instants in the zone of the viewer.

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
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
  const date = new Date(millisOf(instant));
  const zone = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'longOffset' }).formatToParts(date);
  const offset = zone.find((part) => part.type === 'timeZoneName')?.value ?? '';
  return `${local(instant)} ${offset} · ${date.toISOString()}`;
}
