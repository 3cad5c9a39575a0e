// The rules of publishing to one document (docs/protocol.md):
//
//  - the relay's last stored sequence trims the outbox, the rest is sent again, the same bytes under the same sequences;
//  - lost history: once all that is left was read, the application's state goes as a base (state-offering.ts), then the outbox;
//  - a refused publish: wait until every frame on the wire was answered, then send again what was not stored (resending.ts).
//
// On its way a delta is admitted (admission.ts), waits in the outbox (outbox.ts), where it is sealed and kept if that is asked
// for, goes out in a frame, and leaves when the relay has stored it.
//
// Internal: document-logic.ts drives it.

import { Admission } from './admission.js';
import type { PublishOptions, StoredResult } from './document.js';
import type { DurableDocument, Progress } from './durable.js';
import { Code, MarkLostError, Reason, type WeirError } from './errors.js';
import type { KeptDocument, RestoredDelta, Sealer, Sealing } from './guard.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import { Outbox } from './outbox.js';
import { newEntry, restoredEntry, type OutboxEntry } from './outbox-entry.js';
import { Resending } from './resending.js';
import { isTransient, RetryDelay } from './retry.js';
import { StateOffering, type StateOfferingOwner } from './state-offering.js';
import type { Author } from './store/store.js';
import { abortable, Waiters, type WaitOptions } from './waiters.js';
import { PlainWriting, type PlainOwner } from './without-key.js';
import type { Delta, ErrorEvent, Subscribed } from './wire/events.js';

const frameDeltasMax = 1000;
const framePayloadBytesMax = 256 * 1024;

/** What publishing needs of its document. */
export interface PublisherOwner extends PlainOwner, StateOfferingOwner {
  handle(): number;
  readonly history: History;
  /** Null: deltas go as they are. */
  readonly seals: Sealing | null;
  sent(sequence: number, payload: Uint8Array): void;
  stored(): void;
  resubscribe(): void;
}

export class Publisher {
  readonly #link: Omit<DocumentLink<never>, 'request' | 'forget'>;
  readonly #owner: PublisherOwner;
  readonly #outbox: Outbox;
  readonly #durable: DurableDocument | null;
  readonly #sealer: Sealer | null;
  /** Null: what goes is sealed. */
  readonly #plain: PlainWriting | null;
  readonly #admission: Admission;
  readonly #resending: Resending;
  readonly #delay: RetryDelay;
  readonly #state: StateOffering;
  readonly #whenStored = new Waiters();
  #everStored = false;
  #storedThrough = 0; // the mark this producer was told of in this epoch
  #storedOffset = 0;
  #baseSequence = 0;
  /** Writing is not allowed: asked again on the next connection. */
  #halted = false;
  #overWith: WeirError | null = null;

