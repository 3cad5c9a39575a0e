// What is refused before it waits: a delta that no relay takes, or this one does not, or for which there is no room here.

import { Code, CodecError, OutboxFullError, PayloadTooLargeError, type WeirError } from './errors.js';
import type { DocumentLink } from './link.js';
import type { Delta } from './wire/events.js';

/** Of a relay that has not said yet how much it takes. */
const payloadBytesMaxUnknown = 1024 * 1024;
const codecMax = 2 ** 32 - 1;

export class Admission {
  readonly #link: Pick<DocumentLink<never>, 'welcome' | 'outboxBytesMax'>;
  readonly #document: string;
  /** What can be sealed; null: deltas go as they are. */
  readonly #sealer: { readonly deltaBytesMax: number } | null;

  constructor(
    link: Pick<DocumentLink<never>, 'welcome' | 'outboxBytesMax'>,
    document: string,
    sealer: { readonly deltaBytesMax: number } | null,
  ) {
    this.#link = link;
    this.#document = document;
    this.#sealer = sealer;
  }

  /** Of one delta, as it goes over the wire. */
  get payloadBytesMax(): number {
    return this.#link.welcome?.payloadBytesMax || payloadBytesMaxUnknown;
  }

  /** Why this one may not join those that wait; null: it may. */
  refusal({ codec, payload }: Delta, waitingBytes: number): WeirError | null {
    const document = this.#document;
    if (!Number.isInteger(codec) || codec < 0 || codec > codecMax || (codec > 1 && codec < 16)) {
      const what = codec === 2 ? 'codec 2 is sealed: subscribe with `encryption`, or' : `${codec} is not a codec;`;
      return new CodecError(`${document}: ${what} use 0, 1, or 16 and above`, { code: Code.invalidArgument, document });
    }
    const room = Math.min(this.payloadBytesMax, this.#sealer?.deltaBytesMax ?? Infinity);
    if (payload.length > room) return this.tooLarge(payload.length);
    const { outboxBytesMax } = this.#link;
    if (waitingBytes + payload.length <= outboxBytesMax) return null;
    return new OutboxFullError(
      `${document}: ${waitingBytes} bytes wait, ${outboxBytesMax} may; publish again after whenStored()`,
      { code: Code.resourceExhausted, document },
    );
  }

  tooLarge(bytes: number): WeirError {
    const message = `${this.#document}: a delta of ${bytes} bytes; this relay takes ${this.payloadBytesMax}, publish smaller ones`;
    return new PayloadTooLargeError(message, { code: Code.invalidArgument, document: this.#document });
  }
}
