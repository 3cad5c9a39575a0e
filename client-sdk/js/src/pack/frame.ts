// The one zstd frame of a pack, decompressed as far as it is asked for. The decompressor is given one zstd block at a
// time, each at most 128 KiB of content, so that a few bytes cannot become much memory.
import { Decompress } from 'fzstd';

import { PackError } from './bytes.js';

const magic = [0x28, 0xb5, 0x2f, 0xfd];
const frameHeaderBytes = 6;
const windowBytesMax = 1 << 20;

export class Frame {
  readonly #bytes: Uint8Array;
  readonly #decompress: Decompress;
  #position = frameHeaderBytes; // of the next zstd block
  #fed = 0;
  #ended = false;
  #content: Uint8Array = new Uint8Array(0); // what is not pulled yet

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    if (bytes.length < frameHeaderBytes || magic.some((byte, i) => bytes[i] !== byte) || bytes[4] !== 0)
      throw new PackError('the body of a pack is no zstd frame as packs have it');
    const window = bytes[5] as number;
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > windowBytesMax)
      throw new PackError(`the body of a pack wants a larger window than ${windowBytesMax} bytes`);
    this.#decompress = new Decompress((piece) => {
      if (piece.length > 0) this.#content = joined(this.#content, piece);
    });
  }

  /** The next bytes of the content, a slice that stays valid. */
  pull(count: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let missing = count;
    while (missing > this.#content.length) {
      pieces.push(this.#content);
      missing -= this.#content.length;
      this.#content = new Uint8Array(0);
      this.#feed();
    }
    pieces.push(this.#content.subarray(0, missing));
    this.#content = this.#content.subarray(missing);
    if (pieces.length === 1) return pieces[0] as Uint8Array;
    const all = new Uint8Array(count);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.pull(1)[0] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new PackError('a block of a pack has a size that is none');
  }

  /** Content and frame both end here. */
  done(): void {
    while (!this.#ended && this.#content.length === 0) this.#feed();
    if (this.#content.length > 0 || this.#position !== this.#bytes.length)
      throw new PackError('a pack does not end where its head says');
  }

  /** Decompresses one more zstd block. */
  #feed(): void {
    const at = this.#position;
    if (this.#ended || at + 3 > this.#bytes.length) throw new PackError('a pack ends too early');
    const header = this.#uint24(at);
    const type = (header >> 1) & 3;
    const end = at + 3 + (type === 1 ? 1 : header >> 3);
    if (end > this.#bytes.length || header >> 3 > 1 << 17)
      throw new PackError('a block of the compression of a pack is too large');
    this.#position = end;
    this.#ended = (header & 1) === 1;
    const from = this.#fed;
    this.#fed = end;
    try {
      this.#decompress.push(this.#bytes.subarray(from, end), this.#ended);
    } catch (error) {
      throw new PackError(`the compression of a pack is damaged: ${(error as Error).message}`);
    }
  }

  #uint24(at: number): number {
    const [low = 0, middle = 0, high = 0] = this.#bytes.subarray(at, at + 3);
    return low | (middle << 8) | (high << 16);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
