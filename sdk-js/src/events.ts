/** Typed events. Not `EventEmitter`, which browsers lack and whose listeners can throw into the emitting code. */

export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #report: (error: unknown) => void;

  /** `report` is called with whatever a listener throws. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Adds a listener; the function that is returned removes it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => this.off(name, listener);
  }

  off<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void {
    this.#listeners.get(name)?.delete(listener);
  }

  /** Calls the current listeners in the order in which they were added; all are called even if one throws. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  clear(): void {
    this.#listeners.clear();
  }
}

/** Listeners by the key of a flag. */
export class KeyListeners {
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #report: (error: unknown) => void;

  /** `report` is called with whatever a listener throws. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Adds a listener; the function that is returned removes it. The same function may be added several times. */
  add(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    const call = () => listener();
    listeners.add(call);
    return () => {
      listeners.delete(call);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) {
        this.#listeners.delete(key);
      }
    };
  }

  /** Calls the listeners of these keys. */
  call(keys: readonly string[]): void {
    if (this.#listeners.size === 0) {
      return;
    }
    for (const key of keys) {
      for (const listener of [...(this.#listeners.get(key) ?? [])]) {
        try {
          listener();
        } catch (error) {
          this.#report(error);
        }
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
