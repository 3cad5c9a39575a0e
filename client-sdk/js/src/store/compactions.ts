// Compactions that are under way, of all documents of a store: one at a time of each, whoever has the document open, for one that ended
// late would put less in the place of more. A client that is closed lets them end, but does not wait for ever: what they were to
// stand for stays as it is.

import type { Runtime } from '../runtime.js';

/** How long a client that is closed waits for what an application makes of its records. */
const patienceMs = 2_000;

export class Compactions {
  readonly #runtime: Runtime;
  readonly #running = new Map<string, Promise<void>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** False while another of this document is under way. `work` is to ask, before it writes, whether that is still wanted. */
  begin(document: string, work: (wanted: () => boolean) => Promise<void>, failed: (cause: unknown) => void): boolean {
    if (this.#running.has(document)) return false;
    const wanted = (): boolean => this.#running.get(document) === running;
    const running = work(wanted)
      .catch(failed)
      .finally(() => wanted() && this.#running.delete(document));
    this.#running.set(document, running);
    return true;
  }

  /** The document is gone, and no copy of it is to come back. */
  drop(document: string): void {
    this.#running.delete(document);
  }

  /** All have ended, or had their time: those do not write any more. */
  async end(): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const late = this.#runtime.after(patienceMs, resolve);
      void Promise.all(this.#running.values()).then(() => {
        late.cancel();
        resolve();
      });
    });
    this.#running.clear();
  }
}
