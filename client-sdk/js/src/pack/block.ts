// One block: some records from the nine streams that hold them (docs/pack-format.md, "Block").
import { Output, PackBytes, PackError } from './bytes.js';
import { takeSteps, type ColumnStreams } from './columns.js';
import { Form, Restorer } from './elision.js';
import { decodeFields } from './fields.js';
import type { Frame } from './frame.js';
import { xxh32 } from './xxh32.js';

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

const blockRecordsMax = 65536;
const producerBytes = 16;
const headBytes = 56; // of a record, in the checksum

interface Producer {
  id: Uint8Array;
  view: DataView;
  sequence: number;
}

/** The records without their payloads, column by column. */
interface Heads {
  offsets: Float64Array;
  sequences: Float64Array;
  times: Float64Array;
  codecs: Float64Array;
  forms: Uint8Array;
  whole: boolean; // nothing was left out of any payload
}

/** All of them. */
interface Rows extends Heads {
  ends: Float64Array; // of the payloads
  payloads: Uint8Array;
}

class Row implements PackRecord {
  readonly #rows: Rows;
  readonly #row: number;
  readonly producer: Uint8Array;

  constructor(rows: Rows, row: number, producer: Uint8Array) {
    this.#rows = rows;
    this.#row = row;
    this.producer = producer;
  }

