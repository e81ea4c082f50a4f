// Small parts that every page uses: instants, errors, empty and loading states.

import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { NoReason } from '../api/protection';
import { Problem } from '../api/request';
import { texts } from '../texts';
import { exact, millisOf, relative } from './time';
import { useNow } from './use-now';

/** An instant as distance from now; the exact instant is on hover, and in the element for machines. */
export function Time({ at, fallback = '–' }: { at: string | number | null | undefined; fallback?: string }) {
  const now = useNow();
  if (at === null || at === undefined) {
    return <span className="dim">{fallback}</span>;
  }
  return (
    <time dateTime={new Date(millisOf(at)).toISOString()} title={exact(at)} data-exact="">
      {relative(at, now)}
    </time>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty card">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Lines in place of what is not there yet; `lines` of them */
export function Loading({ lines = 6 }: { lines?: number }) {
  return (
    <div className="stack" aria-busy="true">
      <span className="hidden">{texts.common.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines are alike
          key={line}
          className="bone"
          style={{ height: '2.5rem', width: `${100 - ((line * 17) % 30)}%` }}
        />
      ))}
    </div>
  );
}

/** Why something failed, with a way to try again and the id for those who read the log */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div className="note bad stack tight" role="alert">
      <strong>{explain(error)}</strong>
      {error instanceof Problem && error.requestId !== undefined && (
        <span className="small">{texts.errors.requestId(error.requestId)}</span>
      )}
      {retry !== undefined && (
        <span>
          <Button variant="default" size="xs" onClick={retry}>
            {texts.common.retry}
          </Button>
        </span>
      )}
    </div>
  );
}

/** An error in a sentence */
export function explain(error: unknown): string {
  if (error instanceof NoReason) {
    return texts.protection.cancelled;
  }
  if (!(error instanceof Problem)) {
    return error instanceof Error ? error.message : String(error);
  }
  if (error.isUnreachable) {
    return texts.errors.unreachable;
  }
  if (error.status === 403) {
    return texts.errors.forbidden(error.detail);
  }
  const first = error.errors[0];
  return first === undefined ? texts.errors.problem(error.detail) : texts.errors.field(first.pointer, first.message);
}
