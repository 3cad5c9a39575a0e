// Where a reader stands in a document: epoch, offset, and the chain value that names what it has read.
//
// Its own deltas come back live without their payloads, so the digests of what was published are kept until then.

import { equalBytes } from './bytes.js';
import { chainNext, chainStart, digest } from './chain.js';
import type { Cursor, WireRecord } from './wire/events.js';

/** Told of each step, and of each jump. */
export interface HistoryWatch {
  followed(offset: number, chain: Uint8Array | null): void;
  moved(): void;
}

export class History {
  readonly #start: Uint8Array;
  readonly #published = new Map<number, Uint8Array>();
  #epoch = 0n;
  #offset = 0;
  #chain: Uint8Array | null;
  watch: HistoryWatch | null = null;

  constructor(space: string, document: string, cursor: Cursor | null) {
    this.#start = chainStart(space, document);
    this.#chain = cursor?.chain ?? this.#start;
    this.#epoch = cursor?.epoch ?? 0n;
    this.#offset = cursor?.offset ?? 0;
  }

  /** 0 until known. */
  get epoch(): bigint {
    return this.#epoch;
  }
  get offset(): number {
    return this.#offset;
  }
  /** Null when the chain could not be followed: then reading starts over. */
  get cursor(): Cursor | null {
    return this.#chain === null || this.#epoch === 0n
      ? null
      : { epoch: this.#epoch, offset: this.#offset, chain: this.#chain };
  }

  /** Where an earlier life of this client stood. */
  restore(place: { epoch: bigint; offset: number; chain: Uint8Array | null }): void {
    this.#epoch = place.epoch;
    this.#stand(place.offset, place.offset === 0 ? this.#start : place.chain);
  }

  /** From the first record of this epoch. */
  startOver(epoch: bigint): void {
    this.#epoch = epoch;
    this.#stand(0, this.#start);
  }

  /** From the middle, without what came before. */
  startLive(epoch: bigint, offset: number): void {
    this.#epoch = epoch;
    this.#stand(offset, null);
  }

  published(sequence: number, payload: Uint8Array): void {
    if (this.#chain !== null) this.#published.set(sequence, digest(payload));
  }

  /** A new producer, a new count. */
  forgetPublished(): void {
    this.#published.clear();
  }

  /** False for a record that was read before. */
  advance(record: WireRecord, own: boolean): boolean {
    if (!this.#follow(record, own)) return false;
    if (own) this.#published.delete(record.sequence);
    return true;
  }

  /**
   * All records of a pack, or none: null when the history behind them is not the one that `chain` names. Else those that
   * were not read before.
   */
  advanceAll<Read extends WireRecord>(records: Read[], own: (record: Read) => boolean, chain: Uint8Array): Read[] | null {
    const before = this.mark;
    const fresh = records.filter((record) => this.#follow(record, own(record)));
    if (fresh.length > 0 && this.#chain !== null && !equalBytes(this.#chain, chain)) {
      this.back(before);
      return null;
    }
    for (const record of fresh) if (own(record)) this.#published.delete(record.sequence);
    return fresh;
  }

  /** Where it stands, to come back to. */
  get mark(): { offset: number; chain: Uint8Array | null } {
    return { offset: this.#offset, chain: this.#chain };
  }
  back({ offset, chain }: { offset: number; chain: Uint8Array | null }): void {
    this.#offset = offset;
    this.#chain = chain;
  }

  #follow(record: WireRecord, own: boolean): boolean {
    if (record.offset <= this.#offset) return false;
    const known = own ? this.#published.get(record.sequence) : undefined;
    const payloadDigest = record.payload === null ? known : digest(record.payload);
    this.#offset = record.offset;
    this.#chain &&=
      payloadDigest === undefined
        ? null
        : chainNext(this.#chain, record.producer, record.sequence, record.codec, payloadDigest);
    this.watch?.followed(record.offset, this.#chain);
    return true;
  }

  /** A snapshot stands for the records up to `offset`; `chain` names them. */
  jump(offset: number, chain: Uint8Array): void {
    if (offset < this.#offset) return;
    this.#stand(offset, chain);
  }

  /** Records up to `offset` are not kept any more, so the chain cannot be followed through them. */
  cut(offset: number): void {
    if (offset <= this.#offset) return;
    this.#stand(offset, null);
  }

  #stand(offset: number, chain: Uint8Array | null): void {
    this.#offset = offset;
    this.#chain = chain;
    this.watch?.moved();
  }
}
