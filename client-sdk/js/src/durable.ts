// What one document keeps in the client's store, and the rules of it:
//
//  - a delta is sent only when it is stored under the sequence it is sent with, so that after a crash the same bytes go
//    under the same sequences, and the relay's mark tells what it has already;
//  - records, and the cursor behind them, go in one transaction, so that they never disagree;
//  - an own delta leaves the store when it was read back as a record, not when the relay has answered: in between, a
//    record without payload may come, and the copy of the document here would lack it.
//
// Internal: document-logic.ts and publisher.ts tell it what happens.

import { equalBytes } from './bytes.js';
import { digest } from './chain.js';
import type { Compaction } from './document.js';
import type { WeirError } from './errors.js';
import type { History } from './history.js';
import type { KeptDocument } from './guard.js';
import type { DocumentLink } from './link.js';
import type { OutboxEntry, OutboxJournal } from './outbox-entry.js';
import type { WeirSnapshot } from './snapshots.js';
import type { Author, Change, Place, StoredDelta, StoredRecord } from './store/store.js';
import type { DocumentWriter } from './store/writer.js';
import type { Delta, WireRecord } from './wire/events.js';

/** How far publishing has come; part of the document's place. */
export type Progress = Pick<Place, 'storedThrough' | 'storedOffset' | 'everStored' | 'stateWanted' | 'encrypted'>;

/** A delta of this client's; with what is sealed in it. */
export type OwnDelta = Delta & { author: Author | null } & Pick<WireRecord, 'opened'>;

/** How much is read between two compactions. */
const tailRecordsMax = 500;
const tailBytesMax = 256 * 1024;

export class DurableDocument implements OutboxJournal {
  readonly #writer: DocumentWriter;
  readonly #document: string;
  readonly #link: Pick<DocumentLink<never>, 'producer' | 'wantFlush'>;
  readonly #progress: () => Progress;
  /** Nothing is written before load(), nor after seal(). */
  #open = false;
  #unreadable: WeirError | null = null;
  #cursor: Pick<Place, 'epoch' | 'offset' | 'chain'> = { epoch: 0n, offset: 0, chain: null };
  /** Own deltas by sequence, until they were read back. */
  readonly #own = new Map<number, OwnDelta>();
  #ownRead = 0;
  #index = 0;
  /** Batches of records that are on their way into the store. */
  #recent: { last: number; records: StoredRecord[] }[] = [];
  /** The last number that each tab had given when this was loaded. */
  readonly marks = new Map<string, number>();
  #tailRecords = 0;
  #tailBytes = 0;
  /** Told what became of a tab's delta from an earlier life. */
  onanswer: ((author: Author, offset: number, error: WeirError | null) => void) | null = null;
  /** Told of all that is read, with its count and who in this browser wrote it. */
  onread: ((first: number, records: StoredRecord[], authors: (Author | null)[]) => void) | null = null;

  constructor(
    writer: DocumentWriter,
    document: string,
    link: Pick<DocumentLink<never>, 'producer' | 'wantFlush'>,
    progress: () => Progress,
  ) {
    this.#writer = writer;
    this.#document = document;
    this.#link = link;
    this.#progress = progress;
  }

  /** What is kept; from here on, what happens is. The history goes on where it was. */
  async load(history: History): Promise<KeptDocument> {
    const kept = await this.#writer.load(this.#document);
    const { place, outbox, records, state } = kept;
    if (place !== null) {
      this.#cursor = { epoch: place.epoch, offset: place.offset, chain: place.chain };
      history.restore(place);
      const { producer } = this.#link;
      for (const { sequence, payload } of equalBytes(place.producer, producer) ? outbox : [])
        if (sequence <= place.storedThrough) history.published(sequence, payload);
    }
    this.#index = (state?.through ?? 0) + records.length;
    this.#tailRecords = records.length;
    this.#tailBytes = records.reduce((sum, { payload }) => sum + payload.length, 0);
    for (const delta of outbox) this.#own.set(delta.sequence, delta);
    for (const [tab, number] of kept.marks) this.marks.set(tab, number);
    this.#open = true;
    return kept;
  }

  /** The count of the last record that was read. */
  get index(): number {
    return this.#index;
  }

