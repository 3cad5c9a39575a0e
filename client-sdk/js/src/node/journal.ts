// A file of entries, for a store on disk. Entries are only ever added behind the others, each is fsynced before the next
// is begun, and each can be told from what a crash leaves behind:
//
//   file    = "weir store 1\n" , u32 seed , u32 check(seed) , entries
//   entry   = u32 bytes , u32 check(bytes) , u32 check(payload) , payload            little-endian, check = XXH32 with the seed
//
// The seed is random, so that nobody can put into a payload what looks like an entry of this file.
//
// The last entry may be torn by a crash in the middle of writing it: nobody was told that it is stored, so it is cut off. Where
// an entry is bad and a good one stands behind it, the file was damaged.

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { xxh32 } from '../pack/xxh32.js';
import { StoreCorruptError } from '../store/errors.js';

const magic = new TextEncoder().encode('weir store 1\n');
export const fileHeadBytes = magic.length + 8;
const entryHeadBytes = 12;

export interface JournalContents {
  payloads: Uint8Array[];
  /** Where the last good entry ends; 0 when the file has yet to begin. */
  end: number;
  seed: number;
}

/** What is in a journal; throws StoreCorruptError when it is damaged, or is none. */
export function readJournal(path: string, bytes: Uint8Array): JournalContents {
  if (!bytes.subarray(0, magic.length).every((byte, i) => byte === magic[i]))
    throw new StoreCorruptError(`${path}: this is not a store, or one of a newer version`);
  const fresh: JournalContents = { payloads: [], end: 0, seed: newSeed() };
  if (bytes.length < fileHeadBytes) return fresh; // the power went while it was made
  const head = viewOf(bytes, magic.length, 8);
  const seed = head.getUint32(0, true);
  if (head.getUint32(4, true) !== xxh32(bytes.subarray(magic.length, magic.length + 4))) {
    if (bytes.length === fileHeadBytes) return fresh;
    throw new StoreCorruptError(`${path}: its head is damaged`);
  }
  const payloads: Uint8Array[] = [];
  let end = fileHeadBytes;
  for (let payload = entryAt(bytes, end, seed); payload !== null; payload = entryAt(bytes, end, seed)) {
    payloads.push(payload);
    end += entryHeadBytes + payload.length;
  }
  for (let later = end + 1; later + entryHeadBytes <= bytes.length; later++)
    if (entryAt(bytes, later, seed) !== null)
      throw new StoreCorruptError(`${path}: the entry at byte ${end} is damaged, and what stands behind it is not`);
  return { payloads, end, seed };
}

export function newSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

function viewOf(bytes: Uint8Array, at: number, length: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + at, length);
}

/** The payload of a good entry that begins here. */
function entryAt(bytes: Uint8Array, at: number, seed: number): Uint8Array | null {
  if (at + entryHeadBytes > bytes.length) return null;
  const head = viewOf(bytes, at, entryHeadBytes);
  const length = head.getUint32(0, true);
  if (head.getUint32(4, true) !== xxh32(bytes.subarray(at, at + 4), seed)) return null;
  if (at + entryHeadBytes + length > bytes.length) return null;
  const payload = bytes.subarray(at + entryHeadBytes, at + entryHeadBytes + length);
  return head.getUint32(8, true) === xxh32(payload, seed) ? payload : null;
}

function encodeEntry(payload: Uint8Array, seed: number): Uint8Array {
  const entry = new Uint8Array(entryHeadBytes + payload.length);
  const head = viewOf(entry, 0, entryHeadBytes);
  head.setUint32(0, payload.length, true);
  head.setUint32(4, xxh32(entry.subarray(0, 4), seed), true);
  head.setUint32(8, xxh32(payload, seed), true);
  entry.set(payload, entryHeadBytes);
  return entry;
}

function encodeFileHead(seed: number): Uint8Array {
  const bytes = new Uint8Array(fileHeadBytes);
  bytes.set(magic);
  const head = viewOf(bytes, magic.length, 8);
  head.setUint32(0, seed, true);
  head.setUint32(4, xxh32(bytes.subarray(magic.length, magic.length + 4)), true);
  return bytes;
}

/** The end of a journal, to which entries are added. */
export class Journal {
  readonly #file: FileHandle;
  readonly #seed: number;
  #end: number;

  /** Opens it for adding; what lies behind `end` is cut off. A new one is begun when `end` is 0. */
  static async open(path: string, { end, seed }: { end: number; seed: number }): Promise<Journal> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const journal = new Journal(file, end, seed);
      await file.truncate(end);
      if (end === 0) await journal.#write(encodeFileHead(seed));
      else await file.datasync();
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(file: FileHandle, end: number, seed: number) {
    this.#file = file;
    this.#seed = seed;
    this.#end = end;
  }

  /** Bytes in it. */
  get end(): number {
    return this.#end;
  }

  /** Durable when it resolves. After a failure nothing of it stays. */
  async add(payload: Uint8Array): Promise<void> {
    await this.#write(encodeEntry(payload, this.#seed));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        const part = await this.#file.write(bytes, written, bytes.length - written, this.#end + written);
        written += part.bytesWritten;
      }
    } catch (error) {
      await this.#file.truncate(this.#end);
      throw error;
    }
    await this.#file.datasync();
    this.#end += bytes.length;
  }
}
