// The rules of publishing to one document (docs/protocol.md):
//
//  - the relay's last stored sequence trims the outbox, the rest is sent again, the same bytes under the same sequences;
//  - lost history: once all that is left was read, the application's state goes as a base, then the outbox;
//  - a refused publish: wait until every frame on the wire was answered, then send again what was not stored.
//
// Internal: document-logic.ts drives it.

import type { PublishOptions, StateOffer, StoredResult } from './document.js';
import type { DurableDocument, Progress } from './durable.js';
import {
  Code,
  CodecError,
  MarkLostError,
  OutboxFullError,
  PayloadTooLargeError,
  Reason,
  StateError,
  type WeirError,
} from './errors.js';
import type { KeptDocument, RestoredDelta, Sealer, Sealing } from './guard.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import { Outbox, type OutboxEntry } from './outbox.js';
import { backoffMs, type Timer } from './runtime.js';
import type { Author } from './store/store.js';
import { abortable, Waiters, type WaitOptions } from './waiters.js';
import { PlainWriting, type PlainOwner } from './without-key.js';
import type { Delta, ErrorEvent, Subscribed } from './wire/events.js';

const frameDeltasMax = 1000;
const framePayloadBytesMax = 256 * 1024;
const payloadBytesMaxUnknown = 1024 * 1024;
const codecMax = 2 ** 32 - 1;

