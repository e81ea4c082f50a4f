// How often a flag was evaluated in the last two weeks, by variant and day: bars, and the same numbers as a table.

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Place } from '../../api/queries';
import { get } from '../../api/request';
import { texts } from '../../texts';
import { Failure, Loading } from '../../ui/parts';

const DAYS = 14;
const DAY_MS = 86_400_000;
const HEIGHT = 120;
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

interface Day {
  at: number;
  total: number;
  counts: number[];
}

export function Usage({ place, flagKey }: { place: Place; flagKey: string }) {
  const [from] = useState(() => new Date(Math.floor(Date.now() / DAY_MS - DAYS + 1) * DAY_MS).toISOString());
  const query = useQuery({
    queryKey: ['usage', place.project, place.environment, flagKey, from],
    queryFn: ({ signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/flags/{key}/usage', {
        path: { ...place, key: flagKey },
        query: { from, step: 'day' },
        signal,
      }),
    refetchInterval: 60_000,
  });
  const title = (
    <h2 id="usage">
      {query.data === undefined ? texts.usage.title : texts.usage.total(query.data.count, place.environment)}
    </h2>
  );
  if (query.data === undefined) {
    return (
      <section className="card stack" aria-labelledby="usage">
        {title}
        {query.isError ? <Failure error={query.error} retry={() => query.refetch()} /> : <Loading lines={3} />}
      </section>
    );
  }
  const variants = query.data.variants.map((each) => each.variant ?? texts.usage.noVariant);
  const first = Date.parse(from);
  const days: Day[] = Array.from({ length: DAYS }, (_, index) => {
    const at = first + index * DAY_MS;
    const counts = query.data.variants.map(({ steps }) => steps.find((step) => Date.parse(step.at) === at)?.count ?? 0);
    return { at, counts, total: counts.reduce((sum, count) => sum + count, 0) };
  });
  return (
    <section className="card stack" aria-labelledby="usage">
      {title}
      {query.data.count === 0 ? (
        <p className="dim">{texts.usage.none}</p>
      ) : (
        <>
          <Bars days={days} />
          <ul className="legend">
            {variants.map((variant, index) => (
              <li key={variant} className="row">
                <span className="swatch" data-arm={index % 8} aria-hidden="true" />
                <span className="code">{variant}</span>
                <span className="dim">{query.data.variants[index]?.count.toLocaleString('en')}</span>
              </li>
            ))}
          </ul>
          <details>
            <summary>{texts.usage.table}</summary>
            <div className="tablewrap">
              <table className="plain">
                <thead>
                  <tr>
                    <th scope="col">{texts.usage.day}</th>
                    {variants.map((variant) => (
                      <th scope="col" key={variant}>
                        {variant}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {days.map((day) => (
                    <tr key={day.at}>
                      <td>{DATE.format(day.at)}</td>
                      {day.counts.map((count, index) => (
                        <td key={variants[index]}>{count.toLocaleString('en')}</td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </details>
        </>
      )}
      <p className="dim small">{texts.usage.delay}</p>
    </section>
  );
}

function Bars({ days }: { days: readonly Day[] }) {
  const most = Math.max(...days.map((day) => day.total), 1);
  return (
    <div className="bars" aria-hidden="true">
      {days.map((day) => (
        <div key={day.at} className="day" title={`${DATE.format(day.at)}: ${day.total.toLocaleString('en')}`}>
          <div className="column" style={{ height: HEIGHT }}>
            {day.counts.map((count, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the variants of a day stand in one order
              <span key={index} data-arm={index % 8} style={{ height: (count / most) * HEIGHT }} />
            ))}
          </div>
          <span className="dim">{new Date(day.at).getUTCDate()}</span>
        </div>
      ))}
    </div>
  );
}
