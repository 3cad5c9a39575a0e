// An EphemeralStore of Loro's over presence. A store is a map of keys that time out; presence is one value for each session, which is gone
// with it. So what goes out are the keys that were set here, each as the store encodes it, and keys that came with a session go with it.
//
// An entry that is not set again in time vanishes from the others' stores, as it does with any transport: the keys of here are set
// again twice in that time.

import type { EphemeralStore } from 'loro-crdt';

import { utf8 } from './bytes.js';
import type { DocumentSession } from './document.js';
import { joinParts, splitParts } from './parts.js';
import type { Presence } from './presence.js';

/** What an EphemeralStore that was made without a timeout has. */
const timeoutMsUsual = 30_000;

export class EphemeralBridge {
  readonly #store: EphemeralStore;
  readonly #session: DocumentSession;
  readonly #unsubscribe: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Set here. */
  readonly #own = new Set<string>();
  /** Which keys came under a presence key. */
  readonly #others = new Map<string, Set<string>>();
  /** What changes now is not the application's doing. */
  #applying = false;

  constructor(store: EphemeralStore, session: DocumentSession) {
    this.#store = store;
    this.#session = session;
    for (const key of store.keys()) this.#own.add(key);
    this.#unsubscribe = store.subscribe(({ by, added, updated, removed }) => {
      if (by === 'local' && !this.#applying) this.#changed([...added, ...updated], removed);
    });
    session.on('presence', (changes) => changes.forEach((change) => this.#take(change)));
    session.on('disconnected', () => {
      for (const key of [...this.#others.keys()]) this.#gone(key);
    });
    session.on('subscribed', () => this.#renew());
    const timeoutMs = (store as unknown as { timeout?: number }).timeout ?? timeoutMsUsual;
    this.#timer = setInterval(() => this.#renew(), timeoutMs / 2);
    (this.#timer as { unref?: () => void }).unref?.();
    this.#show();
  }

  destroy(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
    for (const key of [...this.#others.keys()]) this.#gone(key);
  }

  #changed(set: string[], removed: string[]): void {
    for (const key of set) this.#own.add(key);
    for (const key of removed) this.#own.delete(key);
    this.#show();
  }

  /** Others have seen an entry go, and take it again only with a newer time. */
  #renew(): void {
    if (this.#own.size === 0) return;
    this.#quietly(() => {
      for (const key of this.#own) {
        const value = this.#store.get(key);
        if (value === undefined) this.#own.delete(key);
        else this.#store.set(key, value);
      }
    });
    this.#show();
  }

  #show(): void {
    const parts = [...this.#own].flatMap((key) => [utf8.encode(key), this.#store.encode(key)]);
    this.#session.setPresence(joinParts(parts));
  }

  #take({ key, data, gone }: Presence): void {
    if (gone) return this.#gone(key);
    const before = this.#others.get(key) ?? new Set();
    const now = new Set<string>();
    try {
      const parts = splitParts(data);
      this.#quietly(() => {
        for (let i = 0; i + 1 < parts.length; i += 2) {
          now.add(new TextDecoder().decode(parts[i]));
          this.#store.apply(parts[i + 1]!);
        }
      });
    } catch {
      // Not of an EphemeralStore: a stranger's bytes, shown to nobody.
    }
    this.#others.set(key, now);
    this.#remove([...before].filter((name) => !now.has(name)));
  }

  #gone(key: string): void {
    const names = [...(this.#others.get(key) ?? [])];
    this.#others.delete(key);
    this.#remove(names);
  }

  /** But what another session, or this one, shows under the same name stays. */
  #remove(names: string[]): void {
    const shown = [...this.#others.values()];
    const gone = names.filter((name) => !this.#own.has(name) && !shown.some((set) => set.has(name)));
    this.#quietly(() => gone.forEach((name) => this.#store.delete(name)));
  }

  #quietly(step: () => void): void {
    this.#applying = true;
    try {
      step();
    } finally {
      this.#applying = false;
    }
  }
}
