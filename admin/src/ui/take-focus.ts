/**
 * A `ref` that focuses an element as it appears. Mantine's dialogs focus what has `data-autofocus` some milliseconds later, and what is
 * typed before would be lost.
 */
export function takeFocus(element: HTMLElement | null): void {
  element?.focus({ preventScroll: true });
}
