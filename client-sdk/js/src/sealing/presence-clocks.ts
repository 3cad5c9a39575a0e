// Presence is not in any order, so each value carries a clock, and none is shown after a later one of the same producer.

import { equalBytes, toHex } from '../bytes.js';

/** Of producers; beyond it the one heard of longest ago is forgotten. */
const producersMax = 4096;

export class PresenceClocks {
  readonly #highest = new Map<string, bigint>();
  #own = 0;

  /** For the next value of this client: microseconds of Unix time, or one more than the last. */
  next(): number {
    this.#own = Math.max(this.#own + 1, Date.now() * 1000);
    return this.#own;
  }

  /** Its author is who the relay says, and it is not older than what was shown. */
  accepts(producer: Uint8Array, value: { producer: Uint8Array; clock: bigint }): boolean {
    if (!equalBytes(producer, value.producer)) return false;
    const name = toHex(producer);
    if (value.clock < (this.#highest.get(name) ?? 0n)) return false;
    this.#highest.delete(name);
    this.#highest.set(name, value.clock);
    if (this.#highest.size > producersMax) this.#highest.delete(this.#highest.keys().next().value!);
    return true;
  }
}
