// A document without `encryption` may turn out to be encrypted, and what is written here must not go to the relay in plain then.
//
//  - Before anything of it was read, nobody knows: what is written waits until all that is there was read, once.
//  - When something sealed was seen, what is written waits for good, in the outbox. A client with the key that opens the same
//    store seals it and sends it.

import { Code, UnknownKeyError } from './errors.js';
import type { History } from './history.js';
import type { Delta, Subscribed } from './wire/events.js';

/** As in sealing/format.ts, which is not loaded where nothing is sealed. */
const sealedCodec = 2;

export interface PlainOwner {
  readonly path: string;
  readonly history: Pick<History, 'offset'>;
  /** It is read: not only what is published from now on. */
  readonly willRead: boolean;
}

export class PlainWriting {
  readonly #owner: PlainOwner;
  /** Told once, when it is known that a key is needed. */
  readonly #tell: (error: UnknownKeyError) => void;
  #unread = false;
  #withheld: UnknownKeyError | null = null;

  constructor(owner: PlainOwner, tell: (error: UnknownKeyError) => void) {
    this.#owner = owner;
    this.#tell = tell;
  }

  /** What is written here may be sent. */
  get allowed(): boolean {
    return !this.#unread && this.#withheld === null;
  }

  /** Why it never will be; null while that is not known. */
  get withheld(): UnknownKeyError | null {
    return this.#withheld;
  }

  subscribed({ head }: Subscribed): void {
    this.#unread = this.#owner.willRead && this.#owner.history.offset === 0 && head > 0;
  }

  caughtUp(): void {
    this.#unread = false;
  }

  /** What was read, or what a store has. */
  saw(deltas: readonly Pick<Delta, 'codec'>[]): void {
    if (this.#withheld === null && deltas.some(({ codec }) => codec === sealedCodec)) this.withhold();
  }

  /** A key is needed. */
  withhold(): void {
    const document = this.#owner.path;
    const message = `${document}: it is encrypted: give \`encryption\` with its key; without, nothing in it is shown, and what is written here is not sent`;
    this.#withheld = new UnknownKeyError(message, { code: Code.failedPrecondition, document });
    this.#tell(this.#withheld);
  }
}
