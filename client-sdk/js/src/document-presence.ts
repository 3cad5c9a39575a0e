// Presence in one document's subscription: this client's own, sent whole each time, sealed where the document is; and what the
// relay says of others.

import type { DocumentEvents } from './document.js';
import { Code, PayloadTooLargeError } from './errors.js';
import type { Sealing } from './guard.js';
import type { DocumentLink } from './link.js';
import { PresenceSet, type Presence } from './presence.js';
import type { PresenceUpdate } from './wire/events.js';

export interface DocumentPresenceOwner {
  readonly path: string;
  readonly handle: number;
  emit<Name extends 'error' | 'presence'>(name: Name, ...args: DocumentEvents[Name]): void;
}

export class DocumentPresence {
  readonly #link: DocumentLink<never>;
  readonly #owner: DocumentPresenceOwner;
  readonly #seals: Sealing | null;
  readonly #others = new PresenceSet();
  /** Empty: none. */
  #own: Uint8Array = new Uint8Array(0);
  #changed = false;

  constructor(link: DocumentLink<never>, owner: DocumentPresenceOwner, seals: Sealing | null) {
    this.#link = link;
    this.#owner = owner;
    this.#seals = seals;
  }

  get others(): ReadonlyMap<string, Presence> {
    return this.#others.all;
  }

  /** Empty: none. */
  set(data: Uint8Array): void {
    const show = (shown: Uint8Array): void => {
      this.#own = shown;
      this.#changed = true;
      this.#link.wantFlush();
    };
    if (this.#seals === null) show(data);
    else this.#seals.presence(data, show);
  }

  /** If it was not sent as it is. */
  send(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const { handle, path } = this.#owner;
    const bytesMax = this.#link.welcome?.presenceBytesMax || Infinity;
    if (this.#own.length <= bytesMax) return this.#link.send({ kind: 'presence', document: handle, data: this.#own });
    const message = `${path}: presence of ${this.#own.length} bytes; this relay takes ${bytesMax}, show less`;
    this.#owner.emit('error', new PayloadTooLargeError(message, { code: Code.invalidArgument, document: path }));
  }

  /** Another subscription: it does not know this client's yet, and these are all the others. */
  renew(others: readonly PresenceUpdate[]): void {
    this.#changed = this.#own.length > 0;
    this.#tell(this.#others.replace(others, this.#link.producer));
  }

  received(update: PresenceUpdate): void {
    const change = this.#others.apply(update, this.#link.producer);
    if (change !== null) this.#tell([change]);
  }

  #tell(changes: Presence[]): void {
    if (changes.length > 0) this.#owner.emit('presence', changes);
  }
}
