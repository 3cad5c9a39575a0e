// The rules of one document (docs/protocol.md), between the client's connection and the application: it subscribes on
// every connection from its cursor, hands over records and presence, and never offers a deleted document again. What
// concerns publishing stands in publisher.ts.
//
// Internal: applications see the DocumentSession interface.

import { checkBytes } from './checks.js';
import type { DocumentEvents, DocumentSession, PublishOptions, StoredResult, SubscribeOptions } from './document.js';
import { DocumentLoading, type LoadingOwner } from './document-loading.js';
import { DocumentPresence } from './document-presence.js';
import { DocumentSnapshots } from './document-snapshots.js';
import { DurableDocument, spread } from './durable.js';
import { Emitter } from './emitter.js';
import { BadPackError, ClosedError, Code, DocumentDeletedError, errorFromAnswer, Reason, type WeirError } from './errors.js';
import type { DocumentGuard, GuardOwner, Sealing } from './guard.js';
import { History } from './history.js';
import type { DocumentLink } from './link.js';
import type { Presence } from './presence.js';
import { isTransient, Publisher } from './publisher.js';
import { RecordIntake } from './record-intake.js';
import type { Timer } from './runtime.js';
import { storeError } from './store/errors.js';
import { abortable, Waiters, type WaitOptions } from './waiters.js';
import { From, type Cursor, type ErrorEvent, type Pack, type ServerEvent, type Subscribed } from './wire/events.js';

type Phase = 'offline' | 'subscribing' | 'open' | 'over';

