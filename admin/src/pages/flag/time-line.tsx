// What a flag does by time alone: the share of each rule over time as an area, and the same instants as a list.

import type { FlagBody } from '../../model/language';
import { boundaries, type Lane, timeLine } from '../../model/timeline';
import { texts } from '../../texts';
import { Time } from '../../ui/parts';
import { local } from '../../ui/time';
import { useNow } from '../../ui/use-now';

/** The size of the drawing, which is stretched to that of its place */
const WIDTH = 1_000;
const HEIGHT = 100;

export function TimeLine({ flag }: { flag: FlagBody }) {
  const now = useNow();
  const all = boundaries(flag);
  const line = timeLine(flag, now);
  if (line === undefined) {
    return <p className="dim">{texts.timeline.none}</p>;
  }
  const { from, until, expiresAt, lanes } = line;
  const x = (at: number) => ((at - from) / (until - from)) * WIDTH;
  return (
    <>
      {/* The list below says the same in words. */}
      <div className="lanes" aria-hidden="true">
        {lanes.map((lane) => (
          <div key={lane.name} className="lane">
            <span className="small">{lane.name}</span>
            {/* biome-ignore lint/a11y/noSvgWithoutTitle: hidden, with all around it */}
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
              <path className="share-area" d={area(lane, x)} />
              {expiresAt !== undefined && (
                <rect className="expired" x={x(expiresAt)} width={Math.max(WIDTH - x(expiresAt), 0)} height={HEIGHT} />
              )}
              <path className="now" d={`M${x(now)} 0V${HEIGHT}`} />
            </svg>
          </div>
        ))}
        <div className="row apart dim small">
          <span>{local(from)}</span>
          <span>{local(until)}</span>
        </div>
      </div>
      <ol className="timeline">
        {all.map(({ at, text }) => (
          <li key={`${at} ${text}`} className={at < now ? 'past' : undefined}>
            <span>{text}</span>
            <span className="dim small">
              {local(at)} · <Time at={at} />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function area({ points }: Lane, x: (at: number) => number): string {
  const path = points.map(({ at, percent }) => `${x(at).toFixed(1)} ${(HEIGHT - percent).toFixed(2)}`);
  return `M0 ${HEIGHT}L${path.join('L')}L${WIDTH} ${HEIGHT}Z`;
}
