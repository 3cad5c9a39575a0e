// One document, between the client's connection and the application (docs/protocol.md): it puts its parts together and passes
// to each what is its own. Events come in by receive(), and go, once it is their turn, to
//
//   document-subscription.ts    asked for on every connection, from the cursor
//   document-reading.ts         records, to the application
//   document-snapshots.ts       what stands for records
//   document-presence.ts        who else is here
//   publisher.ts                deltas, and what became of them
//
// document-loading.ts comes before all of them, where there is a store. What has ended stays ended: a deleted document is
// never offered again.
//
// Internal: applications see the DocumentSession interface.

import { checkBytes } from './checks.js';
import type { DocumentEvents, DocumentSession, PublishOptions, StoredResult, SubscribeOptions } from './document.js';
import { DocumentLoading, type LoadingOwner } from './document-loading.js';
import { DocumentPresence } from './document-presence.js';
import { DocumentReading, type ReadingOwner } from './document-reading.js';
import { DocumentSnapshots } from './document-snapshots.js';
import { DocumentSubscription, type SubscriptionOwner } from './document-subscription.js';
import { DurableDocument } from './durable.js';
import { Emitter } from './emitter.js';
import { ClosedError, Code, DocumentDeletedError, errorFromAnswer, Reason, type WeirError } from './errors.js';
import type { DocumentGuard, GuardOwner, Sealing } from './guard.js';
import { History } from './history.js';
import type { DocumentLink } from './link.js';
import type { Presence } from './presence.js';
import { Publisher } from './publisher.js';
import { RecordIntake } from './record-intake.js';
import { abortable, type WaitOptions } from './waiters.js';
import type { Cursor, ErrorEvent, ServerEvent, Subscribe, Subscribed } from './wire/events.js';

/** Codes of errors that are about no publish, and end a subscription. */
const unreadable: number[] = [Code.aborted, Code.internal, Code.unavailable, Code.dataLoss];

