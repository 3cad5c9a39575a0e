// One block: some records from the nine streams that hold them (docs/pack-format.md, "Block").
import { Output, PackBytes, PackError } from './bytes.js';
import { follow, takeSteps, type ColumnStreams, type Steps } from './columns.js';
import { Form, Restorer } from './elision.js';
import { decodeFields, type ProducerRun } from './fields.js';
import type { Frame } from './frame.js';
import type { PackHeader } from './header.js';
import { checkBounds, checksumOf, recordsOf, type Heads, type PackRecord, type Producer, type Rows } from './rows.js';

const blockRecordsMax = 65536;
const blockBytesMax = 2 ** 32 - 1; // whatever limit somebody sets
const producerBytes = 16;
const bytesPerStreamByte = 24; // to start with; keystrokes become about twenty times what they take in the streams

interface TakenHeads {
  heads: Heads;
  forms: Float64Array | null; // null: nothing was left out of any payload
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
  readonly #header: PackHeader;
  #offset: number;
  #time: number;
  #codec = 0;
  #form = 0;

  constructor(header: PackHeader) {
    this.#header = header;
    this.#offset = header.first - 1;
    this.#time = header.timeMin;
  }

  /** Of the last record so far. */
  get offset(): number {
    return this.#offset;
  }

  next(frame: Frame, room: Room): { records: PackRecord[]; payloadBytes: number } {
    const count = frame.varint();
    const payloadBytes = frame.varint();
    const checksum = new PackBytes(frame.pull(4)).uint32();
    if (count === 0 || count > Math.min(room.records, blockRecordsMax))
      throw new PackError('a block of a pack has more records than there are, or none');
    if (payloadBytes > Math.min(room.payloadBytes, room.blockPayloadBytesMax, blockBytesMax))
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
    const producerRuns = this.#takeProducers(meta, count);
    const { heads, forms } = this.#takeHeads(meta, { gaps, residuals }, producerRuns, count);
    const streamBytes = streams.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const elided = new Output(payloadBytes, bytesPerStreamByte * streamBytes);
    const fields = { head, classes, runs, gaps, residuals, literals, fallback };
    const starts = decodeFields(producerRuns, count, fields, elided);
    const out = forms === null ? elided : this.#restored(forms, elided, starts, references);
    references.done();
    if (out.size !== payloadBytes) throw new PackError('a block of a pack holds less than it says');
    const rows: Rows = { ...heads, starts, payloads: out.bytes.subarray(0, out.size) };
    if (checksumOf(rows) !== checksum) throw new PackError('a block of a pack is damaged, or was misread');
    return recordsOf(rows);
  }

  /** The payloads with what was left out; `starts` are moved. */
  #restored(forms: Float64Array, elided: Output, starts: Uint32Array, references: PackBytes): Output {
    const out = new Output(elided.most, elided.size);
    let from = 0;
    for (let row = 0; row < forms.length; row++) {
      const end = starts[row + 1] as number;
      this.#restorer.restore(forms[row] as number, elided.bytes.subarray(from, end), references, out);
      from = end;
      starts[row + 1] = out.size;
    }
    return out;
  }

  #takeProducers(meta: PackBytes, count: number): ProducerRun[] {
    for (let fresh = meta.varint(count); fresh > 0; fresh--) {
      const id = meta.take(producerBytes).slice();
      const view = new DataView(id.buffer);
      this.#producers.push({ id, words: Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true)), sequence: 0 });
    }
    const runs: ProducerRun[] = [];
    for (let from = 0; from < count; ) {
      const producer = meta.varint(this.#producers.length - 1);
      const to = from + meta.varint(count - from - 1) + 1;
      runs.push({ producer, from, to });
      from = to;
    }
    return runs;
  }

  #takeHeads(meta: PackBytes, streams: ColumnStreams, runs: readonly ProducerRun[], count: number): TakenHeads {
    const column = (): Steps => takeSteps(meta, count, streams);
    const [offsets, sequences, times, codecs, forms] = [column(), column(), column(), column(), column()];
    meta.done();
    const producers = new Uint32Array(count);
    for (const { producer, from, to } of runs) {
      producers.fill(producer, from, to);
      const author = this.#producers[producer] as Producer;
      author.sequence = follow(sequences, from, to, author.sequence);
    }
    const before = this.#offset;
    this.#offset = follow(offsets, 0, count, before);
    this.#time = follow(times, 0, count, this.#time);
    this.#codec = follow(codecs, 0, count, this.#codec);
    this.#form = follow(forms, 0, count, this.#form, Form.automerge);
    const heads: Heads = {
      authors: this.#producers,
      producers,
      offsets: offsets.numbers,
      sequences: sequences.numbers,
      times: times.numbers,
      codecs: codecs.numbers,
    };
    checkBounds(heads, before, this.#header);
    return { heads, forms: forms.still && this.#form === Form.plain ? null : forms.numbers };
  }
}
