// The rules of one document (docs/protocol.md), between the client's connection and the application:
//
//  - subscribe on every connection, from the cursor; the relay's last stored sequence trims the outbox, the rest is
//    sent again, the same bytes under the same sequences;
//  - lost history: read all that is left, ask the application for its state, publish that as a base, then the outbox;
//  - a refused publish: wait until every frame on the wire was answered, then send again what was not stored;
//  - deleted: never offer it again.
//
// Internal: applications see the DocumentSession interface.

import { equalBytes } from './bytes.js';
import type { DocumentEvents, DocumentSession, PublishOptions, StoredResult, SubscribeOptions, WeirRecord } from './document.js';
import { Emitter } from './emitter.js';
import { ClosedError, Code, DocumentDeletedError, errorFromAnswer, OutboxFullError, PayloadTooLargeError, Reason, WeirError } from './errors.js';
import { History } from './history.js';
import { Outbox, type OutboxEntry } from './outbox.js';
import { PresenceSet, type Presence } from './presence.js';
import { backoffMs, type Runtime, type Timer } from './runtime.js';
import { Waiters } from './waiters.js';
import { From, type ClientEvent, type Cursor, type Delta, type ErrorEvent, type ServerEvent, type Subscribed, type Welcome } from './wire/events.js';

const frameDeltasMax = 1000;
const framePayloadBytesMax = 256 * 1024;
const payloadBytesMaxUnknown = 1024 * 1024;
const codecMax = 2 ** 32 - 1;

/** What a document needs of its client. */
export interface DocumentLink {
  readonly runtime: Runtime;
  readonly producer: Uint8Array;
  readonly outboxBytesMax: number;
  /** Null while there is no connection. */
  readonly welcome: Welcome | null;
  send(event: ClientEvent): void;
  /** Sends the subscribe under a fresh request number; its answer comes back to this document. */
  request(document: DocumentLogic, event: Omit<Extract<ClientEvent, { kind: 'subscribe' }>, 'request'>): void;
  /** Calls flush() soon. */
  wantFlush(): void;
  /** This producer cannot go on: take another. */
  replaceProducer(cause: WeirError): void;
  fenced(cause: WeirError): void;
  forget(document: DocumentLogic): void;
}

type Phase = 'offline' | 'subscribing' | 'open' | 'over';

export class DocumentLogic extends Emitter<DocumentEvents> implements DocumentSession {
  readonly space: string;
  readonly document: string;
  readonly #link: DocumentLink;
  readonly #options: SubscribeOptions;
  readonly #outbox = new Outbox();
  readonly #history: History;
  readonly #others = new PresenceSet();
  readonly #whenStored = new Waiters();
  readonly #whenCaughtUp = new Waiters();
  #phase: Phase = 'offline';
  #handle = 0;
  #caughtUp = false;
  #recreate: boolean;
  #everStored = false;
  #stateWanted = false;
  #halted = false;
  #resendFrom: number | null = null;
  #resendAt = 0;
  #retryTimer: Timer | null = null;
  #failures = 0;
  #presence: Uint8Array | null = null;
  #presenceChanged = false;
  #delivery: WeirRecord[] = [];
  #overWith: WeirError | null = null;

  constructor(link: DocumentLink, space: string, document: string, options: SubscribeOptions) {
    super();
    this.#link = link;
    this.space = space;
    this.document = document;
    this.#options = options;
    this.#recreate = options.recreate ?? false;
    this.#history = new History(space, document, typeof options.from === 'object' ? options.from : null);
  }

  // ---- for the application ----

  get pendingCount(): number {
    return this.#outbox.length;
  }
  get caughtUp(): boolean {
    return this.#caughtUp;
  }
  get cursor(): Cursor | null {
    return this.#history.cursor;
  }
  get presence(): ReadonlyMap<string, Presence> {
    return this.#others.all;
  }
  get path(): string {
    return `${this.space}/${this.document}`;
  }

