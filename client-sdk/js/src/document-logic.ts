// The rules of one document (docs/protocol.md), between the client's connection and the application: it subscribes on
// every connection from its cursor, hands over records and presence, and never offers a deleted document again. What
// concerns publishing stands in publisher.ts.
//
// Internal: applications see the DocumentSession interface.

import { equalBytes } from './bytes.js';
import type {
  DocumentEvents,
  DocumentSession,
  PublishOptions,
  StoredResult,
  SubscribeOptions,
  WeirRecord,
} from './document.js';
import { DurableDocument, type DurableOwner } from './durable.js';
import { Emitter } from './emitter.js';
import {
  BadPackError,
  ClosedError,
  Code,
  DocumentDeletedError,
  errorFromAnswer,
  PayloadTooLargeError,
  Reason,
  type WeirError,
} from './errors.js';
import { History } from './history.js';
import type { DocumentLink } from './link.js';
import { unpack } from './pack-decoder.js';
import { PresenceSet, type Presence } from './presence.js';
import { isTransient, Publisher } from './publisher.js';
import type { Timer } from './runtime.js';
import { storeError } from './store/errors.js';
import type { StoredDocument } from './store/store.js';
import { abortable, Waiters, type WaitOptions } from './waiters.js';
import {
  From,
  type Cursor,
  type ErrorEvent,
  type ServerEvent,
  type Subscribed,
  type WireRecord,
} from './wire/events.js';

type Phase = 'offline' | 'subscribing' | 'open' | 'over';

export class DocumentLogic extends Emitter<DocumentEvents> implements DocumentSession {
  readonly space: string;
  readonly document: string;
  readonly #link: DocumentLink<DocumentLogic>;
  readonly #options: SubscribeOptions;
  readonly #publisher: Publisher;
  readonly #history: History;
  /** Null: nothing is kept. */
  readonly durable: DurableDocument | null;
  readonly #others = new PresenceSet();
  readonly #whenCaughtUp = new Waiters();
  readonly #whenLoaded = new Waiters();
  #loaded: boolean;
  #phase: Phase = 'offline';
  #handle = 0;
  #caughtUp = false;
  #recreate: boolean;
  #retryTimer: Timer | null = null;
  #presence: Uint8Array | null = null;
  #presenceChanged = false;
  #delivery: WeirRecord[] = [];
  #overWith: WeirError | null = null;

