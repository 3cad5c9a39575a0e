// The rules of one document (docs/protocol.md), between the client's connection and the application: it subscribes on
// every connection from its cursor, hands over records and presence, and never offers a deleted document again. What
// concerns publishing stands in publisher.ts.
//
// Internal: applications see the DocumentSession interface.

import type { DocumentEvents, DocumentSession, PublishOptions, StoredResult, SubscribeOptions } from './document.js';
import { DocumentSnapshots } from './document-snapshots.js';
import { DurableDocument, replay } from './durable.js';
import { Emitter } from './emitter.js';
import { ClosedError, Code, DocumentDeletedError, errorFromAnswer, Reason, type WeirError } from './errors.js';
import { History } from './history.js';
import type { DocumentLink } from './link.js';
import { OwnPresence, PresenceSet, type Presence } from './presence.js';
import { isTransient, Publisher } from './publisher.js';
import { RecordIntake } from './record-intake.js';
import type { Timer } from './runtime.js';
import { storeError } from './store/errors.js';
import type { StoredDocument } from './store/store.js';
import { abortable, Waiters, type WaitOptions } from './waiters.js';
import { From, type Cursor, type ErrorEvent, type ServerEvent, type Subscribed } from './wire/events.js';

type Phase = 'offline' | 'subscribing' | 'open' | 'over';

export class DocumentLogic extends Emitter<DocumentEvents> implements DocumentSession {
  readonly space: string;
  readonly document: string;
  readonly #link: DocumentLink<DocumentLogic>;
  readonly #options: SubscribeOptions;
  readonly #publisher: Publisher;
  readonly #history: History;
  readonly #intake: RecordIntake;
  /** Null: nothing is kept. */
  readonly durable: DurableDocument | null;
  readonly #others = new PresenceSet();
  readonly #presence = new OwnPresence();
  readonly #whenCaughtUp = new Waiters();
  readonly #whenLoaded = new Waiters();
  #loaded: boolean;
  readonly #snapshots: DocumentSnapshots;
  #phase: Phase = 'offline';
  #handle = 0;
  #caughtUp = false;
  #recreate: boolean;
  #retryTimer: Timer | null = null;
  #overWith: WeirError | null = null;

