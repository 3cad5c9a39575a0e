// The records of a block: columns, and a view of them for each record.
import { PackError } from './bytes.js';
import { xxh32, Xxh32 } from './xxh32.js';

/**
 * A record as the document's log has it. `payload` is a slice of a larger buffer. It is a view of its block, so that a long
 * history is a few arrays and not a million objects: copy fields by name, spreading it gives nothing.
 */
export interface PackRecord {
  readonly offset: number;
  readonly producer: Uint8Array;
  readonly sequence: number;
  readonly time: number;
  readonly codec: number;
  readonly payload: Uint8Array;
}

export interface Producer {
  id: Uint8Array;
  words: Int32Array; // the same, little-endian
  sequence: number; // the last one
}

/** The records without their payloads, column by column. */
export interface Heads {
  authors: readonly Producer[];
  producers: Uint32Array; // places in `authors`
  offsets: Float64Array;
  sequences: Float64Array;
  times: Float64Array;
  codecs: Float64Array;
}

export interface Rows extends Heads {
  starts: Uint32Array; // of the payloads in `payloads`, and where the last one ends
  payloads: Uint8Array;
}

class Row implements PackRecord {
  readonly #rows: Rows;
  readonly #row: number;

  constructor(rows: Rows, row: number) {
    this.#rows = rows;
    this.#row = row;
  }

  get offset(): number {
    return this.#rows.offsets[this.#row] as number;
  }
  get producer(): Uint8Array {
    return (this.#rows.authors[this.#rows.producers[this.#row] as number] as Producer).id;
  }
  get sequence(): number {
    return this.#rows.sequences[this.#row] as number;
  }
  get time(): number {
    return this.#rows.times[this.#row] as number;
  }
  get codec(): number {
    return this.#rows.codecs[this.#row] as number;
  }
  get payload(): Uint8Array {
    const { starts, payloads } = this.#rows;
    const row = this.#row;
    const from = starts[row] as number;
    return new Uint8Array(payloads.buffer, from, (starts[row + 1] as number) - from); // faster than a subarray
  }
}

export function recordsOf(rows: Rows): PackRecord[] {
  const records: PackRecord[] = [];
  for (let row = 0; row < rows.offsets.length; row++) records.push(new Row(rows, row));
  return records;
}

export interface Bounds {
  last: number; // offset
  timeMin: number;
  timeMax: number;
}

/** They are behind the record with the offset `before`, and within what the pack says. */
export function checkBounds({ offsets, times }: Heads, before: number, { last, timeMin, timeMax }: Bounds): void {
  for (let row = 0; row < offsets.length; row++) {
    const offset = offsets[row] as number;
    const time = times[row] as number;
    if (offset <= before || offset > last || time < timeMin || time > timeMax)
      throw new PackError('the records of a pack are not those of its head');
    before = offset;
  }
}

const headWords = 14;
const rowsAtOnce = 512; // two have a multiple of the 16 bytes that the checksum takes at once

/** Each record's head as 56 bytes, then their payloads. */
export function checksumOf(rows: Rows): number {
  const count = rows.offsets.length;
  const words = new Int32Array(Math.min(count, rowsAtOnce) * headWords);
  const heads = new Xxh32();
  let row = 0;
  for (; count - row >= rowsAtOnce; row += rowsAtOnce) {
    putHeads(rows, row, row + rowsAtOnce, words);
    heads.update(words, words.length);
  }
  putHeads(rows, row, count, words);
  const left = (count - row) * headWords;
  const whole = left - (left % 4);
  heads.update(words, whole);
  const rest = new DataView(new ArrayBuffer(4 * (left - whole)));
  for (let i = 0; whole + i < left; i++) rest.setInt32(4 * i, words[whole + i] as number, true);
  return xxh32(rows.payloads, heads.digest(new Uint8Array(rest.buffer)));
}

const perWord = 2 ** -32;

function putHeads(rows: Rows, from: number, to: number, words: Int32Array): void {
  const { authors, producers, offsets, sequences, times, codecs, starts } = rows;
  for (let row = from, at = 0; row < to; row++) {
    const { words: id } = authors[producers[row] as number] as Producer;
    const offset = offsets[row] as number;
    const sequence = sequences[row] as number;
    const time = times[row] as number;
    const codec = codecs[row] as number;
    words[at++] = id[0] as number;
    words[at++] = id[1] as number;
    words[at++] = id[2] as number;
    words[at++] = id[3] as number;
    words[at++] = offset; // modulo 2^32
    words[at++] = offset * perWord;
    words[at++] = sequence;
    words[at++] = sequence * perWord;
    words[at++] = time;
    words[at++] = time * perWord;
    words[at++] = codec;
    words[at++] = codec * perWord;
    words[at++] = (starts[row + 1] as number) - (starts[row] as number);
    words[at++] = 0;
  }
}