export class DocumentLogic extends Emitter<DocumentEvents> implements DocumentSession, GuardOwner, LoadingOwner {
  readonly space: string;
  readonly document: string;
  readonly #link: DocumentLink<DocumentLogic>;
  readonly #options: SubscribeOptions;
  readonly #publisher: Publisher;
  readonly history: History;
  readonly #intake: RecordIntake;
  /** Null: the relay is taken at its word. */
  readonly #guard: DocumentGuard | null;
  readonly #seals: Sealing | null;
  /** Null: nothing is kept. */
  readonly durable: DurableDocument | null;
  readonly #presence: DocumentPresence;
  readonly #whenCaughtUp = new Waiters();
  readonly #loading: DocumentLoading;
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
    this.history = new History(space, document, typeof options.from === 'object' ? options.from : null);
    this.#guard = (options.encryption ?? options.verify)?.begin(link, this) ?? null;
    this.#seals = this.#guard?.seals ?? null;
    this.#intake = new RecordIntake(link, this.history, this.#guard);
    const writer = link.writer && (this.#seals?.writer(link.writer) ?? link.writer);
    this.durable = writer && new DurableDocument(writer, `${space}\0${document}`, link, () => this.#publisher.progress);
    this.#publisher = this.#makePublisher();
    this.#presence = new DocumentPresence(link, this, this.#seals);
    this.#snapshots = this.#makeSnapshots();
    this.#loading = new DocumentLoading(this, this.durable, this.#intake, this.#snapshots);
  }

  // ---- for the application ----

  get pendingCount(): number {
    return this.#publisher.pendingCount;
  }
  get caughtUp(): boolean {
    return this.#caughtUp;
  }
  get loaded(): boolean {
    return this.#loading.loaded;
  }
  get cursor(): Cursor | null {
    return this.history.cursor;
  }
  get presence(): ReadonlyMap<string, Presence> {
    return this.#presence.others;
  }
  get path(): string {
    return `${this.space}/${this.document}`;
  }

  publish(payload: Uint8Array, options: PublishOptions = {}): Promise<StoredResult> {
    checkBytes(payload, 'publish');
    return this.#publisher.publish(payload, options, null);
  }

  async whenStored(options: WaitOptions = {}): Promise<void> {
    if (!this.loaded) await this.whenLoaded(options);
    return this.#publisher.whenStored(options);
  }

  whenCaughtUp(options?: WaitOptions): Promise<void> {
    return this.#whenCaughtUp.wait(this.#caughtUp, this.#overWith, options);
  }

  whenLoaded(options?: WaitOptions): Promise<void> {
    return this.#loading.wait(options);
  }

  async whenPersisted(options: WaitOptions = {}): Promise<void> {
    await this.whenLoaded(options);
    if (this.durable !== null) await abortable(this.durable.persisted(), options.signal);
  }

  offerSnapshot(options?: WaitOptions): Promise<{ offset: number }> {
    return this.#overWith !== null ? Promise.reject(this.#overWith) : this.#snapshots.offer(options);
  }

  setPresence(data: Uint8Array): void {
    checkBytes(data, 'setPresence');
    this.#presence.set(data);
  }

  withdrawPresence(): void {
    this.setPresence(new Uint8Array(0));
    if (this.#maySend) this.#presence.send(); // at once: the page may be on its way out
  }

  close(): void {
    if (this.#phase === 'over') return;
    this.#unsubscribe();
    this.end(new ClosedError(`${this.path} was closed; open it again with subscribe()`, this.path), false);
  }

  // ---- for the client, and for the hub of several tabs ----

  get publisher(): Publisher {
    return this.#publisher;
  }
  get live(): boolean {
    return this.#options.from === 'live';
  }
  get handle(): number {
    return this.#handle;
  }
  override emit<Name extends keyof DocumentEvents>(name: Name, ...args: DocumentEvents[Name]): void {
    super.emit(name, ...args);
  }
  hasLoaded(): void {
    if (this.#link.welcome !== null && this.#phase === 'offline') this.#subscribe();
  }
  get subscribed(): boolean {
    return this.#phase === 'open';
  }
  /** Why it has ended; null while it has not. */
  get over(): WeirError | null {
    return this.#overWith;
  }

  get makesSnapshots(): boolean {
    return this.#options.snapshotter !== undefined;
  }

  connected(): void {
    this.#publisher.connected();
    if (this.loaded) this.#subscribe();
  }

  disconnected(): void {
    this.#cancelRetry();
    this.#guard?.drop();
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
    this.#publisher.producerReplaced(this.history.offset);
    this.history.forgetPublished();
    this.#seals?.producerReplaced();
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
    this.#guard?.drop();
    this.#link.forget(this, answersOutstanding);
    if (error instanceof DocumentDeletedError) this.durable?.forget();
    this.durable?.seal();
    this.#publisher.end(error);
    this.#snapshots.end(error);
    if (tell) this.emit('error', error);
    this.#whenCaughtUp.reject(error);
    this.#loading.end(error);
  }

  receive(event: ServerEvent): void {
    if (this.#guard === null) this.take(event);
    else this.#guard.receive(event);
  }

  frameEnd(): void {
    if (this.#guard === null) this.handOver();
    else this.#guard.frameEnd();
  }

  /** An event, once it is its turn. */
  take(event: ServerEvent): void {
    if (this.#phase === 'over') return;
    if (event.kind === 'records' || event.kind === 'pack') {
      if (!this.#reads) return;
      return event.kind === 'pack' ? this.#pack(event) : this.giveUp(this.#intake.add(event.records));
    }
    this.#deliver();
    switch (event.kind) {
      case 'subscribed':
        return this.#subscribed(event);
      case 'caughtUp':
        return this.#reachedHead(event.offset);
      case 'stored':
        return this.#publisher.stored(event.throughSequence, event.offset);
      case 'presence':
        return this.#presence.received(event);
      case 'cut':
        return this.#cut(event.offset);
      case 'error':
        return event.request !== 0 ? this.#subscribeRefused(event) : this.#refused(event);
      default:
        if (this.#phase === 'open') this.#snapshots.receive(event);
    }
  }

  /** What was gathered of a frame. */
  handOver(): void {
    this.#deliver();
    this.#snapshots.look();
  }

  /** Sends presence and one frame of deltas, if they may go now. False when there is nothing more to send. */
  flush(budgetBytes: number, wireIdle: boolean): boolean {
    if (!this.#maySend || !this.#publisher.maySend) return false;
    this.#presence.send();
    return this.#publisher.flush(budgetBytes, wireIdle) || this.#snapshots.flush(budgetBytes);
  }

  // ---- subscribing ----

  #subscribe(): void {
    this.#phase = 'subscribing';
    this.#cancelRetry();
    const { live, history } = this;
    const cursor = live || history.offset === 0 ? null : history.cursor;
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
    const { live, history } = this;
    const changed = history.epoch !== 0n && history.epoch !== event.epoch;
    const missed = history.offset > 0 || this.#publisher.everStored;
    const lost = (event.lostHistory || changed) && missed;
    const fresh = !live && (!missed || lost || history.offset === 0 || history.cursor === null);
    this.#phase = 'open';
    this.#handle = event.document;
    this.#recreate = false; // a later deletion must not be undone by a reconnect
    if (live) history.startLive(event.epoch, event.head);
    else if (fresh) history.startOver(event.epoch);
    if (fresh) this.durable?.moved(history);
    if (!this.#publisher.resume(event, lost, changed)) return;
    this.emit('subscribed', { fresh, lostHistory: lost });
    this.#presence.renew(event.presence);
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
    else if (isTransient(event.code)) this.#retryTimer = this.#link.runtime.after(this.#publisher.delayMs(event), () => this.#subscribe());
    // Otherwise, access is denied perhaps: asked again on the next connection, with its token.
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

  #pack(pack: Pack): void {
    const bad = this.#intake.addPack(pack, this.path);
    if (!(bad instanceof BadPackError)) return this.giveUp(bad);
    this.#deliver();
    this.emit('error', bad);
    this.#link.giveUpPacks();
  }

  /** What came before this was taken; the cursor stays there. Null: nothing is wrong. */
  giveUp(wrong: WeirError | null): void {
    if (wrong === null) return;
    this.#unsubscribe();
    this.end(wrong);
  }

  /** Records of one message are handed over together. */
  #deliver(): void {
    if (this.#intake.empty) return;
    const records = this.#intake.take();
    this.#publisher.saw(records);
    if (!this.live) this.durable?.read(records, this.#intake.isOwn, this.history);
    for (const { opened } of records) if (opened?.error) this.emit('error', opened.error);
    const shown = records.flatMap(spread);
    if (shown.length > 0) this.emit('records', shown);
    // What is sealed stays in the store, for a client that has the key.
    if (this.#options.compact !== undefined && this.#publisher.withheld === null)
      this.durable?.compact(this.#options.compact, (cause) => this.emit('error', storeError(this.path, cause)));
  }

  #reachedHead(offset: number): void {
    if (!this.#reads || !this.#maySend) return; // more has come, if it is paused
    const wrong = this.#guard?.caughtUp(offset) ?? null;
    if (wrong !== null) return this.giveUp(wrong);
    this.#publisher.reachedHead();
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.emit('caught-up');
    this.#whenCaughtUp.resolve();
  }

  #cut(offset: number): void {
    if (!this.#reads) return;
    if (offset > this.history.offset && this.#snapshots.wantedBehindCut(offset)) return this.#resubscribe();
    this.history.cut(offset);
    this.durable?.moved(this.history);
    this.emit('cut', offset);
  }

  #resubscribe(): void {
    this.#unsubscribe();
    this.#snapshots.reset();
    this.#caughtUp = false;
    this.#subscribe();
  }

  /** Not while it is paused. */
  get #maySend(): boolean {
    return this.#phase === 'open' && this.#handle !== 0;
  }

  #unsubscribe(): void {
    if (this.#maySend) this.#link.send({ kind: 'unsubscribe', document: this.#handle });
  }

  pause(): boolean {
    if (this.#phase !== 'open' || this.live) return false;
    this.#unsubscribe();
    this.#handle = 0;
    this.#caughtUp = false;
    return true;
  }

  resume(): void {
    if (this.#phase === 'open') this.#resubscribe();
  }

  // ---- publishing, snapshots ----

  #makePublisher(): Publisher {
    return new Publisher(this.#link, {
      path: this.path,
      state: this.#options.state,
      willRead: !this.live,
      seals: this.#seals,
      handle: () => this.#handle,
      history: this.history,
      sent: (sequence, payload) => this.history.published(sequence, payload),
      stored: () => this.emit('stored', { pendingCount: this.pendingCount }),
      failed: (error) => this.emit('error', error),
      resubscribe: () => this.#resubscribe(),
    }, this.durable);
  }

  #makeSnapshots(): DocumentSnapshots {
    return new DocumentSnapshots(this.#link, {
      space: this.space,
      document: this.document,
      takes: this.#options.snapshots ?? false,
      snapshotter: this.#options.snapshotter,
      handle: () => this.#handle,
      settledAt: () => this.#settledAt,
      history: this.history,
      seals: this.#seals,
      received: (snapshot) => this.#publisher.saw([snapshot]),
      taken: (snapshot, kept) => this.durable?.readSnapshot(snapshot, this.history, kept),
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
    return settled && this.#publisher.maySend && this.#publisher.progress.storedOffset <= this.history.offset ? this.history.cursor : null;
  }
}