export class DocumentLogic
  extends Emitter<DocumentEvents>
  implements DocumentSession, GuardOwner, LoadingOwner, ReadingOwner, SubscriptionOwner
{
  readonly space: string;
  readonly document: string;
  readonly #link: DocumentLink<DocumentLogic>;
  readonly #options: SubscribeOptions;
  readonly publisher: Publisher;
  readonly history: History;
  /** Null: the relay is taken at its word. */
  readonly #guard: DocumentGuard | null;
  readonly #seals: Sealing | null;
  /** Null: nothing is kept. */
  readonly durable: DurableDocument | null;
  readonly #subscription: DocumentSubscription;
  readonly #presence: DocumentPresence;
  readonly #snapshots: DocumentSnapshots;
  readonly #reading: DocumentReading;
  readonly #loading: DocumentLoading;
  #overWith: WeirError | null = null;

  constructor(link: DocumentLink<DocumentLogic>, space: string, document: string, options: SubscribeOptions) {
    super();
    this.#link = link;
    this.space = space;
    this.document = document;
    this.#options = options;
    this.history = new History(space, document, typeof options.from === 'object' ? options.from : null);
    this.#guard = (options.encryption ?? options.verify)?.begin(link, this) ?? null;
    this.#seals = this.#guard?.seals ?? null;
    const writer = link.writer && (this.#seals?.writer(link.writer) ?? link.writer);
    this.durable = writer && new DurableDocument(writer, `${space}\0${document}`, link, () => this.publisher.progress);
    this.publisher = this.#makePublisher();
    this.#subscription = new DocumentSubscription(link, this, options);
    this.#presence = new DocumentPresence(link, this, this.#seals);
    this.#snapshots = this.#makeSnapshots();
    const intake = new RecordIntake(link, this.history, this.#guard);
    const parts = { intake, guard: this.#guard, snapshots: this.#snapshots, subscription: this.#subscription };
    this.#reading = new DocumentReading(link, this, { ...parts, compact: options.compact });
    this.#loading = new DocumentLoading(this, this.durable, intake, this.#snapshots);
  }

  // ---- for the application ----

  get pendingCount(): number {
    return this.publisher.pendingCount;
  }
  get caughtUp(): boolean {
    return this.#reading.caughtUp;
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
    return this.publisher.publish(payload, options, null);
  }

  async whenStored(options: WaitOptions = {}): Promise<void> {
    if (!this.loaded) await this.whenLoaded(options);
    return this.publisher.whenStored(options);
  }

  whenCaughtUp(options?: WaitOptions): Promise<void> {
    return this.#reading.whenCaughtUp(options);
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
    if (this.#subscription.maySend) this.#presence.send(); // at once: the page may be on its way out
  }

  close(): void {
    if (this.#overWith !== null) return;
    this.#subscription.unsubscribe();
    this.end(new ClosedError(`${this.path} was closed; open it again with subscribe()`, this.path), false);
    this.forgetListeners(); // whatever is being told just now
  }

  // ---- for the client, and for the hub of several tabs ----

  get live(): boolean {
    return this.#options.from === 'live';
  }
  get handle(): number {
    return this.#subscription.handle;
  }
  override emit<Name extends keyof DocumentEvents>(name: Name, ...args: DocumentEvents[Name]): void {
    super.emit(name, ...args);
  }
  hasLoaded(): void {
    if (this.#link.welcome !== null) this.#subscription.begin();
  }
  get subscribed(): boolean {
    return this.#subscription.open;
  }
  /** Why it has ended; null while it has not. */
  get over(): WeirError | null {
    return this.#overWith;
  }

  get makesSnapshots(): boolean {
    return this.#options.snapshotter !== undefined;
  }
  get takesSnapshots(): boolean {
    return this.#snapshots.wanted;
  }
  request(event: Omit<Subscribe, 'request'>): void {
    this.#link.request(this, event);
  }

  connected(): void {
    this.publisher.connected();
    if (this.loaded) this.#subscription.begin();
  }

  disconnected(): void {
    this.#guard?.drop();
    if (!this.#subscription.lost()) return;
    this.#reading.deliver();
    if (this.#overWith !== null) return; // the application has closed it just now
    this.#reading.behind();
    this.publisher.disconnected();
    this.#snapshots.reset();
    this.emit('disconnected');
  }

  /** The client goes on under another producer. */
  producerReplaced(): void {
    this.publisher.producerReplaced(this.history.offset);
    this.history.forgetPublished();
    this.#seals?.producerReplaced();
  }

  /** For ever: deleted, fenced, or closed. */
  end(error: WeirError, tell = true): void {
    if (this.#overWith !== null) return;
    this.#reading.deliver();
    if (this.over !== null) return; // the application has closed it just now
    const answersOutstanding = this.#subscription.asked || this.publisher.inFlight;
    this.#overWith = error;
    this.#subscription.end();
    this.#reading.behind();
    this.#guard?.drop();
    this.#link.forget(this, answersOutstanding);
    if (error instanceof DocumentDeletedError) this.durable?.forget();
    this.durable?.seal();
    this.publisher.end(error);
    this.#snapshots.end(error);
    if (tell) this.emit('error', error);
    this.#reading.end(error);
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
    if (this.#overWith !== null) return;
    if (event.kind === 'records' || event.kind === 'pack') return this.#reading.take(event);
    this.#reading.deliver();
    if (this.over !== null) return; // the application has closed it just now
    switch (event.kind) {
      case 'subscribed':
        return this.#subscribed(event);
      case 'caughtUp':
        return this.#reading.reachedHead(event.offset);
      case 'stored':
        return this.publisher.stored(event.throughSequence, event.offset);
      case 'presence':
        return this.#presence.received(event);
      case 'cut':
        return this.#reading.cut(event.offset);
      case 'error':
        return event.request !== 0 ? this.#subscription.refused(event) : this.#refused(event);
      default:
        if (this.#subscription.open) this.#snapshots.receive(event);
    }
  }

  /** What was gathered of a frame. */
  handOver(): void {
    this.#reading.deliver();
    this.#snapshots.look();
  }

  /** Sends presence and one frame of deltas, if they may go now. False when there is nothing more to send. */
  flush(budgetBytes: number, wireIdle: boolean): boolean {
    if (!this.#subscription.maySend || !this.publisher.maySend) return false;
    this.#presence.send();
    return this.publisher.flush(budgetBytes, wireIdle) || this.#snapshots.flush(budgetBytes);
  }

  // ---- what the relay says of the subscription ----

  #subscribed(event: Subscribed): void {
    const { fresh, lost, changed } = this.#subscription.answered(event, this.publisher.everStored);
    if (fresh) this.durable?.moved(this.history);
    if (!this.publisher.resume(event, lost, changed)) return;
    this.emit('subscribed', { fresh, lostHistory: lost });
    this.#presence.renew(event.presence);
    this.#link.wantFlush();
  }

  /** About this document, or a publish to it. */
  #refused(event: ErrorEvent): void {
    const error = errorFromAnswer(event, this.path);
    if (error instanceof DocumentDeletedError) return this.end(error);
    if (event.reason === Reason.fenced) return this.#link.fenced(error);
    if (event.reason === Reason.snapshot) return this.#snapshots.notTaken(error);
    if (!this.#subscription.open) return; // the coming answer settles the outbox anew
    if (event.throughSequence > 0 || !unreadable.includes(event.code)) return this.publisher.refused(event, error);
    // The relay could not read the document's log, and has ended the subscription.
    this.disconnected();
    this.emit('error', error);
    this.#subscription.askLater(event);
  }

  /** What came before this was taken; the cursor stays there. */
  giveUp(wrong: WeirError): void {
    this.#subscription.unsubscribe();
    this.end(wrong);
  }

  resubscribe(): void {
    this.#snapshots.reset();
    this.#reading.behind();
    this.#subscription.again();
  }

  pause(): boolean {
    if (!this.#subscription.pause()) return false;
    this.#reading.behind();
    return true;
  }

  resume(): void {
    if (this.#subscription.open) this.resubscribe();
  }

  // ---- its parts ----

  #makePublisher(): Publisher {
    return new Publisher(this.#link, {
      path: this.path,
      state: this.#options.state,
      willRead: !this.live,
      seals: this.#seals,
      handle: () => this.handle,
      history: this.history,
      sent: (sequence, payload) => this.history.published(sequence, payload),
      stored: () => this.emit('stored', { pendingCount: this.pendingCount }),
      failed: (error) => this.emit('error', error),
      resubscribe: () => this.resubscribe(),
    }, this.durable);
  }

  #makeSnapshots(): DocumentSnapshots {
    return new DocumentSnapshots(this.#link, {
      space: this.space,
      document: this.document,
      path: this.path,
      takes: this.#options.snapshots ?? false,
      snapshotter: this.#options.snapshotter,
      handle: () => this.handle,
      settledAt: () => this.#settledAt,
      history: this.history,
      seals: this.#seals,
      received: (snapshot) => this.publisher.saw([snapshot]),
      taken: (snapshot, kept) => this.durable?.readSnapshot(snapshot, this.history, kept),
      announced: (snapshot) => this.emit('snapshot', snapshot),
      refused: (error) => {
        this.emit('error', error);
        this.resume();
      },
      stored: (offset) => this.emit('snapshot-stored', { offset }),
      failed: (error) => this.emit('error', error),
      attested: (offset, valid) => this.emit('attested', { offset, valid }),
    });
  }

  /** The cursor, if all that was read and published is in it and nothing else. */
  get #settledAt(): Cursor | null {
    const settled = this.#subscription.open && this.#reading.complete && this.pendingCount === 0;
    return settled && this.publisher.maySend && this.publisher.progress.storedOffset <= this.history.offset ? this.history.cursor : null;
  }
}