  constructor(
    link: Omit<DocumentLink<never>, 'request' | 'forget'>,
    owner: PublisherOwner,
    durable: DurableDocument | null,
  ) {
    this.#link = link;
    this.#owner = owner;
    this.#durable = durable;
    this.#sealer = owner.seals?.sealer(durable, () => this.#outbox) ?? null;
    this.#plain = this.#sealer === null ? new PlainWriting(owner, (error) => this.#withhold(error)) : null;
    this.#outbox = new Outbox(this.#sealer ?? durable);
    this.#admission = new Admission(link, owner.path, this.#sealer);
    this.#delay = new RetryDelay(link.runtime);
    this.#resending = new Resending(link.runtime, (from) => this.#sendAgain(from));
    this.#state = new StateOffering(owner, this.#sealer, (entries) => {
      this.#outbox.offer(entries);
      link.wantFlush();
    });
  }

  get pendingCount(): number {
    return this.#outbox.length + (this.#sealer?.gathered ?? 0);
  }
  get inFlightBytes(): number {
    return this.#outbox.inFlightBytes;
  }
  get inFlight(): boolean {
    return this.#outbox.inFlight;
  }
  /** Something of this client was durable in the epoch it knows: it would be missed. */
  get everStored(): boolean {
    return this.#everStored;
  }

  /** With which the count of this producer began anew; 0: it did not. */
  get baseSequence(): number {
    return this.#baseSequence;
  }

  /** Of this producer in this epoch, for the store. */
  get progress(): Progress {
    return {
      storedThrough: this.#storedThrough,
      storedOffset: this.#storedOffset,
      everStored: this.#everStored,
      stateWanted: this.#state.wanted,
      encrypted: this.#plain === null || this.#plain.withheld !== null,
    };
  }

  /** Goes on where an earlier life of this client was; under another producer when `renumber` says so. */
  restore({ place, outbox, records }: KeptDocument, renumber: boolean): void {
    this.#storedThrough = place?.storedThrough ?? 0;
    this.#storedOffset = place?.storedOffset ?? 0;
    this.#everStored = place?.everStored ?? false;
    if (place?.stateWanted === true) this.#state.want();
    if (place?.encrypted === true) this.#plain?.withhold();
    else this.saw([...records, ...outbox]);
    const waiting = outbox.filter(({ sequence }) => sequence > this.#storedThrough);
    const restored = (delta: RestoredDelta): OutboxEntry =>
      restoredEntry(delta, (offset, error) => this.#answer(delta.author, offset, error));
    const entries = waiting.map((delta) => this.#sealer?.restored(delta, restored) ?? restored(delta));
    this.#outbox.restore(entries, (waiting.at(-1)?.sequence ?? this.#storedThrough) + 1);
    if (renumber) this.producerReplaced(place?.offset ?? 0);
    this.#link.wantFlush();
  }

  /** What became of a delta of an earlier life. */
  #answer(author: Author | null, offset: number, error: WeirError | null): void {
    if (author !== null) this.#durable?.onanswer?.(author, offset, error);
    if (error !== null) this.#owner.failed(error);
  }

  /** How many of a tab's first `given` deltas the relay has. */
  storedOf(tab: string, given: number): number {
    const first = this.#outbox.waiting.find(({ author }) => author?.tab === tab);
    return first?.author ? first.author.number - (first.count ?? 1) : given;
  }

  publish(payload: Uint8Array, options: PublishOptions, author: Author | null): Promise<StoredResult> {
    const promise = new Promise<StoredResult>((resolve, reject) => {
      const delta = { codec: options.codec ?? 0, payload };
      const refusal = this.#overWith ?? this.#admission.refusal(delta, this.#outbox.bytes);
      if (refusal !== null) return reject(refusal);
      const stored = (offset: number): void => resolve({ offset });
      if (this.#sealer !== null) return this.#sealer.add(delta, author, stored, reject);
      const added = newEntry(delta, stored, reject);
      added.author = author;
      this.#outbox.add(added);
    });
    promise.catch(() => undefined); // an application that does not await it hears of it by `error`
    this.#link.wantFlush();
    return abortable(promise, options.signal);
  }

  whenStored(options?: WaitOptions): Promise<void> {
    const nothing = this.#outbox.length === 0;
    return this.#whenStored.wait(nothing, this.#overWith ?? (nothing ? null : this.withheld), options);
  }

  /** Why nothing that is written here is sent: it would go in plain. Null: it is, or will be. */
  get withheld(): WeirError | null {
    return this.#plain?.withheld ?? null;
  }

  /** Deltas may be sent, and presence. */
  get maySend(): boolean {
    return this.#plain?.allowed !== false;
  }

  /** These were read. */
  saw(deltas: readonly Pick<Delta, 'codec'>[]): void {
    this.#plain?.saw(deltas);
  }

  #withhold(error: WeirError): void {
    this.#owner.failed(error);
    if (this.#outbox.length > 0) this.#whenStored.reject(error);
  }

  // ---- the connection's course ----

  connected(): void {
    this.#halted = false;
  }

  disconnected(): void {
    this.#outbox.disconnected();
    this.#resending.cancel();
  }

  /**
   * The client goes on under another producer, having read up to this offset. What was stored behind it only the old
   * producer's mark could show to be lost, and that nobody asks for any more: so the state is offered.
   */
  producerReplaced(readThrough: number): void {
    if (this.#storedOffset > readThrough) this.#state.want();
    this.#forgetMark();
    this.#outbox.restart();
  }

  /** Gives up what waits, for ever. */
  end(error: WeirError): void {
    this.#overWith = error;
    this.#state.end();
    this.disconnected();
    this.#outbox.clear(error);
    this.#whenStored.reject(error);
  }

  /** Brings the outbox in line with what the relay has. False when this producer cannot go on. */
  resume(event: Subscribed, lost: boolean, changed: boolean): boolean {
    this.disconnected();
    this.#plain?.subscribed(event);
    const forgotten = event.lastSequence < this.#storedThrough;
    if (lost || changed) {
      this.#forgetMark();
      if (lost) {
        this.#everStored = false;
        this.#state.want();
      }
      this.#outbox.reopen(event.lastSequence, lost);
      return true;
    }
    if (forgotten) {
      this.#state.want();
      this.#cannotGoOn('the relay no longer has what it had stored of this producer');
      return false;
    }
    // What the relay has up to this sequence may be another device's, cloned from this one: only a resend, which is
    // compared byte for byte, shows that it is ours.
    this.#outbox.continueAfter(event.lastSequence);
    this.#sealer?.regather(event.lastSequence);
    const oldest = this.#outbox.oldest;
    if (oldest === undefined || oldest.base || oldest.sequence <= event.lastSequence + 1) return true;
    this.#cannotGoOn("the relay no longer knows this producer's last delta");
    return false;
  }

  /** Everything the relay has was delivered. */
  reachedHead(): void {
    this.#plain?.caughtUp();
    this.#link.wantFlush();
    this.#state.ask();
  }

  stored(throughSequence: number, offset: number): void {
    const before = this.#outbox.length;
    this.#outbox.stored(throughSequence, offset);
    this.#delay.reset();
    this.#storedThrough = Math.max(this.#storedThrough, throughSequence);
    this.#storedOffset = Math.max(this.#storedOffset, offset);
    if (this.#outbox.length < before) {
      this.#everStored = true;
      this.#durable?.stored(throughSequence, this.#owner.willRead);
      this.#owner.stored();
      this.#checkStored();
    }
    this.#resendWhenAnswered();
    this.#link.wantFlush();
  }

  /** A publish was not stored, or something else about this document failed. */
  refused(event: ErrorEvent, error: WeirError): void {
    const base = this.#outbox.oldest?.base === true;
    const transient = isTransient(event.code);
    const aboutPublish = event.throughSequence !== 0 || event.code === Code.outOfRange;
    if (aboutPublish && replacingReasons.includes(event.reason)) this.#outbox.refused(event.throughSequence);
    else if (aboutPublish) this.#outbox.answered(event.throughSequence);
    if (event.code === Code.outOfRange) return this.#resend(event.expectedSequence, 0);
    this.#owner.failed(error);
    if (event.reason === Reason.epoch || event.code === Code.notFound) return this.#owner.resubscribe();
    if (replacingReasons.includes(event.reason)) return this.#link.replaceProducer(error);
    if (!aboutPublish) return; // presence, say: told, and that is all
    if (base && (!transient || event.code === Code.aborted)) return this.#link.replaceProducer(error);
    if (transient) return this.#resend(this.#outbox.firstSequence, this.#delay.nextMs(event));
    if (event.code === Code.permissionDenied || event.code === Code.unauthenticated) this.#halted = true;
    else {
      this.#outbox.clear(error);
      this.#checkStored();
    }
  }

  /** Sends one frame of deltas, if it may go now. False when there is nothing more to send. */
  flush(budgetBytes: number, wireIdle: boolean): boolean {
    if (this.#sealer !== null) this.#outbox.begin(); // only what has a number can be sealed
    if (!this.maySend || this.#state.wanted || this.#halted || this.#resending.wanted) return false;
    const next = this.#outbox.next;
    if (next === undefined || (next.bytes > budgetBytes && !wireIdle)) return false;
    if (next.bytes > this.#admission.payloadBytesMax && !next.sent) {
      this.#outbox.refuseNext(this.#admission.tooLarge(next.bytes));
      this.#checkStored();
      return true;
    }
    const frameBytesMax = this.#link.welcome?.frameBytesMax || Infinity;
    return this.#sendFrame(Math.min(framePayloadBytesMax, frameBytesMax / 2, budgetBytes));
  }

  // ---- steps ----

  #sendFrame(payloadBytesMax: number): boolean {
    const frame = this.#outbox.nextFrame({ payloadBytesMax, deltasMax: frameDeltasMax });
    if (frame === null) return false; // it is not in the store yet
    for (const { sequence, payload } of frame.entries) this.#owner.sent(sequence, payload);
    if (frame.base) this.#baseSequence = frame.firstSequence;
    this.#link.send({
      kind: 'publish',
      document: this.#owner.handle(),
      epoch: this.#owner.history.epoch,
      firstSequence: frame.firstSequence,
      deltas: frame.entries.map(({ codec, payload }): Delta => ({ codec, payload })),
      base: frame.base,
    });
    return true;
  }

  #checkStored(): void {
    if (this.#outbox.length === 0) this.#whenStored.resolve();
  }

  #resend(from: number, delayMs: number): void {
    this.#resending.want(from, delayMs);
    this.#resendWhenAnswered();
  }

  #resendWhenAnswered(): void {
    if (!this.#outbox.inFlight) this.#resending.allAnswered();
  }

  #sendAgain(from: number): void {
    if (this.#outbox.rewind(from)) this.#link.wantFlush();
    else this.#cannotGoOn(`the relay expects sequence ${from}, which is not here any more`);
  }

  #forgetMark(): void {
    this.#storedThrough = 0;
    this.#storedOffset = 0;
  }

  #cannotGoOn(why: string): void {
    const message = `${this.#owner.path}: ${why}; going on under a new producer id`;
    this.#link.replaceProducer(new MarkLostError(message, { code: Code.outOfRange, document: this.#owner.path }));
  }
}

const replacingReasons: number[] = [Reason.resendDiffers, Reason.notComparable, Reason.producerOwned];
