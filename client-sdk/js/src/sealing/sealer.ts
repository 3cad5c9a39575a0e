// Between a document's outbox and its journal. Deltas that wait are gathered into entries, each one record; an entry is sealed
// for the sequence that the outbox gave it, and only then it may be stored and sent. What is numbered anew is sealed anew:
//
//   - the plaintexts stay with an entry until it is stored on the relay;
//   - until it is sealed anew, the store keeps the bytes that were sealed for the old place, and which place that was,
//     so that at no moment an edit is in neither form, and none is there in plain.
//
// Sealing goes from the front to the back, so what is not in the store yet is always the newest.
//
// What was sealed as it was written, offline perhaps, has a few deltas in each entry. Before a connection's first frame entries that
// were never sent are gathered again, or cut where this relay takes less (regather.ts); the store has the old ones until
// the new ones are sealed.

import { equalBytes } from '../bytes.js';
import { Code, WeirError } from '../errors.js';
import type { MergeDeltas, RestoredDelta, SealedFor, Sealer } from '../guard.js';
import type { DocumentLink } from '../link.js';
import type { Outbox } from '../outbox.js';
import type { OutboxEntry, OutboxJournal } from '../outbox-entry.js';
import type { Author } from '../store/store.js';
import type { Delta } from '../wire/events.js';
import { keptDelta } from './at-rest.js';
import type { DocumentCipher } from './cipher.js';
import { batchBytesMax, batchDeltasMax, overheadBytesMax, sealedCodec, type Seen } from './format.js';
import { regrouped, toRegather } from './regather.js';

/** Of a batch whose relay is not known yet. */
const batchBytesMaxUnknown = 60 * 1024;

export interface SealerOwner {
  outbox(): Outbox;
  /** Null: without a store. */
  readonly journal: OutboxJournal | null;
  failed(error: WeirError): void;
}

/** An entry of the outbox, with what is in it. */
export interface Batch extends OutboxEntry {
  deltas: Delta[];
  /** Null: not sealed yet. */
  sealedFor: SealedFor | null;
  /** It takes no more deltas. */
  closed: boolean;
  storedEach: ((offset: number) => void)[];
  failedEach: ((error: Error) => void)[];
}

export class BatchSealer implements Sealer {
  readonly #link: Pick<DocumentLink<never>, 'producer' | 'welcome' | 'wantFlush'>;
  readonly #owner: SealerOwner;
  readonly #cipher: DocumentCipher;
  readonly #seen: () => Seen | null;
  readonly #merge: MergeDeltas;
  /** What is to be sealed, in the outbox's order. */
  #waiting: Batch[] = [];
  #round = 0; // of numbering
  #running = false;
  #gathered = 0;
  #settling: { last: Batch; resolve: () => void }[] = [];
  /** Not to be sent: others are made of what is in them. */
  #regathering: readonly Batch[] = [];

  constructor(
    link: Pick<DocumentLink<never>, 'producer' | 'welcome' | 'wantFlush'>,
    owner: SealerOwner,
    cipher: DocumentCipher,
    seen: () => Seen | null,
    merge: MergeDeltas,
  ) {
    this.#link = link;
    this.#owner = owner;
    this.#cipher = cipher;
    this.#seen = seen;
    this.#merge = merge;
  }

  get gathered(): number {
    return this.#gathered;
  }