  constructor(link: DocumentLink<DocumentLogic>, space: string, document: string, options: SubscribeOptions) {
    super();
    this.#link = link;
    this.space = space;
    this.document = document;
    this.#options = options;
    this.#recreate = options.recreate ?? false;
    this.#history = new History(space, document, typeof options.from === 'object' ? options.from : null);
    this.#intake = new RecordIntake(link, this.#history);
    this.durable = link.writer && new DurableDocument(link.writer, `${space}\0${document}`, link, () => this.#publisher.progress);
    this.#loaded = this.durable === null;
    this.#publisher = this.#makePublisher();
    this.#snapshots = this.#makeSnapshots();
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

  offerSnapshot(options?: WaitOptions): Promise<{ offset: number }> {
    return this.#overWith !== null ? Promise.reject(this.#overWith) : this.#snapshots.offer(options);
  }

  setPresence(data: Uint8Array): void {
    this.#presence.set(data);
    this.#link.wantFlush();
  }

  withdrawPresence(): void {
    this.setPresence(new Uint8Array(0));
    if (this.#phase === 'open') this.#sendPresence(); // at once: the page may be on its way out
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

  get makesSnapshots(): boolean {
    return this.#options.snapshotter !== undefined;
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
    this.#snapshots.reset();
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
    this.#snapshots.end(error);
    if (tell) this.emit('error', error);
    this.#whenCaughtUp.reject(error);
    this.#whenLoaded.reject(error);
  }

  receive(event: ServerEvent): void {
    if (this.#phase === 'over') return;
    if (event.kind === 'records' || event.kind === 'pack') {
      if (!this.#reads) return;
      return event.kind === 'pack' ? this.#pack(event.data) : this.#intake.add(event.records);
    }
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
        return this.#cut(event.offset);
      case 'error':
        return event.request !== 0 ? this.#subscribeRefused(event) : this.#refused(event);
      default:
        if (this.#phase === 'open') this.#snapshots.receive(event);
    }
  }

  frameEnd(): void {
    this.#deliver();
    this.#snapshots.look();
  }

  /** Sends presence and one frame of deltas, if they may go now. False when there is nothing more to send. */
  flush(budgetBytes: number, wireIdle: boolean): boolean {
    if (this.#phase !== 'open') return false;
    this.#sendPresence();
    return this.#publisher.flush(budgetBytes, wireIdle) || this.#snapshots.flush(budgetBytes);
  }

  // ---- the store ----

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
    const renumber = kept.place !== null && !this.#intake.isOwn(kept.place);
    this.#publisher.restore(kept, renumber);
    if (kept.state !== null) this.emit('state', kept.state.pieces);
    for (const { records, snapshot } of replay(kept.records)) {
      if (snapshot !== null) this.#snapshots.again(snapshot);
      else this.emit('records', records.map((record) => ({ ...record, own: this.#intake.isOwn(record) })));
    }
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
      snapshots: this.#snapshots.wanted && !live,
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
    this.#presence.renew();
    this.emit('subscribed', { fresh, lostHistory: lost });
    const changes = this.#others.replace(event.presence, this.#link.producer);
    if (changes.length > 0) this.emit('presence', changes);
    this.#link.wantFlush();
  }

  #subscribeRefused(event: ErrorEvent): void {
    const error = errorFromAnswer(event, this.path);
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
    const error = errorFromAnswer(event, this.path);
    if (error instanceof DocumentDeletedError) return this.end(error);
    if (event.reason === Reason.fenced) return this.#link.fenced(error);
    if (event.reason === Reason.snapshot) return this.#snapshots.notTaken(error);
    // While subscribing, the coming answer settles the outbox anew.
    if (this.#phase === 'open') this.#publisher.refused(event, error);
  }

  // ---- reading ----

  /** Nothing of an earlier subscription counts, nor what comes where a snapshot should go on. */
  get #reads(): boolean {
    return this.#phase === 'open' && this.#snapshots.complete();
  }

  #pack(pack: Uint8Array): void {
    const bad = this.#intake.addPack(pack, this.path);
    if (bad === null) return;
    this.#deliver();
    this.emit('error', bad);
    this.#link.giveUpPacks();
  }

  /** Records of one message are handed over together. */
  #deliver(): void {
    if (this.#intake.empty) return;
    const records = this.#intake.take();
    if (this.#options.from !== 'live') this.durable?.read(records, this.#intake.isOwn, this.#history);
    this.emit('records', records);
    if (this.#options.compact !== undefined)
      this.durable?.compact(this.#options.compact, (cause) => this.emit('error', storeError(this.path, cause)));
  }

  #reachedHead(): void {
    if (!this.#reads) return;
    this.#publisher.reachedHead();
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.emit('caught-up');
    this.#whenCaughtUp.resolve();
  }

  #cut(offset: number): void {
    if (!this.#reads) return;
    if (offset > this.#history.offset && this.#snapshots.wantedBehindCut(offset)) return this.#resubscribe();
    this.#history.cut(offset);
    this.durable?.moved(this.#history);
    this.emit('cut', offset);
  }

  #resubscribe(): void {
    this.#link.send({ kind: 'unsubscribe', document: this.#handle });
    this.#snapshots.reset();
    this.#caughtUp = false;
    this.#subscribe();
  }

  // ---- presence, publishing ----

  #sendPresence(): void {
    const refused = this.#presence.send(this.#link, this.#handle, this.path);
    if (refused !== null) this.emit('error', refused);
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
      resubscribe: () => this.#resubscribe(),
    }, this.durable);
  }

  #makeSnapshots(): DocumentSnapshots {
    const document = this;
    return new DocumentSnapshots(this.#link, {
      space: this.space,
      document: this.document,
      takes: this.#options.snapshots ?? false,
      snapshotter: this.#options.snapshotter,
      get handle() {
        return document.#handle;
      },
      get settledAt() {
        return document.#settledAt;
      },
      history: this.#history,
      taken: (snapshot) => this.durable?.readSnapshot(snapshot, this.#history),
      announced: (snapshot) => this.emit('snapshot', snapshot),
      refused: (error) => {
        this.emit('error', error);
        if (this.#phase === 'open') this.#resubscribe();
      },
      stored: (offset) => this.emit('snapshot-stored', { offset }),
      attested: (offset, valid) => this.emit('attested', { offset, valid }),
    });
  }

  /** The cursor, if all that was read and published is in it and nothing else. */
  get #settledAt(): Cursor | null {
    const settled = this.#phase === 'open' && this.#caughtUp && this.pendingCount === 0 && this.#intake.empty;
    return settled && this.#publisher.progress.storedOffset <= this.#history.offset ? this.#history.cursor : null;
  }
}
