// biome-ignore-all lint/a11y/useSemanticElements: rows that are placed one by one cannot be laid out as a table
// biome-ignore-all lint/a11y/useFocusableInteractive: nothing is done with a column header
// The rows in view and a few more, of plain elements: 2,000 flags scroll without a stutter.

import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { type ProjectFlag, projectUsage } from '../../api/queries';
import { useSwitchFlag } from '../../api/switch-flag';
import { texts } from '../../texts';
import { Time } from '../../ui/parts';
import { Sparkline } from '../../ui/sparkline';
import { Switch } from '../../ui/switch';
import { updatedAt } from './filter';

interface Props {
  flags: readonly ProjectFlag[];
  environments: readonly string[];
  project: string;
  selected: ReadonlySet<string>;
  onSelect: (keys: readonly string[], isSelected: boolean) => void;
}

const ROW_PX = 68;
const HEAD_ROWS = 1;
const UNUSED: readonly number[] = [];
/** How many rows down a key goes */
const KEYS: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -10,
  PageDown: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};
/** Where the table becomes cards: as in flags.css */
const CARDS = '(max-width: 48rem)';
const CARD_GAP_PX = 10;

export function FlagTable({ flags, environments, project, selected, onSelect }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const change = useSwitchFlag(project);
  const { data: usage } = useQuery(projectUsage(project));
  const isCards = useMediaQuery(CARDS) ?? false;
  useLayoutEffect(() => {
    const element = body.current;
    if (element !== null) {
      setTop(element.getBoundingClientRect().top + scrollY);
    }
  }, []);
  const [focused, setFocused] = useState<string>();
  const kept = useMemo(() => flags.findIndex((flag) => flag.key === focused), [flags, focused]);
  const rangeExtractor = useCallback(
    (range: Range) => {
      const shown = defaultRangeExtractor(range);
      // The row that has the focus stays in the page wherever it is scrolled to: the focus would go with it.
      return kept < 0 || shown.includes(kept) ? shown : [...shown, kept].sort((one, other) => one - other);
    },
    [kept],
  );
  const virtual = useWindowVirtualizer({
    count: flags.length,
    rangeExtractor,
    estimateSize: () => ROW_PX,
    overscan: 8,
    gap: isCards ? CARD_GAP_PX : 0,
    scrollMargin: top,
    getItemKey: (index) => flags[index]?.key ?? index,
  });
  /** From a control to the same one of another row */
  const go = (event: KeyboardEvent<HTMLElement>) => {
    const step = KEYS[event.key];
    const cell = event.target instanceof Element ? event.target.closest('[role="cell"]') : null;
    const row = cell?.parentElement;
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey || cell === null || row == null) {
      return;
    }
    event.preventDefault();
    const to = Math.min(Math.max(Number(row.dataset['index']) + step, 0), flags.length - 1);
    const column = [...row.children].indexOf(cell);
    // A row that is not in view is not in the page yet.
    flushSync(() => setFocused(flags[to]?.key));
    const next = body.current?.querySelector(`[data-index="${to}"]`);
    const control = next?.children[column]?.querySelector<HTMLElement>('input, a, button');
    (control ?? next?.querySelector('a'))?.focus();
  };

  return (
    <div
      className="flags"
      role="table"
      aria-label={texts.flags.title}
      aria-rowcount={flags.length + HEAD_ROWS}
      style={{ '--environments': environments.length } as React.CSSProperties}
    >
      <div role="rowgroup" className="head">
        <div role="row" className="line" aria-rowindex={1}>
          <span role="columnheader">
            <input
              type="checkbox"
              aria-label={texts.bulk.all}
              checked={flags.every((flag) => selected.has(flag.key))}
              onChange={(event) =>
                onSelect(
                  flags.map((flag) => flag.key),
                  event.currentTarget.checked,
                )
              }
            />
          </span>
          <span role="columnheader">{texts.flags.flag}</span>
          <span role="columnheader">{texts.flags.owner}</span>
          <span role="columnheader">{texts.flags.updated}</span>
          <span role="columnheader">{texts.flags.seen}</span>
          <span role="columnheader">{texts.flags.week}</span>
          {environments.map((name) => (
            <span role="columnheader" key={name} className="place">
              {name}
            </span>
          ))}
        </div>
      </div>
      <div
        role="rowgroup"
        ref={body}
        style={{ position: 'relative', height: virtual.getTotalSize() }}
        onKeyDown={go}
        onFocus={({ target }) => {
          const row = target.closest<HTMLElement>('[data-index]');
          setFocused(flags[Number(row?.dataset['index'])]?.key);
        }}
      >
        {virtual.getVirtualItems().map((item) => {
          const flag = flags[item.index];
          return (
            flag !== undefined && (
              <div
                key={item.key}
                role="row"
                aria-rowindex={item.index + 1 + HEAD_ROWS}
                data-index={item.index}
                ref={virtual.measureElement}
                className="line body"
                style={{ transform: `translateY(${item.start - virtual.options.scrollMargin}px)` }}
              >
                <Row
                  flag={flag}
                  week={usage === undefined ? undefined : (usage.flags[flag.key] ?? UNUSED)}
                  environments={environments}
                  project={project}
                  isSelected={selected.has(flag.key)}
                  onSwitch={change}
                  onSelect={onSelect}
                />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  flag: ProjectFlag;
  /** The evaluations of each day; undefined while they are not there */
  week: readonly number[] | undefined;
  environments: readonly string[];
  project: string;
  isSelected: boolean;
  onSwitch: (flag: string, environment: string, enabled: boolean) => void;
  onSelect: (keys: readonly string[], isSelected: boolean) => void;
}

const Row = memo(function Row({ flag, week, environments, project, isSelected, onSwitch, onSelect }: RowProps) {
  const lifecycle = flag.lifecycle === 'active' ? undefined : flag.lifecycle;
  return (
    <>
      <span role="cell" className="select">
        <input
          type="checkbox"
          aria-label={texts.bulk.one(flag.key)}
          checked={isSelected}
          onChange={(event) => onSelect([flag.key], event.currentTarget.checked)}
        />
      </span>
      <div role="cell" className="what">
        <span className="row">
          <Link to="/projects/$project/flags/$flag" params={{ project, flag: flag.key }} className="key">
            {flag.key}
          </Link>
          <span className="tag">{texts.flags.types[flag.type ?? ''] ?? '–'}</span>
          {flag.kind !== 'release' && <span className="tag">{texts.flags.kinds[flag.kind]}</span>}
          {lifecycle !== undefined && <span className="tag warn">{texts.flags.lifecycles[lifecycle]}</span>}
          {flag.tags.map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
        </span>
        <span className="about">
          {flag.name !== '' && <strong>{flag.name}</strong>}
          {flag.name !== '' && flag.description !== '' && ' · '}
          {flag.description}
        </span>
      </div>
      <span role="cell" className="meta owner">
        {flag.owner === '' ? <span className="dim">–</span> : flag.owner}
      </span>
      <span role="cell" className="meta">
        <Time at={updatedAt(flag) || null} />
      </span>
      <span role="cell" className="meta">
        <Time at={flag.lastSeenAt} fallback={texts.flags.never} />
      </span>
      <span role="cell" className="meta week">
        {week === UNUSED && <span className="hidden">{texts.flags.weekUnused}</span>}
        {week !== undefined && week !== UNUSED && <Sparkline counts={week} text={texts.flags.weekCounts(week)} />}
      </span>
      {environments.map((name) => {
        const place = flag.environments.find((each) => each.name === name);
        return (
          <span role="cell" key={name} className="place" data-label={name}>
            {place === undefined ? (
              <span className="dim" title={texts.flags.notIn(name)}>
                –
              </span>
            ) : (
              <Switch
                isOn={place.enabled}
                label={texts.flags.switchLabel(flag.key, name)}
                onSwitch={(enabled) => onSwitch(flag.key, name, enabled)}
              />
            )}
          </span>
        );
      })}
    </>
  );
});
