// The relay has lost history that this client has seen: once all that is left was read, the application's state goes as a base,
// before all that waits.

import type { StateOffer } from './document.js';
import { Code, messageOf, StateError, type WeirError } from './errors.js';
import type { Sealer } from './guard.js';
import { newEntry, type OutboxEntry } from './outbox-entry.js';

export interface StateOfferingOwner {
  readonly path: string;
  /** Asks the application; undefined: it has none to give. */
  readonly state: (() => StateOffer | Promise<StateOffer>) | undefined;
  failed(error: WeirError): void;
}

export class StateOffering {
  readonly #owner: StateOfferingOwner;
  /** Null: it goes as it is. */
  readonly #sealer: Sealer | null;
  /** Takes it, before all that waits. */
  readonly #offer: (entries: OutboxEntry[]) => void;
  #wanted = false;

  constructor(owner: StateOfferingOwner, sealer: Sealer | null, offer: (entries: OutboxEntry[]) => void) {
    this.#owner = owner;
    this.#sealer = sealer;
    this.#offer = offer;
  }

  /** Nothing else is sent until it was given. */
  get wanted(): boolean {
    return this.#wanted;
  }

  want(): void {
    this.#wanted = this.#owner.state !== undefined;
  }

  /** If it is wanted. */
  ask(): void {
    if (!this.#wanted) return;
    const failed = (cause: unknown): void => {
      if (!this.#wanted) return;
      this.#owner.failed(stateError(this.#owner.path, cause));
      this.#give([]);
    };
    try {
      const answer = this.#owner.state?.() ?? null;
      if (answer instanceof Promise) answer.then((state) => this.#take(state)).catch(failed);
      else this.#take(answer)?.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }

  /** It is not wanted any more. */
  end(): void {
    this.#wanted = false;
  }

  #take(state: StateOffer): Promise<void> | undefined {
    if (!this.#wanted) return;
    const pieces = piecesOf(state) ?? [];
    const failed = (error: WeirError): void => this.#owner.failed(error);
    const entry = (piece: Uint8Array): OutboxEntry => ({
      ...newEntry({ codec: 0, payload: piece }, () => undefined, failed),
      offered: true,
    });
    if (this.#sealer !== null) return this.#sealer.offered(pieces, entry).then((entries) => this.#give(entries));
    this.#give(pieces.map(entry));
  }

  #give(entries: OutboxEntry[]): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#offer(entries);
  }
}

/** What an application gave, which may be anything where nothing checks its types. */
export function piecesOf(state: StateOffer): Uint8Array[] | null {
  if (state === null) return null;
  const pieces = [state].flat();
  if (!pieces.every((piece) => piece instanceof Uint8Array)) throw new TypeError('state gives a Uint8Array, several, or null');
  return pieces;
}

export function stateError(document: string, cause: unknown): StateError {
  const message = `${document}: the application could not give its state: ${messageOf(cause)}`;
  return new StateError(message, { code: Code.unknown, document, cause });
}
