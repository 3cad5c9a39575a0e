// Reads the numbers of a pack (docs/pack-format.md, "Numbers"). The bytes come from a stranger: past the end, or on a
// number that a JavaScript number cannot hold exactly, it throws PackError.
import { Code, WeirError } from '../errors.js';

/** The bytes are no pack, or a damaged one, or larger than allowed. */
export class PackError extends WeirError {
  override name = 'PackError';
  constructor(message: string, code: number = Code.dataLoss) {
    super(message, { code });
  }
}

export class PackBytes {
  readonly bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.position;
  }

  byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) throw new PackError('a pack ends too early');
    return byte;
  }

  /** A varint, at most `most`. */
  varint(most = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value <= most ? value : tooLarge(value, most);
    }
    return this.#longVarint(value, most);
  }

  /** With more than the 28 bits that are in `value` already. */
  #longVarint(value: number, most: number): number {
    for (let factor = 2 ** 28; factor < 2 ** 63; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= most ? value : tooLarge(value, most);
    }
    throw new PackError('a number of a pack is longer than a JavaScript number can hold');
  }

  /** Zigzag: 0, -1, 1, -2, ... */
  signed(): number {
    const coded = this.varint();
    if (coded < 0x80) return (coded >> 1) ^ -(coded & 1);
    return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
  }

  /** 32 bits, little-endian. */
  uint32(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  /** A slice, not a copy. */
  take(count: number): Uint8Array {
    if (count > this.left) throw new PackError('a pack ends too early');
    return this.bytes.subarray(this.position, (this.position += count));
  }

  skipVarints(count: number): void {
    while (count > 0) if (this.byte() < 0x80) count--;
  }

  /** Skips so many varints too, and tells how many of them are odd. */
  skipOdd(count: number): number {
    let odd = 0;
    for (; count > 0; count--) {
      let byte = this.byte();
      odd += byte & 1;
      while (byte >= 0x80) byte = this.byte();
    }
    return odd;
  }

  done(): void {
    if (this.left !== 0) throw new PackError('a stream of a pack is longer than what it holds');
  }
}

function tooLarge(value: number, most: number): never {
  throw new PackError(`a number of a pack is ${value}; at most ${most} is possible here`);
}

/** Of a row, beside its literals: what may be written before anybody looks whether it was too much. */
const spareBytes = 1024;
const shortBytesMax = 32;

/** Of a number below 2^49. */
export const varintBytesMax = 7;

/** Writes one there, and returns where it ends. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  for (; value >= 2 ** 28; value = Math.floor(value / 128)) bytes[at++] = (value % 128) | 0x80;
  let low = value | 0;
  for (; low >= 0x80; low >>>= 7) bytes[at++] = (low & 0x7f) | 0x80;
  bytes[at++] = low;
  return at;
}

/** Copies a few bytes; a call of `set` costs more than they do. */
export function copyBytes(to: Uint8Array, at: number, bytes: Uint8Array, from: number, count: number): void {
  if (count > shortBytesMax) to.set(bytes.subarray(from, from + count), at);
  else for (let i = 0; i < count; i++) to[at + i] = bytes[from + i] as number;
}

/** Bytes appended one after another, at most so many. */
export class Output {
  bytes: Uint8Array;
  size = 0;
  readonly most: number;

  /** `likely` is where it starts: it grows, but that costs a copy each time. */
  constructor(most: number, likely = 4096) {
    this.most = most;
    this.bytes = new Uint8Array(Math.min(most, likely));
  }

  /** Room for so many bytes behind `size`, which is for the caller to move on, by `end`. */
  room(count: number): Uint8Array {
    const needed = this.size + count;
    if (needed > this.most + spareBytes) throw tooMuch();
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.min(this.most + spareBytes, Math.max(needed, 2 * this.bytes.length)));
      larger.set(this.bytes.subarray(0, this.size));
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** What has been written ends here. */
  end(at: number): void {
    if (at > this.most) throw tooMuch();
    this.size = at;
  }

  put(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const count = to - from;
    copyBytes(this.room(count), this.size, bytes, from, count);
    this.end(this.size + count);
  }
}

function tooMuch(): PackError {
  return new PackError('a block of a pack holds more than it says');
}
