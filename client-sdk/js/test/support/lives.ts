// A device whose client dies and comes back. What it has stored survives each of its lives; of a write that was under way
// when it died, all or nothing did, as chance decides.
import { Contents } from '../../src/store/memory.js';
import type { Change, StoredDocument, WeirStore } from '../../src/store/store.js';
import { settled } from './settled.js';

/** Numbers in [0, 1) from a seed: the same ones each time. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Device {
  readonly contents = new Contents();
  readonly #random: () => number;
  /** What the next writes are answered with. */
  failure: Error | null = null;
  #life: Life | null = null;

  constructor(producer: Uint8Array, random: () => number = () => 0) {
    this.contents.producer = producer;
    this.#random = random;
  }

  /** The store, for the next life. */
  open(): WeirStore {
    this.#life = new Life(this, this.#random);
    return this.#life;
  }

  /** Whoever has it open now is dead: it hears nothing of the store any more. */
  crash(): void {
    this.#life?.die();
  }
}

class Life implements WeirStore {
  readonly name = 'device';
  readonly producer: Uint8Array;
  readonly #device: Device;
  readonly #random: () => number;
  #dead = false;
  #underWay: Change[] | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(device: Device, random: () => number) {
    this.#device = device;
    this.#random = random;
    this.producer = device.contents.producer!;
  }

  /** All or nothing of the write under way is there, at once: who opens the store next finds it so. */
  die(): void {
    if (this.#underWay !== null && this.#random() < 0.5) this.#device.contents.apply(this.#underWay);
    this.#dead = true;
  }

  load(document: string): Promise<StoredDocument> {
    return this.#last.then(() => this.#device.contents.load(document));
  }

  write(changes: Change[]): Promise<void> {
    const written = this.#last.then(() => this.#write(structuredClone(changes)));
    this.#last = written.catch(() => undefined);
    return written;
  }

  close(): Promise<void> {
    return this.#last;
  }

  async #write(changes: Change[]): Promise<void> {
    if (this.#dead) return never();
    this.#underWay = changes;
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns--) await settled();
    if (this.#dead) return never();
    this.#underWay = null;
    if (this.#device.failure !== null) throw this.#device.failure;
    this.#device.contents.apply(changes);
  }
}

const never = (): Promise<never> => new Promise(() => undefined);