/** What publishing needs of its document. */
export interface PublisherOwner extends PlainOwner {
  handle(): number;
  readonly history: History;
  readonly state: (() => StateOffer | Promise<StateOffer>) | undefined;
  /** Null: deltas go as they are. */
  readonly seals: Sealing | null;
  sent(sequence: number, payload: Uint8Array): void;
  stored(): void;
  failed(error: WeirError): void;
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
  readonly #whenStored = new Waiters();
  #everStored = false;
  #storedThrough = 0; // the mark this producer was told of in this epoch
  #storedOffset = 0;
  #baseSequence = 0;
  #stateWanted = false;
  #halted = false;
  #resendFrom: number | null = null;
  #resendAt = 0;
  #resendTimer: Timer | null = null;
  #failures = 0;
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
    this.#plain = this.#sealer === null ? new PlainWriting(owner) : null;
    this.#outbox = new Outbox(this.#sealer ?? durable);
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
      stateWanted: this.#stateWanted,
      encrypted: this.#plain === null || this.#plain.withheld !== null,
    };
  }

  /** Goes on where an earlier life of this client was; under another producer when `renumber` says so. */
  restore({ place, outbox, records }: KeptDocument, renumber: boolean): void {
    this.#storedThrough = place?.storedThrough ?? 0;
    this.#storedOffset = place?.storedOffset ?? 0;
    this.#everStored = place?.everStored ?? false;
    this.#stateWanted = place?.stateWanted === true && this.#owner.state !== undefined;
    if (place?.encrypted === true && this.#plain?.withhold() === true) this.#withhold();
    else this.saw([...records, ...outbox]);
    const waiting = outbox.filter(({ sequence }) => sequence > this.#storedThrough);
    const restored = (delta: RestoredDelta): OutboxEntry => this.#restored(delta);
    const entries = waiting.map((delta) => this.#sealer?.restored(delta, restored) ?? restored(delta));
    this.#outbox.restore(entries, (waiting.at(-1)?.sequence ?? this.#storedThrough) + 1);
    if (renumber) this.producerReplaced(place?.offset ?? 0);
    this.#link.wantFlush();
  }

  #restored(delta: RestoredDelta): OutboxEntry {
    const { author } = delta;
    const answer = (offset: number, error: WeirError | null): void => {
      if (author !== null) this.#durable?.onanswer?.(author, offset, error);
      if (error !== null) this.#owner.failed(error);
    };
    const stored = (offset: number): void => answer(offset, null);
    const failed = (error: WeirError): void => answer(0, error);
    return { ...entry(delta.codec, delta.payload, stored, failed), ...delta, sent: true };
  }

  /** How many of a tab's first `given` deltas the relay has. */
  storedOf(tab: string, given: number): number {
    const first = this.#outbox.waiting.find(({ author }) => author?.tab === tab);
    return first?.author ? first.author.number - (first.count ?? 1) : given;
  }

  publish(payload: Uint8Array, options: PublishOptions, author: Author | null): Promise<StoredResult> {
    const promise = new Promise<StoredResult>((resolve, reject) => {
      const codec = options.codec ?? 0;
      const refusal = this.#refusal(payload, codec);
      if (refusal !== null) return reject(refusal);
      const stored = (offset: number): void => resolve({ offset });
      if (this.#sealer !== null) return this.#sealer.add({ codec, payload }, author, stored, reject);
      const added = entry(codec, payload, stored, reject);
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
    if (this.#plain?.saw(deltas) === true) this.#withhold();
  }

  #withhold(): void {
    const error = this.withheld!;
    this.#owner.failed(error);
    if (this.#outbox.length > 0) this.#whenStored.reject(error);
  }

  // ---- the connection's course ----

  connected(): void {
    this.#halted = false;
  }

  disconnected(): void {
    this.#outbox.disconnected();
    this.#resendTimer?.cancel();
    this.#resendTimer = null;
    this.#resendFrom = null;
    this.#resendAt = 0;
  }

  /**
   * The client goes on under another producer, having read up to this offset. What was stored behind it only the old
   * producer's mark could show to be lost, and that nobody asks for any more: so the state is offered.
   */
  producerReplaced(readThrough: number): void {
    if (this.#storedOffset > readThrough) this.#stateWanted = this.#owner.state !== undefined;
    this.#forgetMark();
    this.#outbox.restart();
  }

  /** Gives up what waits, for ever. */
  end(error: WeirError): void {
    this.#overWith = error;
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
        this.#stateWanted = this.#owner.state !== undefined;
      }
      this.#outbox.reopen(event.lastSequence, lost);
      return true;
    }
    if (forgotten) {
      this.#stateWanted = this.#owner.state !== undefined;
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
    if (this.#stateWanted) this.#askState();
  }

  stored(throughSequence: number, offset: number): void {
    const before = this.#outbox.length;
    this.#outbox.stored(throughSequence, offset);
    this.#failures = 0;
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
    if (transient) return this.#resend(this.#outbox.firstSequence, this.delayMs(event));
    if (event.code === Code.permissionDenied || event.code === Code.unauthenticated) this.#halted = true;
    else {
      this.#outbox.clear(error);
      this.#checkStored();
    }
  }

  /** Sends one frame of deltas, if it may go now. False when there is nothing more to send. */
  flush(budgetBytes: number, wireIdle: boolean): boolean {
    if (this.#sealer !== null) this.#outbox.begin(); // only what has a number can be sealed
    if (!this.maySend || this.#stateWanted || this.#halted || this.#resendFrom !== null) return false;
    const next = this.#outbox.next;
    if (next === undefined || (next.bytes > budgetBytes && !wireIdle)) return false;
    if (next.bytes > this.#payloadBytesMax && !next.sent) {
      this.#outbox.refuseNext(this.#tooLarge(next.bytes));
      this.#checkStored();
      return true;
    }
    const frameBytesMax = this.#link.welcome?.frameBytesMax || Infinity;
    return this.#sendFrame(Math.min(framePayloadBytesMax, frameBytesMax / 2, budgetBytes));
  }

  /** How long to wait before trying again: what the relay says, or longer with each failure. */
  delayMs(event: ErrorEvent): number {
    if (event.retryAfterMs > 0) return event.retryAfterMs;
    return 50 + backoffMs(this.#failures++, this.#link.runtime.random(), 250, 30_000);
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
    this.#resendFrom = from;
    this.#resendAt = Math.max(this.#resendAt, this.#link.runtime.now() + delayMs);
    this.#resendWhenAnswered();
  }

  /** What is still on the wire is answered first: each frame behind a refused one is refused too. */
  #resendWhenAnswered(): void {
    if (this.#resendFrom === null || this.#outbox.inFlight || this.#resendTimer !== null) return;
    const delayMs = Math.max(0, this.#resendAt - this.#link.runtime.now());
    this.#resendTimer = this.#link.runtime.after(delayMs, () => {
      const from = this.#resendFrom ?? 0;
      this.#resendTimer = null;
      this.#resendFrom = null;
      this.#resendAt = 0;
      if (this.#outbox.rewind(from)) this.#link.wantFlush();
      else this.#cannotGoOn(`the relay expects sequence ${from}, which is not here any more`);
    });
  }

  #forgetMark(): void {
    this.#storedThrough = 0;
    this.#storedOffset = 0;
  }

  #cannotGoOn(why: string): void {
    const message = `${this.#owner.path}: ${why}; going on under a new producer id`;
    this.#link.replaceProducer(new MarkLostError(message, { code: Code.outOfRange, document: this.#owner.path }));
  }

  #askState(): void {
    const failed = (cause: unknown): void => {
      const message = `${this.#owner.path}: the application could not give its state`;
      this.#owner.failed(new StateError(message, { code: Code.unknown, document: this.#owner.path, cause }));
      this.#offer(null);
    };
    try {
      const answer = this.#owner.state?.() ?? null;
      if (answer instanceof Promise) answer.then((state) => this.#offer(state), failed);
      else this.#offer(answer);
    } catch (cause) {
      failed(cause);
    }
  }

  #offer(state: StateOffer): void {
    if (!this.#stateWanted || this.#overWith !== null) return;
    const pieces = state === null ? [] : Array.isArray(state) ? state : [state];
    const failed = (error: WeirError): void => this.#owner.failed(error);
    const offered = (piece: Uint8Array): OutboxEntry => entry(0, piece, () => undefined, failed, true);
    const offer = (entries: OutboxEntry[]): void => {
      if (!this.#stateWanted || this.#overWith !== null) return;
      this.#stateWanted = false;
      this.#outbox.offer(entries);
      this.#link.wantFlush();
    };
    if (this.#sealer === null) offer(pieces.map(offered));
    else void this.#sealer.offered(pieces, offered).then(offer);
  }

  // ---- what is refused at once ----

  get #payloadBytesMax(): number {
    return this.#link.welcome?.payloadBytesMax || payloadBytesMaxUnknown;
  }

  #refusal(payload: Uint8Array, codec: number): WeirError | null {
    if (this.#overWith !== null) return this.#overWith;
    const document = this.#owner.path;
    if (!Number.isInteger(codec) || codec < 0 || codec > codecMax || (codec > 1 && codec < 16)) {
      const what = codec === 2 ? 'codec 2 is sealed: subscribe with `encryption`, or' : `${codec} is not a codec;`;
      return new CodecError(`${document}: ${what} use 0, 1, or 16 and above`, { code: Code.invalidArgument, document });
    }
    const room = Math.min(this.#payloadBytesMax, this.#sealer?.deltaBytesMax ?? Infinity);
    if (payload.length > room) return this.#tooLarge(payload.length);
    const { outboxBytesMax } = this.#link;
    if (this.#outbox.bytes + payload.length <= outboxBytesMax) return null;
    return new OutboxFullError(
      `${document}: ${this.#outbox.bytes} bytes wait, ${outboxBytesMax} may; publish again after whenStored()`,
      { code: Code.resourceExhausted, document },
    );
  }

  #tooLarge(bytes: number): WeirError {
    const message = `${this.#owner.path}: a delta of ${bytes} bytes; this relay takes ${this.#payloadBytesMax}, publish smaller ones`;
    return new PayloadTooLargeError(message, { code: Code.invalidArgument, document: this.#owner.path });
  }
}

const replacingReasons: number[] = [Reason.resendDiffers, Reason.notComparable, Reason.producerOwned];

const transientCodes: number[] = [
  Code.resourceExhausted,
  Code.unavailable,
  Code.internal,
  Code.aborted,
  Code.cancelled,
  Code.unknown,
];

/** Worth trying again as it is. */
export function isTransient(code: number): boolean {
  return transientCodes.includes(code);
}

function entry(
  codec: number,
  payload: Uint8Array,
  stored: (offset: number) => void,
  failed: (error: WeirError) => void,
  offered = false,
): OutboxEntry {
  const numbers = { sequence: 0, base: false, refused: false, sent: false, writes: 0 };
  return { codec, payload, ...numbers, bytes: payload.length, offered, author: null, stored, failed };
}
