// The bytes of what is sealed (docs/encryption.md): heads, associated data and plaintexts. Pure: no key is here, and nothing is
// believed. What is not as it says is a FormatError.

import { utf8 } from '../bytes.js';
import type { Delta } from '../wire/events.js';

export const sealedCodec = 2;
export const version = 1;
export const nonceBytes = 12;
export const headBytes = 1 + 4 + nonceBytes;
const tagBytes = 16;
/** What sealing adds to one delta at most: head, tag, flags, cursor, codec and length. */
export const overheadBytesMax = headBytes + tagBytes + 1 + 32 + 10;
export const batchDeltasMax = 512;
export const batchBytesMax = 256 * 1024;
/** A reader takes more than a writer puts in. */
export const readDeltasMax = 4096;
export const inflatedBytesMax = 16 * 1024 * 1024;

const label = utf8.encode('weir sealed 1');
const codecMax = 2 ** 32 - 1;

/** `kept` never leaves the device: the state that stands for records in its store. */
export const Kind = { record: 0, presence: 1, snapshot: 2, kept: 3 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export class FormatError extends Error {
  override name = 'FormatError';
}

// ---- numbers ----

export class ByteWriter {
  #parts: Uint8Array[] = [];

  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }
  u8(value: number): this {
    return this.bytes(Uint8Array.of(value));
  }
  u16(value: number): this {
    return this.bytes(Uint8Array.of(value >> 8, value & 0xff));
  }
  u32(value: number): this {
    return this.bytes(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
  }
  u64(value: number | bigint): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
    return this.bytes(bytes);
  }
  varuint(value: number): this {
    const bytes: number[] = [];
    for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
    return this.bytes(Uint8Array.from([...bytes, value]));
  }
  named(text: string): this {
    const bytes = utf8.encode(text);
    return this.u16(bytes.length).bytes(bytes);
  }

  take(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }
  take(count: number): Uint8Array {
    if (count > this.left) throw new FormatError('it claims more than there is');
    return this.#bytes.subarray(this.#at, (this.#at += count));
  }
  rest(): Uint8Array {
    return this.take(this.left);
  }
  u8(): number {
    return this.take(1)[0]!;
  }
  u16(): number {
    const [high = 0, low = 0] = this.take(2);
    return high * 256 + low;
  }
  u64(): bigint {
    const bytes = this.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  }
  /** At most `max`. */
  varuint(max: number): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if (value > max) throw new FormatError('a number in it is too great');
      return value;
    }
    throw new FormatError('a number in it does not end');
  }
}

// ---- what is around ----

export function headOf(keyId: number, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(version).u32(keyId).bytes(nonce).take();
}

/** The parts of a sealed thing. */
export function parse(sealed: Uint8Array): { keyId: number; nonce: Uint8Array; head: Uint8Array; box: Uint8Array } {
  if (sealed.length < headBytes + tagBytes) throw new FormatError('it is too short to be sealed');
  if (sealed[0] !== version) throw new FormatError(`it is of version ${sealed[0]}, and ${version} is read`);
  const keyId = new DataView(sealed.buffer, sealed.byteOffset).getUint32(1);
  return { keyId, nonce: sealed.subarray(5, headBytes), head: sealed.subarray(0, headBytes), box: sealed.subarray(headBytes) };
}

/** From which a key is derived: for records one of each producer. */
export function keyInfo(kind: Kind, scope: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().bytes(label).u8(kind).bytes(scope).take();
}

export interface Named {
  readonly space: string;
  readonly document: string;
}

export function associatedData(kind: Kind, head: Uint8Array, { space, document }: Named, place: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().bytes(label).u8(kind).bytes(head).named(space).named(document).bytes(place).take();
}

export const noScope = new Uint8Array(16);

export function recordPlace(producer: Uint8Array, sequence: number): Uint8Array {
  return new ByteWriter().bytes(producer).u64(sequence).take();
}

export function snapshotPlace(offset: number, chain: Uint8Array, base: number): Uint8Array {
  return new ByteWriter().u64(offset).bytes(chain).u64(base).take();
}

// ---- a record ----

const flagCompressed = 1;
const flagBase = 2;

/** An author's cursor, as much of it as others compare. */
export interface Seen {
  epoch: bigint;
  offset: number;
  /** The first 16 bytes of the chain value. */
  chain: Uint8Array;
}

export function batchOf(deltas: readonly Delta[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const { codec, payload } of deltas) writer.varuint(codec).varuint(payload.length).bytes(payload);
  return writer.take();
}

export function recordPlaintext(batch: Uint8Array, compressed: boolean, base: boolean, seen: Seen | null): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8((compressed ? flagCompressed : 0) | (base ? flagBase : 0));
  if (seen === null) writer.bytes(new Uint8Array(32));
  else writer.u64(seen.epoch).u64(seen.offset).bytes(seen.chain);
  return writer.bytes(batch).take();
}

/** `batch` is to be inflated first where it is `compressed`. */
export function parseRecord(plaintext: Uint8Array): { compressed: boolean; base: boolean; seen: Seen | null; batch: Uint8Array } {
  const reader = new ByteReader(plaintext);
  const flags = reader.u8();
  if ((flags & ~(flagCompressed | flagBase)) !== 0) throw new FormatError(`its flags, ${flags}, are not known`);
  const epoch = reader.u64();
  const offset = Number(reader.u64());
  const chain = reader.take(16);
  const none = epoch === 0n && offset === 0 && chain.every((byte) => byte === 0);
  const seen = none ? null : { epoch, offset, chain };
  return { compressed: (flags & flagCompressed) !== 0, base: (flags & flagBase) !== 0, seen, batch: reader.rest() };
}

export function parseBatch(batch: Uint8Array): Delta[] {
  const reader = new ByteReader(batch);
  const deltas: Delta[] = [];
  do {
    if (deltas.length === readDeltasMax) throw new FormatError(`it has more than ${readDeltasMax} deltas`);
    const codec = reader.varuint(codecMax);
    deltas.push({ codec, payload: reader.take(reader.varuint(Number.MAX_SAFE_INTEGER)) });
  } while (reader.left > 0);
  return deltas;
}

// ---- presence, a snapshot ----

export function presencePlaintext(producer: Uint8Array, clock: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().bytes(producer).u64(clock).bytes(data).take();
}

export function parsePresence(plaintext: Uint8Array): { producer: Uint8Array; clock: bigint; data: Uint8Array } {
  const reader = new ByteReader(plaintext);
  return { producer: reader.take(16), clock: reader.u64(), data: reader.rest() };
}

export function snapshotPlaintext(codec: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().varuint(codec).bytes(bytes).take();
}

export function parseSnapshot(plaintext: Uint8Array): { codec: number; bytes: Uint8Array } {
  const reader = new ByteReader(plaintext);
  return { codec: reader.varuint(codecMax), bytes: reader.rest() };
}
