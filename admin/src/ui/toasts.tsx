// Short messages at the bottom of the page, with an action while it can be taken back.

import { useSyncExternalStore } from 'react';
import { texts } from '../texts';
import { Icon } from './icon';

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 10_000;

let toasts: readonly Toast[] = [];
/** What ends each message, unless somebody is about to act on one */
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) {
    listener();
  }
}

function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  set(toasts.filter((toast) => toast.id !== id));
  // The focus that held the others has gone with it.
  expire();
}

export function say(text: string, action?: Toast['action']): void {
  show({ text, isBad: false, ...(action === undefined ? {} : { action }) });
}

export function complain(text: string): void {
  show({ text, isBad: true });
}

function show(toast: Omit<Toast, 'id'>): void {
  last += 1;
  const id = last;
  set([...toasts.slice(-2), { ...toast, id }]);
  expire();
}

/** Ends each message in a while, counted from now where it was held */
function expire(): void {
  for (const { id } of toasts) {
    if (!timers.has(id)) {
      timers.set(
        id,
        setTimeout(() => dismiss(id), SHOWN_MS),
      );
    }
  }
}

function hold(): void {
  for (const timer of timers.values()) {
    clearTimeout(timer);
  }
  timers.clear();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function act(toast: Toast): void {
  dismiss(toast.id);
  toast.action?.run();
}

/** The last message that can still be acted on: what it says, and its action */
export function useActionable(): { text: string; label: string; run: () => void } | undefined {
  const toast = useSyncExternalStore(subscribe, () => toasts.findLast((each) => each.action !== undefined));
  return toast?.action && { text: toast.text, label: toast.action.label, run: () => act(toast) };
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" onMouseEnter={hold} onMouseLeave={expire} onFocus={hold} onBlur={expire}>
      {shown.map((toast) => (
        <div key={toast.id} className={toast.isBad ? 'toast bad' : 'toast'}>
          <span>{toast.text}</span>
          <span className="row">
            {toast.action !== undefined && (
              <button type="button" onClick={() => act(toast)}>
                {toast.action.label}
              </button>
            )}
            <button type="button" aria-label={texts.common.dismiss} onClick={() => dismiss(toast.id)}>
              <Icon name="close" />
            </button>
          </span>
        </div>
      ))}
    </div>
  );
}
