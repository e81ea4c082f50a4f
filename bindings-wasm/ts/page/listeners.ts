/** Listeners by name, which cannot throw into the client. */

export class Listeners {
  readonly #byName = new Map<string, Set<(event: never) => void>>();

  /** Adds a listener; the function that is returned removes it. */
  add(name: string, listener: (event: never) => void): () => void {
    // In a wrapper, so that a listener that is added twice is two.
    const own = (event: never) => listener(event);
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners.add(own));
    return () => listeners.delete(own);
  }

  has(name: string): boolean {
    return !!this.#byName.get(name)?.size;
  }

  /** Calls the listeners in the order in which they were added; all are called even if one throws. */
  call(name: string, event: unknown): void {
    for (const listener of [...(this.#byName.get(name) ?? [])]) {
      guard(() => listener(event as never));
    }
  }
}

/** Calls a function of the application; what it throws is thrown again outside of the client, where the page's own handlers see it. */
export function guard(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
