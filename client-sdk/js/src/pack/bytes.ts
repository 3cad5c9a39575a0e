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
    const first = this.bytes[this.position];
    if (first === undefined || first >= 0x80 || first > most) return this.#longVarint(most);
    this.position++;
    return first;
  }

  #longVarint(most: number): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 63; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte >= 0x80) continue;
      if (value > most) throw new PackError(`a number of a pack is ${value}; at most ${most} is possible here`);
      return value;
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

  done(): void {
    if (this.left !== 0) throw new PackError('a stream of a pack is longer than what it holds');
  }
}

/** Of a row, beside its literals: what may be written before anybody looks whether it was too much. */
const spareBytes = 1024;
const shortBytesMax = 32;

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

  constructor(most: number) {
    this.most = most;
    this.bytes = new Uint8Array(Math.min(most, 4096));
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
