// What a reader checks of the records it is sent, and what is wrong with them by name (docs/encryption.md, "What a reader
// checks"). Alone it needs no key and sees sequences; with what was sealed, also which history its authors have seen.

import { Code, MarkLostError, type WeirError } from '../errors.js';
import type { DocumentGuard, GuardOwner } from '../guard.js';
import type { DocumentLink } from '../link.js';
import type { ServerEvent, WireRecord } from '../wire/events.js';
import type { OpenedRecord } from './cipher.js';
import { ForkedError, MissingRecordsError, ReplayedError, UnknownKeyError } from './errors.js';
import { Sequences } from './sequences.js';
import { Views } from './views.js';

type NamedError = new (message: string, details: { code: number; document: string }) => WeirError;

/** Documents in which a client of this process has given numbers, by producer. */
const written = new WeakMap<Uint8Array, Set<string>>();

type Link = Pick<DocumentLink<never>, 'producer' | 'producerGiven' | 'writer' | 'replaceProducer'>;

export class OrderGuard implements DocumentGuard {
  readonly seals = null;
  readonly views = new Views();
  readonly #link: Link;
  readonly #owner: GuardOwner;
  readonly #sequences = new Sequences();
  #epoch = 0n;
  /** Which numbers this producer has given here before, nobody knows. */
  #numbersUnknown: boolean;
  /** The relay has forgotten what it had acknowledged, and another producer is about to be taken: it is not waited for. */
  #ownLost = false;
  /** Where reading began: what is before it is not known here. */
  #begin = 0;

  constructor(link: Link, owner: GuardOwner) {
    this.#link = link;
    this.#owner = owner;
    const before = written.get(link.producer)?.has(this.#path) ?? false;
    this.#numbersUnknown = link.writer === null && (link.producerGiven || before);
    owner.history.watch = {
      followed: (offset, chain) => this.views.followed(offset, chain),
      moved: () => this.#moved(),
    };
    this.#moved();
  }

  receive(event: ServerEvent): void {
    this.#owner.take(event);
    this.heard(event);
  }

  /** A number is given. */
  writes(): void {
    const { producer } = this.#link;
    const documents = written.get(producer) ?? new Set();
    written.set(producer, documents.add(this.#path));
  }

  /** An older part of the log may have the numbers that would be given now: readers would take them for records sent again. */
  heard(event: ServerEvent): void {
    if (event.kind === 'stored') this.writes();
    if (event.kind !== 'subscribed') return;
    this.#ownLost = event.lastSequence < this.#owner.publisher.progress.storedThrough;
    const unknown = this.#numbersUnknown && event.lastSequence === 0 && event.head > 0;
    this.#numbersUnknown = false;
    if (!unknown) return;
    const what = 'this producer id may have written here before, and its numbers are not known; going on under a new one';
    this.#link.replaceProducer(new MarkLostError(`${this.#path}: ${what}`, { code: Code.outOfRange, document: this.#path }));
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
    if (this.#ownLost || storedOffset <= this.#begin || storedOffset > offset) return null;
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

  get #path(): string {
    return `${this.#owner.space}/${this.#owner.document}`;
  }

  #error(Named: NamedError, what: string): WeirError {
    const document = this.#path;
    const todo = 'the document was closed before it; its cursor stands there';
    return new Named(`${document}: ${what}; ${todo}`, { code: Code.dataLoss, document });
  }
}