  constructor(link: DocumentLink<DocumentLogic>, space: string, document: string, options: SubscribeOptions) {
    super();
    this.#link = link;
    this.space = space;
    this.document = document;
    this.#options = options;
    this.#recreate = options.recreate ?? false;
    this.#history = new History(space, document, typeof options.from === 'object' ? options.from : null);
    this.durable = link.writer && new DurableDocument(link.writer, `${space}\0${document}`, this.#durableOwner());
    this.#loaded = this.durable === null;
    this.#publisher = this.#makePublisher();
    if (this.durable !== null) void this.#load(this.durable);
  }

  // ---- for the application ----

  get pendingCount(): number {
    return this.#publisher.pendingCount;
  }
  get caughtUp(): boolean {
    return this.#caughtUp;
  }
  get loaded(): boolean {
    return this.#loaded;
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
    return this.#publisher.publish(payload, options, null);
  }

  async whenStored(options: WaitOptions = {}): Promise<void> {
    if (!this.#loaded) await this.whenLoaded(options);
    return this.#publisher.whenStored(options);
  }

  whenCaughtUp(options?: WaitOptions): Promise<void> {
    return this.#whenCaughtUp.wait(this.#caughtUp, this.#overWith, options);
  }

  whenLoaded(options?: WaitOptions): Promise<void> {
    return this.#whenLoaded.wait(this.#loaded, this.#overWith, options);
  }

  async whenPersisted(options: WaitOptions = {}): Promise<void> {
    await this.whenLoaded(options);
    if (this.durable !== null) await abortable(this.durable.persisted(), options.signal);
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

  // ---- for the client, and for the hub of several tabs ----

  get publisher(): Publisher {
    return this.#publisher;
  }
  get subscribed(): boolean {
    return this.#phase === 'open';
  }
  /** Why it has ended; null while it has not. */
  get over(): WeirError | null {
    return this.#overWith;
  }

  get inFlightBytes(): number {
    return this.#publisher.inFlightBytes;
  }
  get inFlight(): boolean {
    return this.#publisher.inFlight;
  }

  connected(): void {
    this.#publisher.connected();
    if (this.#loaded) this.#subscribe();
  }

  disconnected(): void {
    this.#cancelRetry();
    if (this.#phase === 'over' || this.#phase === 'offline') return;
    this.#deliver();
    this.#phase = 'offline';
    this.#handle = 0;
    this.#caughtUp = false;
    this.#publisher.disconnected();
    this.emit('disconnected');
  }

  /** The client goes on under another producer. */
  producerReplaced(): void {
    this.#publisher.producerReplaced(this.#history.offset);
    this.#history.forgetPublished();
  }

  /** For ever: deleted, fenced, or closed. */
  end(error: WeirError, tell = true): void {
    if (this.#phase === 'over') return;
    this.#deliver();
    const answersOutstanding = this.#phase === 'subscribing' || this.#publisher.inFlight;
    this.#phase = 'over';
    this.#overWith = error;
    this.#handle = 0;
    this.#caughtUp = false;
    this.#cancelRetry();
    this.#link.forget(this, answersOutstanding);
    if (error instanceof DocumentDeletedError) this.durable?.forget();
    this.durable?.seal();
    this.#publisher.end(error);
    if (tell) this.emit('error', error);
    this.#whenCaughtUp.reject(error);
    this.#whenLoaded.reject(error);
  }

  receive(event: ServerEvent): void {
    if (this.#phase === 'over') return;
    if (event.kind === 'records') return this.#records(event.records);
    if (event.kind === 'pack') return this.#pack(event.data);
    this.#deliver();
    switch (event.kind) {
      case 'subscribed':
        return this.#subscribed(event);
      case 'caughtUp':
        return this.#reachedHead();
      case 'stored':
        return this.#publisher.stored(event.throughSequence, event.offset);
      case 'presence': {
        const change = this.#others.apply(event, this.#link.producer);
        if (change !== null) this.emit('presence', [change]);
        return;
      }
      case 'cut':
        this.#history.cut(event.offset);
        this.durable?.moved(this.#history);
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
    return this.#publisher.flush(budgetBytes, wireIdle);
  }

  // ---- the store ----

  #durableOwner(): DurableOwner {
    const document = this;
    return {
      get producer() {
        return document.#link.producer;
      },
      progress: () => this.#publisher.progress,
      wantFlush: () => this.#link.wantFlush(),
    };
  }

  /** What the store has is handed over; only then the relay is asked for what came after. */
  async #load(durable: DurableDocument): Promise<void> {
    try {
      const kept = await durable.load(this.#history);
      if (this.#phase === 'over') return durable.seal();
      this.#restore(kept);
    } catch (cause) {
      durable.seal();
      if (this.#phase === 'over') return;
      this.emit('error', storeError(this.path, cause)); // and goes on as if there were none
    }
    this.#loaded = true;
    this.#whenLoaded.resolve();
    this.emit('loaded');
    if (this.#link.welcome !== null && this.#phase === 'offline') this.#subscribe();
  }

  #restore(kept: StoredDocument): void {
    const renumber = kept.place !== null && !this.#isOwn(kept.place.producer);
    this.#publisher.restore(kept, renumber);
    if (kept.state !== null) this.emit('state', kept.state.pieces);
    const records = kept.records.map((record) => ({ ...record, own: this.#isOwn(record.producer) }));
    if (records.length > 0) this.emit('records', records);
    if (kept.outbox.length > 0) this.emit('pending', kept.outbox);
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
      presence: (this.#options.presence ?? false) !== false,
      snapshots: false,
      recreate: this.#recreate,
    });
  }

  #subscribed(event: Subscribed): void {
    const known = this.#history.epoch;
    const changed = known !== 0n && known !== event.epoch;
    const missed = this.#history.offset > 0 || this.#publisher.everStored;
    const lost = (event.lostHistory || changed) && missed;
    const live = this.#options.from === 'live';
    const resumed = missed && !lost && this.#history.offset > 0 && this.#history.cursor !== null;
    const fresh = !live && !resumed;
    this.#phase = 'open';
    this.#handle = event.document;
    this.#recreate = false; // a later deletion must not be undone by a reconnect
    if (live) this.#history.startLive(event.epoch, event.head);
    else if (fresh) this.#history.startOver(event.epoch);
    if (fresh) this.durable?.moved(this.#history);
    if (!this.#publisher.resume(event, lost, changed)) return;
    this.#presenceChanged = this.#presence !== null;
    this.emit('subscribed', { fresh, lostHistory: lost });
    const changes = this.#others.replace(event.presence, this.#link.producer);
    if (changes.length > 0) this.emit('presence', changes);
    this.#link.wantFlush();
  }

  #subscribeRefused(event: ErrorEvent): void {
    const error = this.#errorOf(event);
    this.#phase = 'offline';
    if (error instanceof DocumentDeletedError) return this.end(error);
    if (event.reason === Reason.fenced) return this.#link.fenced(error);
    if (event.code === Code.invalidArgument) return this.end(error);
    this.emit('error', error);
    if (event.reason === Reason.producerOwned) this.#link.replaceProducer(error);
    else if (isTransient(event.code)) this.#subscribeAfter(this.#publisher.delayMs(event));
    // Otherwise, access is denied perhaps: asked again on the next connection, with its token.
  }

  #subscribeAfter(delayMs: number): void {
    this.#cancelRetry();
    this.#retryTimer = this.#link.runtime.after(delayMs, () => this.#subscribe());
  }

  #cancelRetry(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
  }

  /** About this document, or a publish to it. */
  #refused(event: ErrorEvent): void {
    const error = this.#errorOf(event);
    if (error instanceof DocumentDeletedError) return this.end(error);
    if (event.reason === Reason.fenced) return this.#link.fenced(error);
    // While subscribing, the coming answer settles the outbox anew.
    if (this.#phase === 'open') this.#publisher.refused(event, error);
  }

  // ---- reading ----

  #records(records: readonly WireRecord[]): void {
    if (this.#phase !== 'open') return;
    for (const record of records) {
      const own = this.#isOwn(record.producer);
      if (this.#history.advance(record, own)) this.#delivery.push({ ...record, own });
    }
  }

  #isOwn(producer: Uint8Array): boolean {
    return equalBytes(producer, this.#link.producer);
  }

  /** Nothing of a pack is handed over before all of it is known to be this document's. */
  #pack(pack: Uint8Array): void {
    if (this.#phase !== 'open') return;
    const isOwn = ({ producer }: WireRecord): boolean => this.#isOwn(producer);
    try {
      for (const record of unpack(this.#link.packs, pack, this.#history, isOwn))
        this.#delivery.push({ ...record, own: isOwn(record) });
    } catch (cause) {
      this.#deliver();
      const what = cause instanceof Error ? cause.message : String(cause);
      const message = `${this.path}: a pack from the relay was refused: ${what}; the records are fetched instead`;
      this.emit('error', new BadPackError(message, { code: Code.dataLoss, document: this.path, cause }));
      this.#link.giveUpPacks();
    }
  }

  /** Records of one message are handed over together. */
  #deliver(): void {
    if (this.#delivery.length === 0) return;
    const records = this.#delivery;
    this.#delivery = [];
    if (this.#options.from !== 'live') this.durable?.read(records, ({ producer }) => this.#isOwn(producer), this.#history);
    this.emit('records', records);
    if (this.#options.compact !== undefined)
      this.durable?.compact(this.#options.compact, (cause) => this.emit('error', storeError(this.path, cause)));
  }

  #reachedHead(): void {
    if (this.#phase !== 'open') return;
    this.#publisher.reachedHead();
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.emit('caught-up');
    this.#whenCaughtUp.resolve();
  }

  // ---- presence, publishing, errors ----

  #sendPresence(): void {
    if (!this.#presenceChanged || this.#phase !== 'open') return;
    this.#presenceChanged = false;
    const data = this.#presence ?? new Uint8Array(0);
    const bytesMax = this.#link.welcome?.presenceBytesMax || Infinity;
    if (data.length <= bytesMax) return this.#link.send({ kind: 'presence', document: this.#handle, data });
    const message = `${this.path}: presence of ${data.length} bytes; this relay takes ${bytesMax}, show less`;
    this.emit('error', new PayloadTooLargeError(message, { code: Code.invalidArgument, document: this.path }));
  }

  #makePublisher(): Publisher {
    const document = this;
    return new Publisher(this.#link, {
      path: this.path,
      state: this.#options.state,
      willRead: this.#options.from !== 'live',
      get handle() {
        return document.#handle;
      },
      get epoch() {
        return document.#history.epoch;
      },
      sent: (sequence, payload) => this.#history.published(sequence, payload),
      stored: () => this.emit('stored', { pendingCount: this.pendingCount }),
      failed: (error) => this.emit('error', error),
      resubscribe: () => {
        this.#link.send({ kind: 'unsubscribe', document: this.#handle });
        this.#subscribe();
      },
    }, this.durable);
  }

  #errorOf(event: ErrorEvent): WeirError {
    return errorFromAnswer(`${this.path}: ${event.message}`, {
      code: event.code,
      reason: event.reason,
      document: this.path,
      retryAfterMs: event.retryAfterMs,
    });
  }
}
