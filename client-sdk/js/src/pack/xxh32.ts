// XXH32, the checksum of packs (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
//
// It is of 32-bit words, so that is what is hashed: in a page whose code no compiler has seen yet, an Int32Array is
// several times faster than a DataView.

const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f | 0;
const prime5 = 0x165667b1 | 0;

const stripeBytes = 16;
const stripeWords = stripeBytes / 4;

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** Of what comes in pieces. */
export class Xxh32 {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #size = 0;

  constructor(seed = 0) {
    this.#seed = seed | 0;
    this.#a = (seed + prime1 + prime2) | 0;
    this.#b = (seed + prime2) | 0;
    this.#c = seed | 0;
    this.#d = (seed - prime1) | 0;
  }

  /** Hashes the first `count` words, a multiple of four. */
  update(words: Int32Array, count: number): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let i = 0; i < count; i += stripeWords) {
      a = (a + Math.imul(words[i] as number, prime2)) | 0;
      b = (b + Math.imul(words[i + 1] as number, prime2)) | 0;
      c = (c + Math.imul(words[i + 2] as number, prime2)) | 0;
      d = (d + Math.imul(words[i + 3] as number, prime2)) | 0;
      a = Math.imul((a << 13) | (a >>> 19), prime1);
      b = Math.imul((b << 13) | (b >>> 19), prime1);
      c = Math.imul((c << 13) | (c >>> 19), prime1);
      d = Math.imul((d << 13) | (d >>> 19), prime1);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
    this.#size += 4 * count;
  }

  /** What is left over is fewer than 16 bytes. */
  digest(rest: Uint8Array): number {
    let hash = this.#seed + prime5;
    if (this.#size > 0) hash = rotate(this.#a, 1) + rotate(this.#b, 7) + rotate(this.#c, 12) + rotate(this.#d, 18);
    hash = (hash + this.#size + rest.length) | 0;
    let at = 0;
    for (; at + 4 <= rest.length; at += 4)
      hash = Math.imul(rotate((hash + Math.imul(wordAt(rest, at), prime3)) | 0, 17), prime4);
    for (; at < rest.length; at++)
      hash = Math.imul(rotate((hash + Math.imul(rest[at] as number, prime5)) | 0, 11), prime1);
    hash = Math.imul(hash ^ (hash >>> 15), prime2);
    hash = Math.imul(hash ^ (hash >>> 13), prime3);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = 3; i >= 0; i--) word = (word << 8) | (bytes[at + i] as number);
  return word;
}

// Bytes that do not lie as words do are copied here first.
const copied = new Int32Array(4096);
const copiedBytes = new Uint8Array(copied.buffer);
const copiedView = new DataView(copied.buffer);
const littleEndian = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

export function xxh32(bytes: Uint8Array, seed = 0): number {
  const hash = new Xxh32(seed);
  const whole = bytes.length - (bytes.length % stripeBytes);
  if (littleEndian && bytes.byteOffset % 4 === 0) {
    hash.update(new Int32Array(bytes.buffer, bytes.byteOffset, whole / 4), whole / 4);
  } else {
    for (let at = 0; at < whole; at += copied.byteLength) {
      const count = Math.min(whole - at, copied.byteLength);
      copiedBytes.set(bytes.subarray(at, at + count));
      if (!littleEndian) copied.forEach((_, i) => (copied[i] = copiedView.getInt32(4 * i, true)));
      hash.update(copied, count / 4);
    }
  }
  return hash.digest(bytes.subarray(whole));
}