  /** Own deltas that were not read back yet. */
  get own(): OwnDelta[] {
    return [...this.#own.values()];
  }

  /** What was read after this count; with the state, where that begins earlier. */
  async contents(after: number): Promise<{ state: Uint8Array[] | null; records: StoredRecord[]; through: number }> {
    const recent = [...this.#recent]; // before the store is asked: what is not among them then, it has
    const { state, records } = await this.#writer.load(this.#document);
    const covered = state?.through ?? 0;
    let through = covered + records.length;
    for (const batch of recent) {
      const lacking = batch.last - through;
      if (lacking > 0) records.push(...batch.records.slice(-lacking));
      through = Math.max(through, batch.last);
    }
    if (after < covered) return { state: state?.pieces ?? null, records, through };
    return { state: null, records: records.slice(after - covered), through };
  }

  /** Everything published so far is in the store. Rejects when nothing is. */
  persisted(): Promise<void> {
    if (this.#unreadable !== null) return Promise.reject(this.#unreadable);
    return this.#writer.write();
  }

  // ---- of the outbox ----

  ready(entry: OutboxEntry): boolean {
    return entry.writes === 0 || !this.#writer.holdsUp || !this.#open;
  }

  added(entry: OutboxEntry): void {
    this.#remember(entry);
    if (!this.#open) return;
    entry.writes++;
    const delta = storedDelta(entry);
    void this.#writer.write({ kind: 'queue', document: this.#document, delta }).then(() => this.#written([entry]));
  }

  /** The outbox was numbered anew, or lost a part. */
  rewritten(entries: readonly OutboxEntry[]): void {
    this.#own.clear();
    this.#ownRead = 0;
    for (const entry of entries) this.#remember(entry);
    if (!this.#open) return;
    for (const entry of entries) entry.writes++;
    const deltas = entries.map(storedDelta);
    const written = this.#writer.write({ kind: 'outbox', document: this.#document, deltas }, this.#placeChange());
    void written.then(() => this.#written(entries));
  }

  /** The relay has everything through this sequence. */
  stored(through: number, willBeRead: boolean): void {
    if (!this.#open) return;
    void this.#writer.write(this.#placeChange());
    if (!willBeRead) this.#dequeue(through);
  }

  #remember(delta: OutboxEntry): void {
    this.#own.set(delta.sequence, delta);
  }

  #written(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) entry.writes--;
    this.#link.wantFlush();
  }

  #dequeue(through: number): void {
    for (const sequence of this.#own.keys()) if (sequence <= through) this.#own.delete(sequence);
    void this.#writer.write({ kind: 'dequeue', document: this.#document, through });
  }

  // ---- of the reader ----

  /** Records were read, and the reader stands behind them. */
  read(records: readonly WireRecord[], own: (record: WireRecord) => boolean, history: History): void {
    const kept: StoredRecord[] = [];
    const authors: (Author | null)[] = [];
    let ownRead = 0;
    for (const record of records) {
      const mine = own(record) ? this.#own.get(record.sequence) : undefined;
      if (own(record)) ownRead = record.sequence;
      const payload = record.payload ?? mine?.payload;
      if (payload === undefined) continue; // an own one of an earlier life; the cursor is void too, it will come again
      const opened = record.opened ?? mine?.opened;
      kept.push({ ...record, producer: record.producer.slice(), payload: compactBytes(payload), ...(opened && { opened }) });
      authors.push(mine?.author ?? null);
    }
    const first = this.#index + 1;
    this.#index += kept.length;
    this.#ownRead = Math.max(this.#ownRead, ownRead);
    this.#tailRecords += kept.length;
    for (const { payload } of kept) this.#tailBytes += payload.length;
    if (this.#open) {
      this.#cursor = placeOf(history);
      const batch = { last: this.#index, records: kept };
      this.#recent.push(batch);
      const change: Change = { kind: 'records', document: this.#document, first, records: kept };
      void this.#writer
        .write(change, this.#placeChange())
        .then(() => this.#recent.splice(this.#recent.indexOf(batch), 1));
      if (ownRead > 0) this.#dequeue(ownRead);
    }
    this.onread?.(first, kept, authors);
  }

  /** A snapshot was read, and the reader stands behind it: kept among the records, in its place. */
  readSnapshot(snapshot: WeirSnapshot, history: History, kept: Uint8Array | null): void {
    this.read([{ ...recordOf(snapshot), ...(kept && { kept }) }], () => false, history);
  }

  /** The reader stands elsewhere: at the start of another history, or behind a cut. */
  moved(history: History): void {
    this.#cursor = placeOf(history);
    if (this.#open) void this.#writer.write(this.#placeChange());
  }

  /** When much was read since the last time, what the application makes of it takes the place of all that was read so far. */
  compact(merge: Compaction, failed: (cause: unknown) => void): void {
    if (!this.#open || (this.#tailRecords <= tailRecordsMax && this.#tailBytes <= tailBytesMax)) return;
    const begun = this.#writer.compactions.begin(this.#document, (wanted) => this.#compact(merge, wanted), failed);
    if (begun) this.#tailRecords = this.#tailBytes = 0;
  }

  /** Also when this document was closed meanwhile: what is in the store is the same for whoever opens it next. */
  async #compact(merge: Compaction, wanted: () => boolean): Promise<void> {
    const { state, records } = await this.#writer.load(this.#document);
    const through = (state?.through ?? 0) + records.length;
    const merged = (await merge(state?.pieces ?? [], records.flatMap(spread))).map(compactBytes);
    const pieces = (await this.#writer.kept?.(merged)) ?? merged;
    if (wanted()) await this.#writer.write({ kind: 'state', document: this.#document, through, pieces });
  }

  // ---- the end ----

  /** The document was deleted: no copy of it stays. */
  forget(): void {
    this.#writer.compactions.drop(this.#document);
    if (this.#open) void this.#writer.write({ kind: 'forget', document: this.#document });
    this.#open = false;
  }

  /** What happens from here on is not to be remembered: the session ends, what it has stored stays. */
  seal(): void {
    this.#open = false;
  }

  /** It could not be loaded, and what it has is not to be written over. */
  unreadable(error: WeirError): void {
    this.seal();
    this.#unreadable = error;
  }

  #placeChange(): { kind: 'place'; document: string; place: Place } {
    const progress = this.#progress();
    const storedThrough = Math.max(progress.storedThrough, this.#ownRead);
    const place = { producer: this.#link.producer, ...this.#cursor, ...progress, storedThrough };
    return { kind: 'place', document: this.#document, place };
  }
}

function storedDelta({ sequence, base, codec, payload, author, kept }: OutboxEntry): StoredDelta {
  return { sequence, base, codec, payload: kept ?? compactBytes(payload), author };
}

/** A record as those that were sealed in it; one of another kind as it is. */
export function spread<Kind extends Pick<WireRecord, 'opened'>>(record: Kind): Kind[] {
  if (record.opened === undefined) return [record];
  const { opened, ...bare } = record;
  return opened.deltas.map((delta) => ({ ...bare, ...delta }) as unknown as Kind);
}

// A snapshot among the records that are kept: sequence 0, which no record has, and its base in the place of the producer.

function recordOf({ offset, base, codec, bytes, time }: WeirSnapshot): WireRecord {
  const producer = new Uint8Array(16);
  new DataView(producer.buffer).setBigUint64(8, BigInt(base));
  return { offset, producer, sequence: 0, time, codec, payload: bytes };
}

function snapshotOf({ offset, producer, codec, payload, time }: StoredRecord): WeirSnapshot {
  const base = Number(new DataView(producer.buffer, producer.byteOffset).getBigUint64(8));
  return { offset, base, codec, bytes: payload, hash: digest(payload), fidelity: 'unknown', verified: false, time };
}

/** What was kept, in the order of reading: records, and snapshots between them. */
export function replay(kept: readonly StoredRecord[]): { records: StoredRecord[]; snapshot: WeirSnapshot | null }[] {
  const steps: ReturnType<typeof replay> = [];
  for (const record of kept) {
    const last = steps.at(-1);
    if (record.sequence === 0) steps.push({ records: [], snapshot: snapshotOf(record) });
    else if (last === undefined || last.snapshot !== null) steps.push({ records: [record], snapshot: null });
    else last.records.push(record);
  }
  return steps;
}

function placeOf(history: History): Pick<Place, 'epoch' | 'offset' | 'chain'> {
  return { epoch: history.epoch, offset: history.offset, chain: history.cursor?.chain ?? null };
}

/** A part of a buffer would keep the whole of it, in memory and in IndexedDB. */
export function compactBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
