// The way of changes into a store: what comes while one write is under way goes together with the next.
//
// When a write fails (no room, mostly), it is told once, everything stays here in its order, and is tried again every few
// seconds. Meanwhile `holdsUp` is false: whoever waits for the store before sending need not wait any longer, or an edit
// that could reach the relay would be kept from it by a full disk.

import type { WeirError } from '../errors.js';
import type { Runtime, Timer } from '../runtime.js';
import { Compactions } from './compactions.js';
import { storeError, StoreLockedError } from './errors.js';
import type { Change, WeirStore } from './store.js';

const retryMs = 5_000;

/** Two clients with one store would be one producer twice. */
const taken = new WeakSet<WeirStore>();

/** What a document needs of it. */
export interface DocumentWriter extends Pick<StoreWriter, 'load' | 'write' | 'holdsUp' | 'compactions'> {
  /** What is to stand for records, as the store keeps it; where it is not there, as it is. */
  kept?(pieces: readonly Uint8Array[]): Promise<Uint8Array[]>;
}

interface Waiting {
  changes: Change[];
  resolve(): void;
}

export class StoreWriter {
  readonly compactions: Compactions;
  readonly #store: WeirStore;
  readonly #runtime: Runtime;
  /** Called with the first failure in a row. */
  readonly #failed: (error: WeirError) => void;
  #queue: Waiting[] = [];
  #writing = false;
  #trouble: WeirError | null = null;
  #timer: Timer | null = null;
  #idle: (() => void)[] = [];

  constructor(store: WeirStore, runtime: Runtime, failed: (error: WeirError) => void) {
    if (taken.has(store)) throw new StoreLockedError(`${store.name}: another client has this store; give each its own`);
    taken.add(store);
    this.#store = store;
    this.#runtime = runtime;
    this.#failed = failed;
    this.compactions = new Compactions(runtime);
  }

  /** False while the store takes nothing. */
  get holdsUp(): boolean {
    return this.#trouble === null;
  }

  /** Resolves when these, and all changes before them, are durable. */
  write(...changes: Change[]): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push({ changes, resolve });
      if (this.#writing || this.#timer !== null) return;
      this.#writing = true;
      this.#runtime.soon(() => void this.#run());
    });
  }

  load(document: string): ReturnType<WeirStore['load']> {
    return this.settled().then(() => this.#store.load(document));
  }

  /** Everything was written, or cannot be for now. */
  settled(): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** After the compactions that are under way; no further attempts after the one under way. */
  async stop(): Promise<void> {
    await this.compactions.end();
    if (this.#timer !== null) this.#tryAgain();
    await this.settled();
    this.#timer?.cancel();
    taken.delete(this.#store);
  }

  async #run(): Promise<void> {
    this.#writing = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#store.write(batch.flatMap(({ changes }) => changes));
      } catch (cause) {
        this.#queue = [...batch, ...this.#queue];
        this.#fail(cause);
        break;
      }
      this.#trouble = null;
      for (const { resolve } of batch) resolve();
    }
    this.#writing = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #fail(cause: unknown): void {
    const first = this.#trouble === null;
    this.#trouble = storeError(this.#store.name, cause);
    this.#timer = this.#runtime.after(retryMs, () => this.#tryAgain());
    if (first) this.#failed(this.#trouble);
  }

  #tryAgain(): void {
    this.#timer?.cancel();
    this.#timer = null;
    void this.#run();
  }
}