  get deltaBytesMax(): number {
    return (this.#link.welcome?.payloadBytesMax || Infinity) - overheadBytesMax;
  }

  // ---- entries ----

  add(delta: Delta, author: Author | null, stored: (offset: number) => void, failed: (error: Error) => void): void {
    const last = this.#owner.outbox().last as Batch | undefined;
    if (last !== undefined && this.#takes(last, delta, author)) {
      last.deltas.push(delta);
      last.author = author;
      last.storedEach.push(stored);
      last.failedEach.push(failed);
      this.#gathered++;
      this.#owner.outbox().resize(last, last.bytes + delta.payload.length);
      return;
    }
    const added = this.#batch([delta], [stored], [failed]);
    added.author = author;
    this.#owner.outbox().add(added);
  }

  async offered(pieces: readonly Uint8Array[], entry: (piece: Uint8Array) => OutboxEntry): Promise<OutboxEntry[]> {
    const sealed: OutboxEntry[] = [];
    for (const piece of pieces) {
      const plain = entry(piece);
      const deltas = [{ codec: plain.codec, payload: piece }];
      const batch = Object.assign(plain, this.#batch(deltas, [plain.stored], [plain.failed]), { offered: true });
      // For no place of a record: the store can have it before its number is known.
      const nowhere = { producer: this.#link.producer, sequence: 0, base: false };
      const bytes = await this.#cipher.sealRecord(nowhere, null, deltas);
      put(batch, nowhere, bytes);
      batch.bytes = bytes.length;
      sealed.push(batch);
    }
    return sealed;
  }

  restored(delta: RestoredDelta, entry: (delta: RestoredDelta) => OutboxEntry): OutboxEntry {
    const deltas = [...(delta.opened?.deltas ?? [{ codec: delta.codec, payload: delta.payload }])];
    const { sealedFor, count = 1, ...kept } = delta;
    const { author, payload } = kept;
    // A tab hears of each that it gave; the last one's number is the batch's.
    const numbers = Array.from({ length: count }, (_, i) => (author?.number ?? 0) - count + 1 + i);
    const each = numbers.map((number) => entry(author === null ? delta : { ...delta, author: { ...author, number } }));
    const batch = this.#batch(deltas, each.map(({ stored }) => stored), each.map(({ failed }) => failed));
    const restored = Object.assign(batch, { ...kept, opened: batch.opened, sealedFor: null, sent: true, closed: true });
    this.#gathered += count - 1;
    if (sealedFor !== undefined) put(restored, sealedFor, payload);
    restored.bytes = payload.length;
    if (!this.#isCurrent(restored)) this.#wait(restored);
    return restored;
  }

  /** All that was added so far is sealed, and given to the journal. */
  settled(): Promise<void> {
    const last = this.#waiting.at(-1);
    return last === undefined ? Promise.resolve() : new Promise((resolve) => this.#settling.push({ last, resolve }));
  }

  regather(storedThrough: number): void {
    const { payloadBytesMax = 0 } = this.#link.welcome ?? {};
    const old = toRegather(this.#owner.outbox().waiting as Batch[], storedThrough, payloadBytesMax || Infinity);
    const groups = regrouped(old, { deltas: batchDeltasMax, bytes: Math.min(batchBytesMax, this.deltaBytesMax) });
    this.#regathering = groups.length === old.length ? [] : old;
    if (this.#regathering.length === 0) return;
    for (const batch of old) batch.closed = true;
    const batches = groups.map(({ deltas, storedEach, failedEach, author }) => {
      return Object.assign(this.#batch(deltas, storedEach, failedEach), { author, closed: true });
    });
    this.#regather(old, batches).catch((cause: unknown) => {
      this.#regathering = [];
      this.#failed(cause);
    });
  }

  async #regather(old: readonly Batch[], batches: Batch[]): Promise<void> {
    const round = this.#round;
    const seen = this.#seen();
    const [{ sequence, base }] = old as [Batch];
    for (const [i, batch] of batches.entries()) {
      const place = { producer: this.#link.producer, sequence: sequence + i, base: base && i === 0 };
      put(batch, place, await this.#cipher.sealRecord(place, seen, this.#merged(batch.deltas)));
      batch.bytes = batch.payload.length;
      if (round !== this.#round || this.#regathering !== old) return; // numbered anew, or another connection: these go as they are, or it is asked again
    }
    this.#gathered += old.length - batches.length;
    this.#owner.outbox().replace(old, batches);
    this.#link.wantFlush();
  }

  // ---- of the outbox, to its journal ----

  ready(entry: OutboxEntry): boolean {
    return !this.#regathering.includes(entry as Batch) && this.#isCurrent(entry as Batch) && this.#owner.journal?.ready(entry) !== false;
  }

  added(entry: OutboxEntry): void {
    this.#wait(entry as Batch);
  }

  rewritten(entries: readonly OutboxEntry[]): void {
    const batches = entries as readonly Batch[];
    this.#round++;
    this.#waiting = [];
    this.#regathering = [];
    for (const batch of batches) if (!this.#isCurrent(batch)) this.#wait(batch);
    this.#owner.journal?.rewritten(batches.filter(({ sealedFor }) => sealedFor !== null));
    this.#settle();
  }

  // ---- sealing ----

  #wait(batch: Batch): void {
    this.#waiting.push(batch);
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => void this.#run()); // what is published in the same breath goes along
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#next();
    } catch (cause) {
      this.#failed(cause);
    }
    this.#running = false;
  }

  #failed(cause: unknown): void {
    const message = `${this.#cipher.path}: a delta could not be sealed`;
    this.#owner.failed(new WeirError(message, { code: Code.internal, document: this.#cipher.path, cause }));
  }

  /** Those that the store has, sealed for another place, all together, so that it is written once; new ones one by one. */
  async #next(): Promise<void> {
    const round = this.#round;
    const again = this.#waiting.filter(({ sealedFor }) => sealedFor !== null);
    const batches = again.length > 0 ? again : this.#waiting.slice(0, 1);
    const seen = this.#seen();
    const sealed: [Batch, SealedFor, Uint8Array][] = [];
    for (const batch of batches) {
      batch.closed = true;
      const place = { producer: this.#link.producer, sequence: batch.sequence, base: batch.base };
      sealed.push([batch, place, await this.#cipher.sealRecord(place, seen, this.#merged(batch.deltas))]);
      if (round !== this.#round) return; // numbered anew meanwhile
    }
    for (const [batch, place, bytes] of sealed) {
      put(batch, place, bytes);
      this.#owner.outbox().resize(batch, bytes.length);
    }
    this.#waiting = this.#waiting.filter((batch) => !batches.includes(batch));
    if (again.length === 0) this.#owner.journal?.added(batches[0]!);
    else this.#owner.journal?.rewritten((this.#owner.outbox().waiting as Batch[]).filter(({ sealedFor }) => sealedFor !== null));
    this.#settle();
    this.#link.wantFlush();
  }

  #merged(deltas: readonly Delta[]): readonly Delta[] {
    if (deltas.length < 2) return deltas;
    try {
      const merged = this.#merge(deltas);
      return merged.length > 0 ? merged : deltas;
    } catch {
      return deltas;
    }
  }

  #settle(): void {
    const settled = this.#settling.filter(({ last }) => !this.#waiting.includes(last));
    this.#settling = this.#settling.filter(({ last }) => this.#waiting.includes(last));
    for (const { resolve } of settled) resolve();
  }

  // ---- what an entry is ----

  #batch(deltas: Delta[], storedEach: Batch['storedEach'], failedEach: Batch['failedEach']): Batch {
    const bytes = deltas.reduce((sum, { payload }) => sum + payload.length, 0);
    const numbers = { sequence: 0, base: false, refused: false, sent: false, writes: 0, offered: false, bytes };
    const sealing = { codec: sealedCodec, payload: new Uint8Array(0), sealedFor: null, closed: false, author: null };
    const done = (): void => void (this.#gathered -= storedEach.length - 1);
    const batch: Batch = {
      get count() {
        return storedEach.length;
      },
      ...{ deltas, opened: { deltas, error: null }, storedEach, failedEach, ...numbers, ...sealing },
      stored: (offset) => (done(), storedEach.forEach((stored) => stored(offset))),
      failed: (error) => (done(), failedEach.forEach((failed) => failed(error))),
    };
    return batch;
  }

  #takes(last: Batch, { payload }: Delta, author: Author | null): boolean {
    const bytesMax = this.#link.welcome === null ? batchBytesMaxUnknown : Math.min(batchBytesMax, this.deltaBytesMax);
    const room = last.deltas.length < batchDeltasMax && last.bytes + payload.length <= bytesMax;
    const follows = author?.tab === last.author?.tab && author?.number === (last.author === null ? undefined : last.author.number + 1);
    return room && follows && !last.closed && last.sealedFor === null && !last.offered;
  }

  #isCurrent({ sealedFor, sequence, base }: Batch): boolean {
    if (sealedFor === null || sealedFor.sequence !== sequence || sealedFor.base !== base) return false;
    return equalBytes(sealedFor.producer, this.#link.producer);
  }
}

function put(batch: Batch, place: SealedFor, bytes: Uint8Array): void {
  batch.codec = sealedCodec;
  batch.payload = bytes;
  batch.sealedFor = place;
  batch.kept = keptDelta(place, batch.storedEach.length, bytes);
}
