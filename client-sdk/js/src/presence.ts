// Presence in a document: others', the last value of each, kept while their sessions live; and one's own, sent whole each time.

import { equalBytes, toHex } from './bytes.js';
import { Code, PayloadTooLargeError } from './errors.js';
import type { ClientEvent, PresenceUpdate, Welcome } from './wire/events.js';

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

export class OwnPresence {
  #data: Uint8Array | null = null;
  #changed = false;

  /** Empty: none. */
  set(data: Uint8Array): void {
    this.#data = data.length === 0 ? null : data;
    this.#changed = true;
  }

  /** Another subscription does not know it yet. */
  renew(): void {
    this.#changed = this.#data !== null;
  }

  /** If it was not sent as it is. An error when the relay would not take it. */
  send(
    link: { readonly welcome: Welcome | null; send(event: ClientEvent): void },
    handle: number,
    path: string,
  ): PayloadTooLargeError | null {
    if (!this.#changed) return null;
    this.#changed = false;
    const data = this.#data ?? new Uint8Array(0);
    const bytesMax = link.welcome?.presenceBytesMax || Infinity;
    if (data.length > bytesMax) {
      const message = `${path}: presence of ${data.length} bytes; this relay takes ${bytesMax}, show less`;
      return new PayloadTooLargeError(message, { code: Code.invalidArgument, document: path });
    }
    link.send({ kind: 'presence', document: handle, data });
    return null;
  }
}