  get offset(): number {
    return this.#rows.offsets[this.#row] as number;
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
    const { ends, payloads } = this.#rows;
    const from = this.#row === 0 ? 0 : (ends[this.#row - 1] as number);
    const bytes = (ends[this.#row] as number) - from;
    return new Uint8Array(payloads.buffer, payloads.byteOffset + from, bytes); // faster than a subarray
  }
}

export interface Room {
  records: number;
  payloadBytes: number;
  blockPayloadBytesMax: number;
}

/** Unpacks the blocks of one pack, in order: each goes on where the one before ended. */
export class BlockDecoder {
  readonly #restorer = new Restorer();
  readonly #producers: Producer[] = [];
  #offset: number;
  #time: number;
  #codec = 0;
  #form = 0;

  constructor(first: number, timeMin: number) {
    this.#offset = first - 1;
    this.#time = timeMin;
  }

  next(frame: Frame, room: Room): { records: PackRecord[]; payloadBytes: number } {
    const count = frame.varint();
    const payloadBytes = frame.varint();
    const checksum = new PackBytes(frame.pull(4)).uint32();
    if (count === 0 || count > Math.min(room.records, blockRecordsMax))
      throw new PackError('a block of a pack has more records than there are, or none');
    if (payloadBytes > Math.min(room.payloadBytes, room.blockPayloadBytesMax))
      throw new PackError(`a block of a pack has ${payloadBytes} bytes of payload, more than allowed`);
    const sizes: number[] = [];
    for (let i = 0; i < 9; i++) sizes.push(frame.varint());
    if (sizes.reduce((sum, size) => sum + size, 0) > 2 * payloadBytes + 128 * count + 4096)
      throw new PackError('the streams of a pack are larger than allowed');
    const streams = sizes.map((size) => new PackBytes(frame.pull(size)));
    return { records: this.#decode(count, payloadBytes, checksum, streams), payloadBytes };
  }

  #decode(count: number, payloadBytes: number, checksum: number, streams: PackBytes[]): PackRecord[] {
    const [meta, head, classes, runs, gaps, residuals, references, literals, fallback] = streams as [
      PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes,
    ];
    const producerOf = this.#takeProducers(meta, count);
    const heads = this.#takeHeads(meta, { gaps, residuals }, producerOf);
    const elided = new Output(payloadBytes);
    const ends = decodeFields(producerOf, { head, classes, runs, gaps, residuals, literals, fallback }, elided);
    const out = heads.whole ? elided : this.#restored(heads.forms, elided, ends, references);
    references.done();
    if (out.size !== payloadBytes) throw new PackError('a block of a pack holds less than it says');
    const payloads = out.bytes.subarray(0, out.size);
    if (this.#checksum(heads, producerOf, ends, payloads) !== checksum)
      throw new PackError('a block of a pack is damaged, or was misread');
    return this.#records(heads, producerOf, ends, payloads);
  }

  /** The payloads with what was left out; `ends` are moved. */
  #restored(forms: Uint8Array, elided: Output, ends: Float64Array, references: PackBytes): Output {
    const out = new Output(elided.most);
    let from = 0;
    for (let row = 0; row < forms.length; row++) {
      const end = ends[row] as number;
      this.#restorer.restore(forms[row] as number, elided.bytes.subarray(from, end), references, out);
      from = end;
      ends[row] = out.size;
    }
    return out;
  }

  #records(heads: Heads, producerOf: Uint32Array, ends: Float64Array, payloads: Uint8Array): PackRecord[] {
    const rows: Rows = { ...heads, ends, payloads };
    return Array.from(producerOf, (producer, row) => new Row(rows, row, (this.#producers[producer] as Producer).id));
  }

  #takeProducers(meta: PackBytes, count: number): Uint32Array {
    for (let fresh = meta.varint(count); fresh > 0; fresh--) {
      const id = meta.take(producerBytes).slice();
      this.#producers.push({ id, view: new DataView(id.buffer), sequence: 0 });
    }
    const producerOf = new Uint32Array(count);
    for (let at = 0; at < count; ) {
      const index = meta.varint(this.#producers.length - 1);
      const run = meta.varint(count - at - 1) + 1;
      producerOf.fill(index, at, at + run);
      at += run;
    }
    return producerOf;
  }

  #takeHeads(meta: PackBytes, streams: ColumnStreams, producerOf: Uint32Array): Heads {
    const rows = producerOf.length;
    const column = (first: number): Float64Array => {
      const { bias, residuals } = takeSteps(meta, rows, streams);
      const values = new Float64Array(rows);
      for (let row = 0, value = first; row < rows; row++) values[row] = value = sum(value, bias + residuals.next());
      return values;
    };
    const offsets = column(this.#offset);
    const sequences = this.#takeSequences(meta, streams, producerOf);
    const times = column(this.#time);
    const codecs = column(this.#codec);
    const forms = column(this.#form);
    meta.done();
    const last = rows - 1;
    this.#offset = offsets[last] as number;
    this.#time = times[last] as number;
    this.#codec = codecs[last] as number;
    this.#form = forms[last] as number;
    if (forms.some((form) => form > Form.automerge)) throw new PackError('a payload of a pack is of an unknown form');
    const whole = forms.every((form) => form === Form.plain);
    return { offsets, sequences, times, codecs, forms: Uint8Array.from(forms), whole };
  }

  /** Each a step from the last one of its producer. */
  #takeSequences(meta: PackBytes, streams: ColumnStreams, producerOf: Uint32Array): Float64Array {
    const rows = producerOf.length;
    const { bias, residuals } = takeSteps(meta, rows, streams);
    const sequences = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const producer = this.#producers[producerOf[row] as number] as Producer;
      sequences[row] = producer.sequence = sum(producer.sequence, bias + residuals.next());
    }
    return sequences;
  }

  /** Of what has been unpacked: each record's head as 56 bytes, then their payloads. */
  #checksum(heads: Heads, producerOf: Uint32Array, ends: Float64Array, payloads: Uint8Array): number {
    const { offsets, sequences, times, codecs } = heads;
    const view = new DataView(new ArrayBuffer(producerOf.length * headBytes));
    let end = 0;
    for (let row = 0, at = 0; row < producerOf.length; row++, at += headBytes) {
      const producer = (this.#producers[producerOf[row] as number] as Producer).view;
      for (let i = 0; i < producerBytes; i += 4) view.setInt32(at + i, producer.getInt32(i, true), true);
      put64(view, at + 16, offsets[row] as number);
      put64(view, at + 24, sequences[row] as number);
      put64(view, at + 32, times[row] as number);
      put64(view, at + 40, codecs[row] as number);
      put64(view, at + 48, (ends[row] as number) - end);
      end = ends[row] as number;
    }
    return xxh32(payloads, xxh32(new Uint8Array(view.buffer)));
  }
}

function put64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  if (value >= 2 ** 32) view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function sum(value: number, step: number): number {
  const result = value + step;
  // Both are exact, so a sum that is not would be beyond.
  if (!(result >= 0 && result <= Number.MAX_SAFE_INTEGER))
    throw new PackError('a number of a record is none, or beyond what a JavaScript number holds');
  return result;
}
