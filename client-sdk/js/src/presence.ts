// Others' presence in a document: the last value of each, kept while their sessions live.

import { equalBytes, toHex } from './bytes.js';
import type { PresenceUpdate } from './wire/events.js';

export interface Presence {
  /** Whose: opaque, stable while that session lives. */
  key: string;
  producer: Uint8Array;
  /** Empty when it is gone. */
  data: Uint8Array;
  gone: boolean;
}

export class PresenceSet {
  readonly #present = new Map<string, Presence>();

  get all(): ReadonlyMap<string, Presence> {
    return this.#present;
  }

  /** One change; null when it changes nothing, or is this producer's own. */
  apply(update: PresenceUpdate, own: Uint8Array): Presence | null {
    if (equalBytes(update.producer, own)) return null;
    const key = toHex(update.key);
    if (update.gone || update.data.length === 0) return this.#remove(key);
    const presence: Presence = { key, producer: update.producer.slice(), data: update.data.slice(), gone: false };
    this.#present.set(key, presence);
    return presence;
  }

  /** The complete set: who is not in it is gone. */
  replace(updates: readonly PresenceUpdate[], own: Uint8Array): Presence[] {
    const named = new Set(updates.map((update) => toHex(update.key)));
    const changes: (Presence | null)[] = [...this.#present.keys()]
      .filter((key) => !named.has(key))
      .map((key) => this.#remove(key));
    for (const update of updates) changes.push(this.apply(update, own));
    return changes.filter((change) => change !== null);
  }

  #remove(key: string): Presence | null {
    const last = this.#present.get(key);
    if (last === undefined) return null;
    this.#present.delete(key);
    return { ...last, data: new Uint8Array(0), gone: true };
  }
}
