// Whether a producer's records come one after the other, each once: what needs no key. A producer may begin anywhere where
// its first record is read. After lost history it may go on at a number that does not follow, once an epoch; a sealed
// record says so, of another nobody does.

import { toHex } from '../bytes.js';

export type Fault = 'replayed' | 'missing';

export class Sequences {
  readonly #last = new Map<string, { sequence: number; live: boolean }>();
  #live = false;

  /** Nothing is known of any producer: another epoch, or behind a snapshot or a cut. */
  restart(): void {
    this.#last.clear();
  }

  /** `opens`: this record may skip ahead; null where nobody says. */
  next(producer: Uint8Array, sequence: number, opens: boolean | null): Fault | null {
    const name = toHex(producer);
    const last = this.#last.get(name);
    this.#last.set(name, { sequence, live: this.#live });
    if (last === undefined) return null;
    if (sequence <= last.sequence) return 'replayed';
    if (sequence === last.sequence + 1) return null;
    return (opens ?? !last.live) ? null : 'missing';
  }

  /** The last one that was read; 0 for none. */
  lastOf(producer: Uint8Array): number {
    return this.#last.get(toHex(producer))?.sequence ?? 0;
  }

  /** From here on records come as they are written: what opens in this epoch and comes now, has not opened before. */
  caughtUp(live: boolean): void {
    this.#live = live;
  }
}