  publish(payload: Uint8Array, options: PublishOptions = {}): Promise<StoredResult> {
    const promise = new Promise<StoredResult>((resolve, reject) => {
      const codec = options.codec ?? 0;
      const refusal = this.#refusal(payload, codec);
      if (refusal !== null) return reject(refusal);
      this.#outbox.add(entry(codec, payload, (offset) => resolve({ offset }), reject));
    });
    promise.catch(() => undefined); // an application that does not await it hears of it by `error`
    this.#link.wantFlush();
    return promise;
  }

  whenStored(): Promise<void> {
    return this.#whenStored.wait(this.#outbox.length === 0, this.#overWith);
  }

  whenCaughtUp(): Promise<void> {
    return this.#whenCaughtUp.wait(this.#caughtUp, this.#overWith);
  }

  setPresence(data: Uint8Array): void {
    this.#presence = data.length === 0 ? null : data;
    this.#presenceChanged = true;
    this.#link.wantFlush();
  }

  withdrawPresence(): void {
    this.setPresence(new Uint8Array(0));
    this.#sendPresence(); // at once: the page may be on its way out
  }

  close(): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'open') this.#link.send({ kind: 'unsubscribe', document: this.#handle });
    this.end(new ClosedError(`${this.path} was closed; open it again with subscribe()`, this.path), false);
  }

  // ---- for the client ----

  /** The relay's number for this document on this connection; 0 for none. */
  get handle(): number {
    return this.#handle;
  }
  get inFlightBytes(): number {
    return this.#outbox.inFlightBytes;
  }
  get inFlight(): boolean {
    return this.#outbox.inFlight;
  }

  connected(): void {
    this.#halted = false;
    this.#subscribe();
  }

  disconnected(): void {
    this.#cancelRetry();
    if (this.#phase === 'over' || this.#phase === 'offline') return;
    this.#deliver();
    this.#phase = 'offline';
    this.#handle = 0;
    this.#caughtUp = false;
    this.#outbox.disconnected();
    this.emit('disconnected');
  }

  /** The client goes on under another producer. */
  producerReplaced(): void {
    this.#outbox.restart();
    this.#history.forgetPublished();
  }

  /** For ever: deleted, fenced, or closed. */
  end(error: WeirError, tell = true): void {
    if (this.#phase === 'over') return;
    this.#deliver();
    this.#phase = 'over';
    this.#overWith = error;
    this.#handle = 0;
    this.#caughtUp = false;
    this.#cancelRetry();
    this.#outbox.clear(error);
    this.#link.forget(this);
    if (tell) this.emit('error', error);
    this.#whenStored.reject(error);
    this.#whenCaughtUp.reject(error);
  }

  receive(event: ServerEvent): void {
    if (this.#phase === 'over') return;
    if (event.kind === 'records') return this.#records(event.records);
    this.#deliver();
    switch (event.kind) {
      case 'subscribed':
        return this.#subscribed(event);
      case 'caughtUp':
        return this.#reachedHead();
      case 'stored':
        return this.#stored(event.throughSequence, event.offset);
      case 'presence': {
        const change = this.#others.apply(event, this.#link.producer);
        if (change !== null) this.emit('presence', [change]);
        return;
      }
      case 'cut':
        this.#history.cut(event.offset);
        this.emit('cut', event.offset);
        return;
      case 'error':
        return event.request !== 0 ? this.#subscribeRefused(event) : this.#refused(event);
    }
  }

  frameEnd(): void {
    this.#deliver();
  }

  /** Sends presence and one frame of deltas, if they may go now. False when there is nothing more to send. */
  flush(budgetBytes: number, wireIdle: boolean): boolean {
    if (this.#phase !== 'open') return false;
    this.#sendPresence();
    if (this.#stateWanted || this.#halted || this.#resendFrom !== null) return false;
    const next = this.#outbox.next;
    if (next === undefined || (next.payload.length > budgetBytes && !wireIdle)) return false;
    if (next.payload.length > this.#payloadBytesMax && next.sequence === 0) {
      this.#outbox.refuseNext(this.#tooLarge(next.payload.length));
      this.#checkStored();
      return true;
    }
    const frameBytesMax = this.#link.welcome?.frameBytesMax || Infinity;
    this.#sendFrame(Math.min(framePayloadBytesMax, frameBytesMax / 2, budgetBytes));
    return true;
  }

  // ---- subscribing ----

  #subscribe(): void {
    this.#phase = 'subscribing';
    this.#cancelRetry();
    const live = this.#options.from === 'live';
    const cursor = live || this.#history.offset === 0 ? null : this.#history.cursor;
    this.#link.request(this, {
      kind: 'subscribe',
      space: this.space,
      document: this.document,
      from: live ? From.liveOnly : cursor === null ? From.start : From.cursor,
      cursor,
      presence: this.#options.presence ?? false,
      snapshots: false,
      recreate: this.#recreate,
    });
  }

  #subscribed(event: Subscribed): void {
    const known = this.#history.epoch;
    const changed = known !== 0n && known !== event.epoch;
    const lost = (event.lostHistory || changed) && (this.#history.offset > 0 || this.#everStored);
    const live = this.#options.from === 'live';
    const fresh = !live && (lost || event.lostHistory || changed || this.#history.offset === 0 || this.#history.cursor === null);
    this.#phase = 'open';
    this.#handle = event.document;
    this.#recreate = false; // a later deletion must not be undone by a reconnect
    this.#outbox.disconnected();
    if (live) this.#history.startLive(event.epoch, event.head);
    else if (fresh) this.#history.startOver(event.epoch);
    if (!this.#resume(event, lost, changed)) return;
    this.#presenceChanged = this.#presence !== null;
    this.emit('subscribed', { fresh, lostHistory: lost });
    const changes = this.#others.replace(event.presence, this.#link.producer);
    if (changes.length > 0) this.emit('presence', changes);
    this.#link.wantFlush();
  }

  /** Brings the outbox in line with what the relay has. False when this producer cannot go on. */
  #resume(event: Subscribed, lost: boolean, changed: boolean): boolean {
    if (lost) {
      this.#everStored = false;
      this.#stateWanted = this.#options.state !== undefined;
      this.#outbox.continueAfter(event.lastSequence);
      this.#outbox.reopen();
      return true;
    }
    if (changed) this.#outbox.restart();
    else this.#stored(event.lastSequence, event.head);
    this.#outbox.continueAfter(event.lastSequence);
    const oldest = this.#outbox.oldest;
    if (oldest === undefined || oldest.base || oldest.sequence <= event.lastSequence + 1) return true;
    this.#link.replaceProducer(
      new WeirError(`${this.path}: the relay no longer knows this producer's last delta; going on under a new id`, {
        code: Code.outOfRange,
        document: this.path,
      }),
    );
    return false;
  }

  #subscribeRefused(event: ErrorEvent): void {
    const error = this.#errorOf(event);
    if (error instanceof DocumentDeletedError) return this.end(error);
    if (event.reason === Reason.fenced) return this.#link.fenced(error);
    this.#phase = 'offline';
    this.emit('error', error);
    if (event.reason === Reason.producerOwned) this.#link.replaceProducer(error);
    else if (isTransient(event.code)) this.#retry(this.#delayMs(event), () => this.#subscribe());
    else if (event.code === Code.invalidArgument) this.end(error, false);
    // Otherwise, access is denied perhaps: asked again on the next connection, with its token.
  }

  // ---- reading ----

  #records(records: readonly Omit<WeirRecord, 'own'>[]): void {
    if (this.#phase !== 'open') return;
    for (const record of records) {
      const own = equalBytes(record.producer, this.#link.producer);
      if (this.#history.advance(record, own)) this.#delivery.push({ ...record, own });
    }
  }

  /** Records of one message are handed over together. */
  #deliver(): void {
    if (this.#delivery.length === 0) return;
    const records = this.#delivery;
    this.#delivery = [];
    this.emit('records', records);
  }

  #reachedHead(): void {
    if (this.#phase !== 'open') return;
    if (this.#stateWanted) this.#askState();
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.emit('caught-up');
    this.#whenCaughtUp.resolve();
  }

  // ---- publishing ----

  get #payloadBytesMax(): number {
    return this.#link.welcome?.payloadBytesMax || payloadBytesMaxUnknown;
  }

  #refusal(payload: Uint8Array, codec: number): WeirError | null {
    if (this.#overWith !== null) return this.#overWith;
    if (!Number.isInteger(codec) || codec < 0 || codec > codecMax)
      return new WeirError(`${codec} is not a codec; use 0, 1, or 16 and above`, { code: Code.invalidArgument, document: this.path });
    if (payload.length > this.#payloadBytesMax) return this.#tooLarge(payload.length);
    if (this.#outbox.bytes + payload.length <= this.#link.outboxBytesMax) return null;
    return new OutboxFullError(
      `${this.path}: ${this.#outbox.bytes} bytes wait to be stored, the most allowed is ${this.#link.outboxBytesMax}; publish again after whenStored()`,
      { code: Code.resourceExhausted, document: this.path },
    );
  }

  #tooLarge(bytes: number): WeirError {
    return new PayloadTooLargeError(
      `${this.path}: a delta of ${bytes} bytes is more than the ${this.#payloadBytesMax} that this relay takes; publish smaller ones`,
      { code: Code.invalidArgument, document: this.path },
    );
  }

  #sendFrame(payloadBytesMax: number): void {
    const frame = this.#outbox.nextFrame({ payloadBytesMax, deltasMax: frameDeltasMax });
    if (frame === null) return;
    for (const { sequence, payload } of frame.entries) this.#history.published(sequence, payload);
    this.#link.send({
      kind: 'publish',
      document: this.#handle,
      epoch: this.#history.epoch,
      firstSequence: frame.firstSequence,
      deltas: frame.entries.map(({ codec, payload }): Delta => ({ codec, payload })),
      base: frame.base,
    });
  }

  #stored(throughSequence: number, offset: number): void {
    const before = this.#outbox.length;
    this.#outbox.stored(throughSequence, offset);
    this.#failures = 0;
    if (this.#outbox.length < before) {
      this.#everStored = true;
      this.emit('stored', { pendingCount: this.#outbox.length });
      this.#checkStored();
    }
    this.#resendWhenAnswered();
    this.#link.wantFlush();
  }

  #checkStored(): void {
    if (this.#outbox.length === 0) this.#whenStored.resolve();
  }

  /** A publish was not stored, or something else about this document failed. */
  #refused(event: ErrorEvent): void {
    const error = this.#errorOf(event);
    if (error instanceof DocumentDeletedError) return this.end(error);
    if (event.reason === Reason.fenced) return this.#link.fenced(error);
    if (this.#phase !== 'open') return; // the coming answer to the subscription settles the outbox anew
    const base = this.#outbox.oldest?.base === true;
    const aboutPublish = event.throughSequence !== 0 || event.code === Code.outOfRange || isTransient(event.code);
    if (aboutPublish) this.#outbox.answered(event.throughSequence);
    if (event.code === Code.outOfRange) return this.#resend(event.expectedSequence, 0);
    this.emit('error', error);
    if (event.reason === Reason.epoch) {
      this.#link.send({ kind: 'unsubscribe', document: this.#handle });
      return this.#subscribe();
    }
    if (base && aboutPublish && (!isTransient(event.code) || event.code === Code.aborted)) return this.#link.replaceProducer(error);
    switch (event.reason) {
      case Reason.resendDiffers:
      case Reason.notComparable:
      case Reason.producerOwned:
        return this.#link.replaceProducer(error);
    }
    if (isTransient(event.code)) return this.#resend(this.#outbox.firstSequence, this.#delayMs(event));
    if (event.code === Code.permissionDenied || event.code === Code.unauthenticated) this.#halted = true;
    else if (event.throughSequence !== 0) {
      this.#outbox.clear(error);
      this.#checkStored();
    }
  }

  #resend(from: number, delayMs: number): void {
    this.#resendFrom = from;
    this.#resendAt = Math.max(this.#resendAt, this.#link.runtime.now() + delayMs);
    this.#resendWhenAnswered();
  }

  /** What is still on the wire is answered first: each frame behind a refused one is refused too. */
  #resendWhenAnswered(): void {
    if (this.#resendFrom === null || this.#outbox.inFlight || this.#retryTimer !== null) return;
    const delayMs = Math.max(0, this.#resendAt - this.#link.runtime.now());
    this.#retry(delayMs, () => {
      const from = this.#resendFrom ?? 0;
      this.#resendFrom = null;
      this.#resendAt = 0;
      if (this.#outbox.rewind(from)) return this.#link.wantFlush();
      this.#link.replaceProducer(
        new WeirError(`${this.path}: the relay expects sequence ${from}, which is not here any more; going on under a new id`, {
          code: Code.outOfRange,
          document: this.path,
        }),
      );
    });
  }

  #askState(): void {
    const offer = (state: Uint8Array | Uint8Array[] | null): void => {
      if (!this.#stateWanted || this.#phase === 'over') return;
      this.#stateWanted = false;
      const pieces = state === null ? [] : Array.isArray(state) ? state : [state];
      this.#outbox.offer(pieces.map((piece) => entry(0, piece, () => undefined, (error) => this.emit('error', error), true)));
      this.#link.wantFlush();
    };
    const failed = (cause: unknown): void => {
      this.emit('error', new WeirError(`${this.path}: the application could not give its state`, { code: Code.unknown, document: this.path, cause }));
      offer(null);
    };
    try {
      const answer = this.#options.state?.() ?? null;
      if (answer instanceof Promise) answer.then(offer, failed);
      else offer(answer);
    } catch (cause) {
      failed(cause);
    }
  }

  // ---- presence, retries ----

  #sendPresence(): void {
    if (!this.#presenceChanged || this.#phase !== 'open') return;
    this.#presenceChanged = false;
    const data = this.#presence ?? new Uint8Array(0);
    const bytesMax = this.#link.welcome?.presenceBytesMax ?? 0;
    if (bytesMax === 0 || data.length <= bytesMax) return this.#link.send({ kind: 'presence', document: this.#handle, data });
    this.emit(
      'error',
      new PayloadTooLargeError(`${this.path}: presence of ${data.length} bytes is more than the ${bytesMax} that this relay takes`, {
        code: Code.invalidArgument,
        document: this.path,
      }),
    );
  }

  #errorOf(event: ErrorEvent): WeirError {
    return errorFromAnswer(`${this.path}: ${event.message}`, {
      code: event.code,
      reason: event.reason,
      document: this.path,
      retryAfterMs: event.retryAfterMs,
    });
  }

  #delayMs(event: ErrorEvent): number {
    if (event.retryAfterMs > 0) return event.retryAfterMs;
    return 50 + backoffMs(this.#failures++, this.#link.runtime.random(), 250, 30_000);
  }

  #retry(delayMs: number, run: () => void): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#link.runtime.after(delayMs, () => {
      this.#retryTimer = null;
      run();
    });
  }

  #cancelRetry(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
    this.#resendFrom = null;
    this.#resendAt = 0;
  }
}

function isTransient(code: number): boolean {
  const codes: number[] = [Code.resourceExhausted, Code.unavailable, Code.internal, Code.aborted, Code.cancelled, Code.unknown];
  return codes.includes(code);
}

function entry(
  codec: number,
  payload: Uint8Array,
  stored: (offset: number) => void,
  failed: (error: WeirError) => void,
  offered = false,
): OutboxEntry {
  return { codec, payload, sequence: 0, base: false, offered, stored, failed };
}
