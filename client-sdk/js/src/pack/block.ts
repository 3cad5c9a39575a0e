// One block: some records from the nine streams that hold them (docs/pack-format.md, "Block").
import { Output, PackBytes, PackError } from './bytes.js';
import { eachStep } from './columns.js';
import { Form, Restorer } from './elision.js';
import { decodeFields } from './fields.js';
import type { Frame } from './frame.js';
import { xxh32 } from './xxh32.js';

/** A record as the document's log has it. `payload` and `producer` are slices of larger buffers. */
export interface PackRecord {
  offset: number;
  producer: Uint8Array;
  sequence: number;
  time: number;
  codec: number;
  payload: Uint8Array;
}

const blockRecordsMax = 65536;
const producerBytes = 16;

export interface Room {
  records: number;
  payloadBytes: number;
  blockPayloadBytesMax: number;
}

/** Unpacks the blocks of one pack, in order: each goes on where the one before ended. */
export class BlockDecoder {
  readonly #restorer = new Restorer();
  readonly #producers: { id: Uint8Array; sequence: number }[] = [];
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
    const records = this.#decode(count, payloadBytes, streams);
    if (blockChecksum(records) !== checksum) throw new PackError('a block of a pack is damaged, or was misread');
    return { records, payloadBytes };
  }

  #decode(count: number, payloadBytes: number, streams: PackBytes[]): PackRecord[] {
    const [meta, head, classes, runs, gaps, residuals, references, literals, fallback] = streams as [
      PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes, PackBytes,
    ];
    const producerOf = this.#takeProducers(meta, count);
    const records: PackRecord[] = producerOf.map((index) => {
      const producer = this.#producers[index]?.id as Uint8Array;
      return { offset: 0, producer, sequence: 0, time: 0, codec: 0, payload: producer };
    });
    const forms = this.#takeColumns(meta, { gaps, residuals }, producerOf, records);
    const elided = new Output(payloadBytes);
    const ends = decodeFields(producerOf, { head, classes, runs, gaps, residuals, literals, fallback }, elided);
    const whole = forms.every((form) => form === Form.plain);
    const out = whole ? elided : new Output(payloadBytes);
    if (!whole) {
      let from = 0;
      forms.forEach((form, row) => {
        const end = ends[row] as number;
        this.#restorer.restore(form, elided.bytes.subarray(from, end), references, out);
        from = end;
        ends[row] = out.size;
      });
    }
    references.done();
    if (out.size !== payloadBytes) throw new PackError('a block of a pack holds less than it says');
    let from = 0;
    records.forEach((record, row) => {
      record.payload = out.bytes.subarray(from, ends[row]);
      from = ends[row] as number;
    });
    return records;
  }

  #takeProducers(meta: PackBytes, count: number): number[] {
    for (let fresh = meta.varint(count); fresh > 0; fresh--)
      this.#producers.push({ id: meta.take(producerBytes).slice(), sequence: 0 });
    const producerOf: number[] = [];
    while (producerOf.length < count) {
      const index = meta.varint(this.#producers.length - 1);
      const run = meta.varint(count - producerOf.length - 1) + 1;
      for (let i = 0; i < run; i++) producerOf.push(index);
    }
    return producerOf;
  }

  #takeColumns(
    meta: PackBytes,
    streams: { gaps: PackBytes; residuals: PackBytes },
    producerOf: readonly number[],
    records: PackRecord[],
  ): number[] {
    const rows = records.length;
    const forms: number[] = [];
    const at = (row: number): PackRecord => records[row] as PackRecord;
    eachStep(meta, rows, streams, (row, step) => (at(row).offset = this.#offset = sum(this.#offset, step)));
    eachStep(meta, rows, streams, (row, step) => {
      const producer = this.#producers[producerOf[row] as number] as { sequence: number };
      at(row).sequence = producer.sequence = sum(producer.sequence, step);
    });
    eachStep(meta, rows, streams, (row, step) => (at(row).time = this.#time = sum(this.#time, step)));
    eachStep(meta, rows, streams, (row, step) => (at(row).codec = this.#codec = sum(this.#codec, step)));
    eachStep(meta, rows, streams, (_row, step) => {
      this.#form = sum(this.#form, step);
      if (this.#form > Form.automerge) throw new PackError('a payload of a pack is of an unknown form');
      forms.push(this.#form);
    });
    meta.done();
    return forms;
  }
}

function sum(value: number, step: number): number {
  const result = value + step;
  if (!Number.isSafeInteger(result) || result < 0)
    throw new PackError('a number of a record is none, or beyond what a JavaScript number holds');
  return result;
}

/** Of what has been unpacked: each record's head as 56 bytes, then their payloads. */
function blockChecksum(records: readonly PackRecord[]): number {
  const heads = new Uint8Array(records.length * 56);
  const view = new DataView(heads.buffer);
  let payloadBytes = 0;
  records.forEach((record, row) => {
    heads.set(record.producer, row * 56);
    [record.offset, record.sequence, record.time, record.codec, record.payload.length].forEach((number, i) => {
      view.setUint32(row * 56 + 16 + 8 * i, number >>> 0, true);
      view.setUint32(row * 56 + 20 + 8 * i, Math.floor(number / 2 ** 32), true);
    });
    payloadBytes += record.payload.length;
  });
  // The payloads stand one after another in one buffer.
  const first = records[0]?.payload ?? heads;
  return xxh32(new Uint8Array(first.buffer, first.byteOffset, payloadBytes), xxh32(heads));
}
