// What a reader checks of the records it is sent, and what is wrong with them by name (docs/encryption.md, "What a reader
// checks"). Alone it needs no key and sees sequences; with what was sealed, also which history its authors have seen.

import { Code, type WeirError } from '../errors.js';
import type { DocumentGuard, GuardOwner } from '../guard.js';
import type { DocumentLink } from '../link.js';
import type { ServerEvent, WireRecord } from '../wire/events.js';
import type { OpenedRecord } from './cipher.js';
import { ForkedError, MissingRecordsError, ReplayedError, UnknownKeyError } from './errors.js';
import { Sequences } from './sequences.js';
import { Views } from './views.js';

type NamedError = new (message: string, details: { code: number; document: string }) => WeirError;

export class OrderGuard implements DocumentGuard {
  readonly seals = null;
  readonly views = new Views();
  readonly #link: Pick<DocumentLink<never>, 'producer'>;
  readonly #owner: GuardOwner;
  readonly #sequences = new Sequences();
  #epoch = 0n;
  /** Where reading began: what is before it is not known here. */
  #begin = 0;

  constructor(link: Pick<DocumentLink<never>, 'producer'>, owner: GuardOwner) {
    this.#link = link;
    this.#owner = owner;
    owner.history.watch = {
      followed: (offset, chain) => this.views.followed(offset, chain),
      moved: () => this.#moved(),
    };
    this.#moved();
  }

  receive(event: ServerEvent): void {
    this.#owner.take(event);
  }
  frameEnd(): void {
    this.#owner.handOver();
  }
  drop(): void {
    // Nothing waits here.
  }

  look(record: WireRecord): WeirError | null {
    const { offset, producer, sequence } = record;
    const missing = this.#reached(offset - 1);
    if (missing !== null) return missing;
    const opened = record.opened as OpenedRecord | undefined;
    if (opened?.error instanceof UnknownKeyError) return opened.error;
    const fault = this.#sequences.next(producer, sequence, this.#opens(record, opened));
    if (fault === 'replayed')
      return this.#error(ReplayedError, `the relay sent a record again: sequence ${sequence} of a producer, at offset ${offset}`);
    if (fault === 'missing')
      return this.#error(MissingRecordsError, `the relay left out what comes before sequence ${sequence} of a producer, at offset ${offset}`);
    const seen = opened?.seen ?? null;
    if (seen !== null && seen.epoch === this.#epoch && this.views.contradicts(seen, offset))
      return this.#error(ForkedError, `the author of the record at offset ${offset} was shown another history up to ${seen.offset}`);
    this.views.trim(offset);
    return null;
  }

  /** Everything up to here was read. */
  #reached(offset: number): WeirError | null {
    const { storedThrough, storedOffset } = this.#owner.publisher.progress;
    if (storedOffset <= this.#begin || storedOffset > offset) return null;
    if (this.#sequences.lastOf(this.#link.producer) >= storedThrough) return null;
    return this.#error(MissingRecordsError, `the relay stored sequence ${storedThrough} of this client, and does not send it`);
  }

  caughtUp(offset: number): WeirError | null {
    this.#sequences.caughtUp(true);
    return this.#reached(offset);
  }

  /** May it skip ahead? Null where nobody says. */
  #opens({ payload, sequence }: WireRecord, opened: OpenedRecord | undefined): boolean | null {
    if (payload === null) return sequence === this.#owner.publisher.baseSequence; // one's own
    return opened === undefined || opened.error !== null ? null : opened.base;
  }

  #moved(): void {
    const { epoch, offset, cursor } = this.#owner.history;
    if (epoch !== this.#epoch) this.#sequences.caughtUp(false);
    this.#epoch = epoch;
    this.#begin = offset;
    this.#sequences.restart();
    this.views.restart(offset, cursor?.chain ?? null);
  }

  #error(Named: NamedError, what: string): WeirError {
    const document = `${this.#owner.space}/${this.#owner.document}`;
    const todo = 'the document was closed before it; its cursor stands there';
    return new Named(`${document}: ${what}; ${todo}`, { code: Code.dataLoss, document });
  }
}
