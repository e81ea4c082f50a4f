// What differs between two revisions of an environment, flag by flag

import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Place } from '../../api/queries';
import { differences } from '../../model/diff';
import type { JsonObject } from '../../model/language';
import { texts } from '../../texts';
import { DiffList } from '../../ui/diff-list';
import { type Differing, grouped, SECTIONS } from '../../ui/differing';
import { Failure, Loading } from '../../ui/parts';
import { documentAt } from './document-at';

const words = texts.revisions;
/** More things than these are only counted. */
const LISTED = 50;

interface Props {
  place: Place;
  before: number;
  after: number;
  onClose: () => void;
}

export function Comparison({ place, before, after, onClose }: Props) {
  const one = useQuery(documentAt(place, before));
  const other = useQuery(documentAt(place, after));
  const all = useMemo(() => {
    const [was, is] = [one.data, other.data];
    return was === undefined || is === undefined ? undefined : grouped(differences(sections(was), sections(is)));
  }, [one.data, other.data]);
  const failed = [one, other].find((query) => query.isError);
  return (
    <section className="card stack" aria-labelledby="comparison">
      <span className="row apart">
        <h2 id="comparison">{words.differences(before, after)}</h2>
        <Button size="compact-sm" variant="default" onClick={onClose}>
          {words.close}
        </Button>
      </span>
      {failed !== undefined && <Failure error={failed.error} retry={() => failed.refetch()} />}
      {failed === undefined && all === undefined && <Loading lines={3} />}
      {all !== undefined && <p role="status">{all.length === 0 ? words.equal : words.count(all.length)}</p>}
      {all !== undefined && <DifferingList all={all} />}
    </section>
  );
}

/** Flags, segments, groups and holdouts with what differs in each */
export function DifferingList({ all }: { all: readonly Differing[] }) {
  return (
    <>
      <ul className="history">
        {all.slice(0, LISTED).map((each) => (
          <li key={`${each.kind} ${each.key}`} className="stack tight">
            <span className="row">
              <strong>{`${texts.compare.kinds[each.kind] ?? ''} ${each.key}`.trim()}</strong>
              {!each.isBefore && <span className="tag on">{words.isNew}</span>}
              {!each.isAfter && <span className="tag warn">{words.isGone}</span>}
            </span>
            {each.isBefore && each.isAfter && <DiffList differences={each.differences} />}
          </li>
        ))}
      </ul>
      {all.length > LISTED && <p>{words.more(all.length - LISTED)}</p>}
    </>
  );
}

/** A document without its revision, which always differs, and with every section, so that its objects are compared one by one */
function sections(document: JsonObject): JsonObject {
  return Object.fromEntries(SECTIONS.map((name) => [name, document[name] ?? {}]));
}
