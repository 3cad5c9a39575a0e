// One document in a tab, over a hub that may be another one at any moment.
//
// What is published is kept until the hub's store has it, and its promise until the relay has. When there is a new hub, the
// document is opened behind the last record that came, and what the new one lacks is given again.

import { toHex } from '../bytes.js';
import { checkBytes } from '../checks.js';
import type {
  Compaction,
  DocumentEvents,
  DocumentSession,
  PublishOptions,
  StoredResult,
  SubscribeOptions,
  WeirRecord,
} from '../document.js';
import { compactBytes, replay, spread } from '../durable.js';
import { Emitter } from '../emitter.js';
import { ClosedError, Code, SnapshotRefusedError, UnknownKeyError, UnreadableRecordError, type WeirError } from '../errors.js';
import type { Guarding } from '../guard.js';
import type { Presence } from '../presence.js';
import type { WeirSnapshot } from '../snapshots.js';
import { piecesOf, stateError } from '../state-offering.js';
import type { Author, StoredRecord } from '../store/store.js';
import { abortable, Waiters, type WaitOptions } from '../waiters.js';
import type { Cursor, Delta } from '../wire/events.js';
import { revivedError, type DocumentNews, type OpenDocument, type Opened, type ToHub } from './messages.js';

/** What a tab says to the hub about one document. */
export type Saying<Kind = Extract<ToHub, { key: string }>> = Kind extends { key: string } ? Omit<Kind, 'to' | 'tab' | 'term'> : never;

export interface TabLink {
  readonly tab: string;
  say(saying: Saying): void;
  forget(document: TabDocument): void;
}

interface Mine extends Delta {
  number: number;
  resolve(result: StoredResult): void;
  reject(error: Error): void;
}

type RecordsNews = Extract<DocumentNews, { kind: 'records' }>;

export class TabDocument extends Emitter<DocumentEvents> implements DocumentSession {
  readonly space: string;
  readonly document: string;
  readonly key: string;
  readonly compact: Compaction | undefined;
  readonly guarding: Guarding;
  readonly #link: TabLink;
  readonly #options: SubscribeOptions;
  readonly #whenLoaded = new Waiters();
  readonly #whenCaughtUp = new Waiters();
  readonly #whenStored = new Waiters();
  readonly #whenPersisted = new Waiters();
  readonly #others = new Map<string, Presence>();
  /** Published here, and not known to be on the relay. */
  #mine: Mine[] = [];
  #given: number; // numbers of deltas that were ever published from here
  #accepted: number; // by the hub
  #persisted: number;
  #index = 0;
  /** Records that this tab has, and the hub is going to read again: it died before they were in the store. */
  #ahead = 0;
  /** Of the history that they are from. */
  #epoch = 0n;
  #meanwhile: RecordsNews[] = [];
  #phase: 'away' | 'opening' | 'open' = 'away';
  #loaded = false;
  #subscribed = false;
  #caughtUp = false;
  #cursor: Cursor | null = null;
  #hubPending = 0;
  #presence: Uint8Array | null = null;
  #recreate: boolean;
  #overWith: WeirError | null = null;
  /** Why what waits is not sent. */
  #withheld: WeirError | null = null;

  constructor(link: TabLink, space: string, document: string, options: SubscribeOptions, given: number) {
    super();
    this.#link = link;
    this.space = space;
    this.document = document;
    this.key = `${space}\0${document}`;
    this.#options = options;
    this.compact = options.compact;
    this.guarding = { encryption: options.encryption, verify: options.verify };
    this.#recreate = options.recreate ?? false;
    this.#given = this.#accepted = this.#persisted = given;
  }

  // ---- for the application ----

  get pendingCount(): number {
    return this.#hubPending + this.#mine.filter(({ number }) => number > this.#accepted).length;
  }
  get caughtUp(): boolean {
    return this.#caughtUp;
  }
  get loaded(): boolean {
    return this.#loaded;
  }
  get cursor(): Cursor | null {
    return this.#cursor;
  }
  get presence(): ReadonlyMap<string, Presence> {
    return this.#others;
  }
  /** The number of the last delta that was published here. */
  get given(): number {
    return this.#given;
  }

