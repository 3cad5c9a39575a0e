// The bytes of snapshots, put together from their chunks. Whoever sent them may lie: chunks must come in order, a
// compressed one may not become more than was announced, length and SHA-256 must be those of the header. Memory is taken as
// bytes come, never because a header claims them.

import { sha256 } from '@noble/hashes/sha2.js';

import { equalBytes } from './bytes.js';
import { BadSnapshotError, Code, messageOf } from './errors.js';
import type { PackDecoder } from './pack-decoder.js';
import { fidelityFromWire, type WeirSnapshot } from './snapshots.js';
import type { SnapshotChunk, SnapshotHeader } from './wire/events.js';

/** Beyond it nothing is read, whatever a relay says. */
const snapshotBytesMax = 2 ** 30;
const chunkBytesMax = 8 * 1024 * 1024;
const firstBufferBytes = 64 * 1024;

export type Inflate = Pick<PackDecoder, 'inflate'> | null;

/** One snapshot. */
export class SnapshotReader {
  readonly header: SnapshotHeader;
  readonly #inflate: Inflate;
  readonly #hash = sha256.create();
  #bytes = new Uint8Array(0);
  #length = 0;

  constructor(header: Omit<SnapshotHeader, 'kind'>, inflate: Inflate) {
    if (header.size > snapshotBytesMax) throw bad(`it has ${header.size} bytes, and ${snapshotBytesMax} are read at most`);
    this.header = { ...header, kind: 'snapshot' };
    this.#inflate = inflate;
  }

  /** Where the next chunk begins. */
  get position(): number {
    return this.#length;
  }

  /** The whole, with its last chunk; before that, null. */
  add(chunk: SnapshotChunk): WeirSnapshot | null {
    if (chunk.position !== this.#length) throw bad(`a chunk begins at ${chunk.position}; ${this.#length} comes next`);
    const left = this.header.size - this.#length;
    const data = chunk.unpackedSize === 0 ? chunk.data : this.#unpacked(chunk, left);
    if (data.length > left) throw bad(`it has more than the ${this.header.size} bytes that were announced`);
    if (data.length === 0 && !chunk.last) throw bad('a chunk of it is empty');
    this.#append(data);
    return chunk.last ? this.#finish() : null;
  }

  #unpacked(chunk: SnapshotChunk, left: number): Uint8Array {
    if (this.#inflate === null) throw bad('it is compressed, which was not asked for');
    if (chunk.unpackedSize > Math.min(left, chunkBytesMax)) throw bad(`a chunk claims ${chunk.unpackedSize} bytes`);
    try {
      return this.#inflate.inflate(chunk.data, chunk.unpackedSize);
    } catch (cause) {
      throw bad(`a chunk of it cannot be unpacked: ${messageOf(cause)}`);
    }
  }

  #append(data: Uint8Array): void {
    const length = this.#length + data.length;
    if (length > this.#bytes.length) {
      const room = Math.min(this.header.size, Math.max(length, 2 * this.#bytes.length, firstBufferBytes));
      const larger = new Uint8Array(room);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(data, this.#length);
    this.#hash.update(data);
    this.#length = length;
  }

  #finish(): WeirSnapshot {
    const { offset, base, codec, hash, fidelity, verified, time, size } = this.header;
    if (this.#length !== size) throw bad(`it has ${this.#length} bytes and not ${size}`);
    if (!equalBytes(this.#hash.digest(), hash)) throw bad('its bytes do not have the hash that was announced');
    return { offset, base, codec, bytes: this.#bytes, hash, fidelity: fidelityFromWire(fidelity), verified, time };
  }
}

/** Those that open a subscription, from the bottom up, each before what builds on it. */
export class SnapshotIntake {
  #reader: SnapshotReader | null = null;

  /** One has begun and is not complete. */
  get open(): boolean {
    return this.#reader !== null;
  }

  /** `readThrough`: what the reader has already, from records or from the snapshots below. */
  begin(header: SnapshotHeader, readThrough: number, inflate: Inflate): void {
    if (this.#reader !== null) throw bad('another one began before it ended');
    if (header.base > readThrough)
      throw bad(`it stands for what came after ${header.base}, and only what came up to ${readThrough} is here`);
    if (header.offset <= header.base) throw bad(`it ends at ${header.offset}, where its base does not`);
    this.#reader = new SnapshotReader(header, inflate);
  }

  /** Header and content, once it is complete. */
  add(chunk: SnapshotChunk): { header: SnapshotHeader; snapshot: WeirSnapshot } | null {
    const reader = this.#reader;
    if (reader === null) throw bad('a chunk of none came');
    const snapshot = reader.add(chunk);
    if (snapshot === null) return null;
    this.#reader = null;
    return { header: reader.header, snapshot };
  }

  reset(): void {
    this.#reader = null;
  }
}

function bad(what: string): BadSnapshotError {
  return new BadSnapshotError(what, { code: Code.dataLoss });
}
