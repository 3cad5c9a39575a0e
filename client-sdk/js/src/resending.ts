// When deltas that the relay did not store are sent again: not before every frame on the wire was answered, for each one
// behind a refused one is refused too; and not before its time has come.

import type { Runtime, Timer } from './runtime.js';

export class Resending {
  readonly #runtime: Runtime;
  /** Sends again, from this sequence on. */
  readonly #resend: (from: number) => void;
  /** Null: nothing is to be sent again. */
  #from: number | null = null;
  #notBefore = 0;
  #timer: Timer | null = null;

  constructor(runtime: Runtime, resend: (from: number) => void) {
    this.#runtime = runtime;
    this.#resend = resend;
  }

  /** Nothing else is sent until it was done. */
  get wanted(): boolean {
    return this.#from !== null;
  }

  want(from: number, delayMs: number): void {
    this.#from = from;
    this.#notBefore = Math.max(this.#notBefore, this.#runtime.now() + delayMs);
  }

  /** Nothing is on the wire: if something is to be sent again, it is when its time has come. */
  allAnswered(): void {
    if (this.#from === null || this.#timer !== null) return;
    const delayMs = Math.max(0, this.#notBefore - this.#runtime.now());
    this.#timer = this.#runtime.after(delayMs, () => {
      const from = this.#from ?? 0;
      this.cancel();
      this.#resend(from);
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#from = null;
    this.#notBefore = 0;
  }
}
