// Awareness over presence. A presence value is exactly what y-protocols puts on the wire, an awareness update, so people
// on y-websocket and people on WeirProvider see each other's cursors.

import * as decoding from 'lib0/decoding';
import {
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
  type Awareness,
} from 'y-protocols/awareness';

import type { DocumentSession } from './document.js';
import type { Presence } from './presence.js';

interface AwarenessChange {
  added: number[];
  updated: number[];
  removed: number[];
}

export class AwarenessBridge {
  readonly #awareness: Awareness;
  readonly #session: DocumentSession;
  readonly #origin: object;
  /** Which clients were last seen under a presence key. */
  readonly #clients = new Map<string, number[]>();
  readonly #changed = (change: AwarenessChange): void => {
    const touched = [...change.added, ...change.updated, ...change.removed];
    if (touched.includes(this.#awareness.clientID)) this.#publish();
  };

  constructor(awareness: Awareness, session: DocumentSession, origin: object) {
    this.#awareness = awareness;
    this.#session = session;
    this.#origin = origin;
    awareness.on('update', this.#changed);
    session.on('presence', (changes) => changes.forEach((change) => this.#apply(change)));
    session.on('disconnected', () => this.#forgetAll());
    session.on('subscribed', () => this.#renew());
    this.#publish();
  }

  /** The page goes, or comes back from the browser's cache. */
  hide(): void {
    this.#session.withdrawPresence();
  }
  show(): void {
    this.#publish();
  }

  destroy(): void {
    this.#awareness.off('update', this.#changed);
    this.#forgetAll();
  }

  /** Others have seen this state go, and take one again only under a newer clock. */
  #renew(): void {
    const state = this.#awareness.getLocalState();
    if (state !== null) this.#awareness.setLocalState(state);
  }

  #publish(): void {
    const { clientID } = this.#awareness;
    if (this.#awareness.getLocalState() === null) this.#session.setPresence(new Uint8Array(0));
    else this.#session.setPresence(encodeAwarenessUpdate(this.#awareness, [clientID]));
  }

  #apply({ key, data, gone }: Presence): void {
    const before = this.#clients.get(key) ?? [];
    const now = gone ? [] : clientsIn(data);
    this.#remove(before.filter((client) => !now.includes(client)));
    if (now.length === 0) {
      this.#clients.delete(key);
      return;
    }
    this.#clients.set(key, now);
    try {
      applyAwarenessUpdate(this.#awareness, data, this.#origin);
    } catch {
      // Not an awareness update: a stranger's bytes, shown to nobody.
    }
  }

  #forgetAll(): void {
    this.#remove([...this.#clients.values()].flat());
    this.#clients.clear();
  }

  #remove(clients: number[]): void {
    const others = clients.filter((client) => client !== this.#awareness.clientID);
    removeAwarenessStates(this.#awareness, others, this.#origin);
    // Else the same state under the same clock, after a reconnect, would count as known.
    for (const client of others) this.#awareness.meta.delete(client);
  }
}

/** When the document has got another client id: editors take the state under it for one's own. */
export function followClientId(awareness: Awareness): void {
  const before = awareness.clientID;
  if (before === awareness.doc.clientID) return;
  const state = awareness.getLocalState();
  awareness.clientID = awareness.doc.clientID;
  awareness.meta.set(awareness.clientID, { clock: 0, lastUpdated: 0 }); // what comes under clock 0 is not seen
  awareness.setLocalState(state); // others see the new one come with the old one's going
  removeAwarenessStates(awareness, [before], 'local');
}

/** The client ids in an awareness update; none when it is not one. */
function clientsIn(data: Uint8Array): number[] {
  const clients: number[] = [];
  try {
    const decoder = decoding.createDecoder(data);
    for (let count = decoding.readVarUint(decoder); count > 0; count--) {
      clients.push(decoding.readVarUint(decoder));
      decoding.readVarUint(decoder);
      decoding.readVarString(decoder);
    }
  } catch {
    return [];
  }
  return clients;
}
