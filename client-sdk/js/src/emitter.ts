// Typed events.
//
//   class Door extends Emitter<{ opened: [by: string] }> {}
//   door.on('opened', (by) => ...);
//
// A listener that throws harms nobody else: its error surfaces as an uncaught one, and the others still run.

export class Emitter<Events extends { [name in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<unknown>>();
  /** What once() was given, by what stands for it among the listeners. */
  readonly #once = new WeakMap<object, unknown>();

  on<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => void): this {
    let set = this.#listeners.get(name);
    if (set === undefined) this.#listeners.set(name, (set = new Set<unknown>()));
    set.add(listener);
    return this;
  }

  off<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => void): this {
    const set = this.#listeners.get(name);
    for (const one of set ?? []) if (one === listener || this.#once.get(one as object) === listener) set!.delete(one);
    return this;
  }

  once<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => void): this {
    const first = (...args: Events[Name]): void => {
      this.off(name, first);
      listener(...args);
    };
    this.#once.set(first, listener);
    return this.on(name, first);
  }

  protected emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (...args: Events[Name]) => void)(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  protected forgetListeners(): void {
    this.#listeners.clear();
  }
}
