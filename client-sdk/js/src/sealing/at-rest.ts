// What a store has of an encrypted document: everything as it was sealed. Records as they came; deltas that wait, with the place
// for which they were sealed before them, for they may have been numbered anew since, and their count; snapshots, with
// their chain value before them; and the state in place of records, which is sealed for the store alone.

import type { WeirError } from '../errors.js';
import type { KeptDocument, RestoredDelta, SealedFor } from '../guard.js';
import type { Change, StoredDelta, StoredRecord } from '../store/store.js';
import type { DocumentWriter } from '../store/writer.js';
import { inParts, type DocumentCipher } from './cipher.js';
import { UnknownKeyError } from './errors.js';
import { ByteReader, ByteWriter, sealedCodec } from './format.js';

/** `count`: so many deltas of the application are in it. */
export function keptDelta({ producer, sequence, base }: SealedFor, count: number, sealed: Uint8Array): Uint8Array {
  return new ByteWriter().bytes(producer).u64(sequence).u8(base ? 1 : 0).u16(count).bytes(sealed).take();
}

export function keptSnapshot(chain: Uint8Array, sealed: Uint8Array): Uint8Array {
  return new ByteWriter().bytes(chain).bytes(sealed).take();
}

export interface KeptOwner {
  /** Something was left out. */
  emit(name: 'error', error: WeirError): void;
  /** A key is not here. */
  giveUp(error: WeirError): void;
}

/** The way of an encrypted document into its store, and out of it. */
export class SealedWriter implements DocumentWriter {
  readonly #writer: DocumentWriter;
  readonly #cipher: DocumentCipher;
  readonly #owner: KeptOwner;
  readonly #sealed: () => Promise<void>;

  /** `sealed`: all that was published so far is, and was written. */
  constructor(writer: DocumentWriter, cipher: DocumentCipher, owner: KeptOwner, sealed: () => Promise<void>) {
    this.#writer = writer;
    this.#cipher = cipher;
    this.#owner = owner;
    this.#sealed = sealed;
  }

  get holdsUp(): boolean {
    return this.#writer.holdsUp;
  }

  get compactions(): DocumentWriter['compactions'] {
    return this.#writer.compactions;
  }

  /** What they say is sealed already. */
  async write(...changes: Change[]): Promise<void> {
    if (changes.length === 0) await this.#sealed(); // who asks whether all is written means what is being sealed, too
    return this.#writer.write(...changes.map(bare));
  }

  kept(pieces: readonly Uint8Array[]): Promise<Uint8Array[]> {
    return Promise.all(pieces.map((piece) => this.#cipher.sealKept(piece)));
  }

  /** Opened. What cannot be is left out and told; without its key nothing is given. */
  async load(document: string): Promise<KeptDocument> {
    const kept = await this.#writer.load(document);
    const outbox: RestoredDelta[] = [];
    for (const delta of kept.outbox) {
      const restored = await this.#delta(delta);
      if (restored !== null) outbox.push(restored);
    }
    const pieces: Uint8Array[] = [];
    for (const piece of kept.state?.pieces ?? []) pieces.push(await this.#orGiveUp(this.#cipher.openKept(piece)));
    const state = kept.state && { ...kept.state, pieces };
    return { ...kept, outbox, state, records: await this.records(kept.records) };
  }

  /** As many as there were: who counts them goes on counting right. */
  async records(records: readonly StoredRecord[]): Promise<StoredRecord[]> {
    return inParts(records, (record) => (record.sequence === 0 ? this.#snapshot(record) : this.#record(record)));
  }

  /** One that was not sealed, of a life without encryption, stays as it is. */
  async #delta(delta: StoredDelta): Promise<RestoredDelta | null> {
    if (delta.codec !== sealedCodec) return delta;
    const reader = new ByteReader(delta.payload);
    const sealedFor = { producer: reader.take(16), sequence: Number(reader.u64()), base: reader.u8() === 1 };
    const count = reader.u16();
    const payload = reader.rest();
    const opened = await this.#cipher.openRecord({ ...sealedFor, codec: delta.codec, payload });
    return this.#refused(opened.error) ? null : { ...delta, payload, sealedFor, count, opened };
  }

  async #record(record: StoredRecord): Promise<StoredRecord> {
    const opened = await this.#cipher.openRecord(record);
    this.#refused(opened.error);
    return { ...record, opened };
  }

  async #snapshot(record: StoredRecord): Promise<StoredRecord> {
    const base = Number(new DataView(record.producer.buffer, record.producer.byteOffset).getBigUint64(8));
    const reader = new ByteReader(record.payload);
    const place = { offset: record.offset, chain: reader.take(32), base };
    const { codec, bytes } = await this.#orGiveUp(this.#cipher.openSnapshot(place, record.codec, reader.rest()));
    return { ...record, codec, payload: bytes };
  }

  #refused(error: WeirError | null): boolean {
    if (error instanceof UnknownKeyError) throw this.#gaveUp(error);
    if (error !== null) this.#owner.emit('error', error);
    return error !== null;
  }

  async #orGiveUp<Result>(opening: Promise<Result>): Promise<Result> {
    return opening.catch((cause: unknown) => {
      throw cause instanceof UnknownKeyError ? this.#gaveUp(cause) : cause;
    });
  }

  #gaveUp(error: WeirError): WeirError {
    this.#owner.giveUp(error);
    return error;
  }
}

/** As a store has it: nothing of what was sealed is beside it. */
function bare(change: Change): Change {
  if (change.kind !== 'records') return change;
  const records = change.records.map(({ opened: _, kept, ...record }) =>
    kept === undefined ? record : { ...record, codec: sealedCodec, payload: kept },
  );
  return { ...change, records };
}