  publish(payload: Uint8Array, options: PublishOptions = {}): Promise<StoredResult> {
    checkBytes(payload, 'publish');
    if (this.#overWith !== null) return Promise.reject(this.#overWith);
    const codec = options.codec ?? 0;
    const promise = new Promise<StoredResult>((resolve, reject) => {
      const mine: Mine = { number: ++this.#given, codec, payload: compactBytes(payload), resolve, reject };
      this.#mine.push(mine);
      if (this.#phase === 'open') this.#give(mine);
    });
    promise.catch(() => undefined);
    return abortable(promise, options.signal);
  }

  async whenStored(options: WaitOptions = {}): Promise<void> {
    if (!this.#loaded) await this.whenLoaded(options);
    const nothing = this.pendingCount === 0;
    return this.#whenStored.wait(nothing, this.#overWith ?? (nothing ? null : this.#withheld), options);
  }
  whenCaughtUp(options?: WaitOptions): Promise<void> {
    return this.#whenCaughtUp.wait(this.#caughtUp, this.#overWith, options);
  }
  whenLoaded(options?: WaitOptions): Promise<void> {
    return this.#whenLoaded.wait(this.#loaded, this.#overWith, options);
  }
  async whenPersisted(options: WaitOptions = {}): Promise<void> {
    const through = this.#given;
    while (this.#persisted < through) await this.#whenPersisted.wait(false, this.#overWith, options);
  }

  /** Whoever has the connection has no document to make one of. */
  offerSnapshot(): Promise<{ offset: number }> {
    const message = `${this.space}/${this.document}: tabs that share a client make no snapshots`;
    return Promise.reject(new SnapshotRefusedError(message, { code: Code.unimplemented }));
  }

  setPresence(data: Uint8Array): void {
    checkBytes(data, 'setPresence');
    this.#presence = data.length === 0 ? null : compactBytes(data);
    if (this.#phase === 'open') this.#link.say({ kind: 'presence', key: this.key, data });
  }
  withdrawPresence(): void {
    this.setPresence(new Uint8Array(0));
  }

  close(): void {
    if (this.#overWith !== null) return;
    this.#link.say({ kind: 'close', key: this.key });
    const path = `${this.space}/${this.document}`;
    this.end(new ClosedError(`${path} was closed; open it again with subscribe()`, path), false);
    this.forgetListeners(); // whatever is being told just now
  }

  // ---- for the tab ----

  /** There is a hub. */
  attach(): void {
    this.away();
    this.#phase = 'opening';
    const { state, presence = false, snapshots = false } = this.#options;
    const asked: OpenDocument = {
      space: this.space,
      document: this.document,
      after: this.#index + this.#ahead,
      state: state !== undefined,
      presence,
      recreate: this.#recreate,
      snapshots: snapshots !== false,
      encrypted: this.guarding.encryption !== undefined,
    };
    this.#recreate = false;
    this.#link.say({ kind: 'open', key: this.key, ...asked });
  }

  /** The hub is gone; another will come. */
  away(): void {
    this.#phase = 'away';
    this.#meanwhile = [];
    this.#disconnected();
  }

  /** For ever. */
  end(error: WeirError, tell = true): void {
    if (this.#overWith !== null) return;
    this.#overWith = error;
    this.#phase = 'away';
    this.#caughtUp = false;
    this.#link.forget(this);
    for (const { reject } of this.#mine.splice(0)) reject(error);
    if (tell) this.emit('error', error);
    for (const waiters of [this.#whenLoaded, this.#whenCaughtUp, this.#whenStored, this.#whenPersisted])
      waiters.reject(error);
  }

  heard(news: DocumentNews | Opened): void {
    if (news.kind === 'over') return this.end(revivedError(news.error));
    if (this.#phase === 'away') return;
    if (news.kind === 'opened') return this.#opened(news);
    if (news.kind === 'ask') return void this.#answerState(news.ask);
    if (this.#phase === 'opening') {
      if (news.kind === 'records') this.#meanwhile.push(news);
      return; // the rest is in what `opened` will tell
    }
    this.#news(news);
  }

  // ---- news ----

  #news(news: Exclude<DocumentNews, { kind: 'over' | 'ask' }>): void {
    switch (news.kind) {
      case 'records':
        return this.#records(news);
      case 'pending':
        return this.#pending(news);
      case 'persisted':
        return this.#persistedThrough(news.marks.get(this.#link.tab) ?? 0);
      case 'stored':
        this.#hubPending = news.pendingCount;
        if (news.author?.tab === this.#link.tab) this.#storedThrough(news.author.number, news.offset);
        else this.#checkStored();
        return;
      case 'refused':
        return this.#refused(news.author, revivedError(news.error), news.pendingCount);
      case 'subscribed':
        if (news.cursor?.epoch !== this.#epoch) this.#ahead = 0;
        return this.#isSubscribed(news.fresh, news.lostHistory);
      case 'caught-up':
        this.#cursor = news.cursor;
        return this.#isCaughtUp();
      case 'disconnected':
        return this.#disconnected();
      case 'presence':
        if (news.from !== this.#link.tab) this.#presenceOf(news.changes);
        return;
      case 'cut':
        this.emit('cut', news.offset);
        return;
      case 'failed':
        return this.#failed(revivedError(news.error));
    }
  }

  #opened(news: Opened): void {
    if (this.#phase !== 'opening') return;
    this.#ahead = Math.max(0, this.#index + this.#ahead - news.through);
    if (news.state !== null) this.emit('state', news.state);
    if (news.records.length > 0) this.#deliver(news.records, []);
    this.#index = news.through;
    this.#cursor = news.cursor;
    if (this.#ahead === 0) this.#epoch = news.cursor?.epoch ?? this.#epoch;
    this.#phase = 'open';
    for (const records of this.#meanwhile.splice(0)) this.#records(records);
    if (news.pending.length > 0) this.emit('pending', news.pending);
    this.#hubPending = news.pendingCount;
    if (news.withheld !== null) this.#failed(revivedError(news.withheld));
    this.#resume(news);
    if (!this.#loaded) {
      this.#loaded = true;
      this.#whenLoaded.resolve();
      this.emit('loaded');
    }
    if (news.subscribed) this.#isSubscribed(false, false);
    if (news.cut > 0) this.emit('cut', news.cut);
    this.#presenceOf(news.presence);
    if (this.#presence !== null) this.setPresence(this.#presence);
    if (news.caughtUp) this.#isCaughtUp();
    this.#checkStored();
  }

  /** What this hub has of ours is settled, the rest is given to it. */
  #resume({ accepted, persisted, stored, storedOffset }: Opened): void {
    this.#accepted = Math.min(accepted, this.#given);
    this.#storedThrough(Math.min(stored, this.#given), storedOffset);
    this.#persistedThrough(persisted);
    const lacking = this.#mine.filter(({ number }) => number > accepted);
    for (const mine of lacking) this.#give(mine);
  }

  #give({ number, codec, payload }: Mine): void {
    this.#link.say({ kind: 'publish', key: this.key, number, codec, payload });
  }

  #pending({ author, codec, payload, pendingCount }: Extract<DocumentNews, { kind: 'pending' }>): void {
    this.#hubPending = pendingCount;
    if (author.tab === this.#link.tab) this.#accepted = Math.max(this.#accepted, author.number);
    else this.emit('pending', [{ codec, payload }]);
    this.emit('stored', { pendingCount: this.pendingCount });
  }

  #persistedThrough(number: number): void {
    if (number <= this.#persisted) return;
    this.#persisted = number;
    this.#whenPersisted.resolve();
  }

  #storedThrough(number: number, offset: number): void {
    const stored = this.#mine.filter((mine) => mine.number <= number);
    this.#mine = this.#mine.filter((mine) => mine.number > number);
    for (const { resolve } of stored) resolve({ offset });
    this.#checkStored();
  }

  #refused(author: Author, error: WeirError, pendingCount: number): void {
    this.#hubPending = pendingCount;
    if (author.tab === this.#link.tab) {
      this.#mine.find(({ number }) => number === author.number)?.reject(error);
      this.#mine = this.#mine.filter(({ number }) => number !== author.number);
    }
    this.#checkStored();
  }

  #checkStored(): void {
    this.emit('stored', { pendingCount: this.pendingCount });
    if (this.pendingCount === 0) this.#whenStored.resolve();
  }

  #failed(error: WeirError): void {
    if (error instanceof UnknownKeyError) {
      if (this.#withheld !== null) return; // it was told
      this.#withheld = error;
      if (this.pendingCount > 0) this.#whenStored.reject(error);
    }
    this.emit('error', error);
  }

  // ---- records ----

  #records({ first, records, authors, cursor }: RecordsNews): void {
    const known = this.#index + 1 - first;
    if (known < 0) return this.attach(); // something is missing: ask for all of it
    this.#cursor = cursor;
    this.#epoch = cursor?.epoch ?? this.#epoch;
    this.#index = Math.max(this.#index, first + records.length - 1);
    const skipped = known + Math.min(this.#ahead, Math.max(0, records.length - known));
    this.#ahead -= skipped - known;
    if (skipped < records.length) this.#deliver(records.slice(skipped), authors.slice(skipped));
  }

  #deliver(records: StoredRecord[], authors: (Author | null)[]): void {
    const mine = new Set(records.filter((_, i) => authors[i]?.tab === this.#link.tab));
    for (const step of replay(records)) {
      const own = (record: StoredRecord): boolean => mine.has(record);
      if (step.snapshot !== null) this.#snapshot(step.snapshot);
      else
        this.emit(
          'records',
          step.records.flatMap((record): WeirRecord[] => {
            if (!own(record)) return spread({ ...record, own: false });
            const { opened: _, ...bare } = record;
            return [{ ...bare, own: true, payload: null }];
          }),
        );
    }
  }

  #snapshot(snapshot: WeirSnapshot): void {
    try {
      if (typeof this.#options.snapshots === 'function') this.#options.snapshots(snapshot);
      this.emit('snapshot', snapshot);
    } catch (cause) {
      const document = `${this.space}/${this.document}`;
      const message = `${document}: the snapshot at offset ${snapshot.offset} was left out`;
      this.emit('error', new UnreadableRecordError(message, { code: Code.dataLoss, document, cause }));
    }
  }

  // ---- the relay, others, the application ----

  #isSubscribed(fresh: boolean, lostHistory: boolean): void {
    this.#subscribed = true;
    this.emit('subscribed', { fresh, lostHistory });
  }

  #isCaughtUp(): void {
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.emit('caught-up');
    this.#whenCaughtUp.resolve();
  }

  #disconnected(): void {
    this.#caughtUp = false;
    if (!this.#subscribed) return;
    this.#subscribed = false;
    this.#others.clear();
    this.emit('disconnected');
  }

  #presenceOf(changes: Presence[]): void {
    const wanted = changes.filter(({ key, gone }) => !gone || this.#others.has(key));
    for (const change of wanted) {
      if (change.gone) this.#others.delete(change.key);
      else this.#others.set(change.key, change);
    }
    if (wanted.length > 0 && (this.#options.presence ?? false) !== false) this.emit('presence', wanted);
  }

  async #answerState(ask: number): Promise<void> {
    let pieces: Uint8Array[] | null = null; // another tab may have one
    try {
      pieces = piecesOf((await this.#options.state?.()) ?? null);
    } catch (cause) {
      this.emit('error', stateError(`${this.space}/${this.document}`, cause));
    }
    this.#link.say({ kind: 'offer', key: this.key, ask, pieces: pieces?.map(compactBytes) ?? null });
  }
}

/** A name for a tab, of its own. */
export function newTab(random: (count: number) => Uint8Array): string {
  return toHex(random(8));
}
