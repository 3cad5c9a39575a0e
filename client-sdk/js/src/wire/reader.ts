// Reads protobuf's wire format. The bytes come from a stranger: every length is checked against what is there, and
// nothing is allocated by a size that is merely claimed. Any breach is a ProtocolError.
//
//   for (let field = reader.next(); field !== 0; field = reader.next()) {
//     if (field === 1) name = reader.string(); else reader.skip();
//   }
//
// Byte fields are slices of the message, not copies.

import { ProtocolError } from '../errors.js';

/** The field has another wire type than its name calls for: it is to be skipped, like any unknown one. */
export class WireTypeMismatch extends ProtocolError {}

const nestingMax = 32;
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #position: number;
  #field = 0;
  #wireType = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
  }

  /** The next field's number, 0 at the end. Its value must then be read or skipped. */
  next(): number {
    if (this.#position === this.#end) return 0;
    const tag = this.#varint();
    const field = (this.#field = Math.floor(tag / 8));
    this.#wireType = tag % 8;
    if (field === 0 || tag >= 2 ** 32) throw new ProtocolError(`field number ${field} is not legal`);
    return field;
  }

  /** A varint as a number: an offset, a sequence, a count. Beyond 2^53-1 it cannot be kept exactly and is refused. */
  uint(): number {
    this.#expect(0);
    return this.#varint();
  }

  /** A varint of 64 bits, for what is only handed back. */
  uint64(): bigint {
    this.#expect(0);
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (value >= 1n << 64n) break;
      return value;
    }
    throw new ProtocolError('a varint is longer than 64 bits');
  }

  bool(): boolean {
    return this.uint64() !== 0n;
  }

  fixed64(): bigint {
    this.#expect(1);
    this.#need(8);
    const value = this.#view.getBigUint64(this.#position, true);
    this.#position += 8;
    return value;
  }

  bytes(): Uint8Array {
    const [start, end] = this.#delimited();
    return this.#bytes.subarray(start, end);
  }

  string(): string {
    try {
      return text.decode(this.bytes());
    } catch (cause) {
      if (cause instanceof ProtocolError) throw cause;
      throw new ProtocolError('a text is not UTF-8', cause);
    }
  }

  message(): Reader {
    const [start, end] = this.#delimited();
    return new Reader(this.#bytes, start, end);
  }

  /** Repeated varints, packed or one by one. */
  uints(into: number[]): void {
    if (this.#wireType !== 2) {
      into.push(this.uint());
      return;
    }
    const inner = this.message();
    while (inner.#position < inner.#end) into.push(inner.#varint());
  }

  /** Steps over a field that this version does not know. */
  skip(nesting = 0): void {
    switch (this.#wireType) {
      case 0:
        this.uint64();
        return;
      case 1:
        return this.#advance(8);
      case 2:
        this.#delimited();
        return;
      case 3:
        return this.#skipGroup(this.#field, nesting + 1);
      case 5:
        return this.#advance(4);
      default:
        throw new ProtocolError(`wire type ${this.#wireType} is not legal here`);
    }
  }

  #skipGroup(group: number, nesting: number): void {
    if (nesting > nestingMax) throw new ProtocolError('groups are nested too deeply');
    while (this.next() !== 0) {
      if (this.#wireType !== 4) this.skip(nesting);
      else if (this.#field === group) return;
      else break;
    }
    throw new ProtocolError(`group ${group} has no end`);
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw new WireTypeMismatch(`wire type ${this.#wireType}, expected ${wireType}`);
  }

  #delimited(): [number, number] {
    this.#expect(2);
    const length = this.#varint();
    this.#need(length);
    const start = this.#position;
    this.#position += length;
    return [start, this.#position];
  }

  #advance(count: number): void {
    this.#need(count);
    this.#position += count;
  }

  #need(count: number): void {
    if (count > this.#end - this.#position) throw new ProtocolError('the message ends inside a field');
  }

  #byte(): number {
    if (this.#position >= this.#end) throw new ProtocolError('the message ends inside a number');
    return this.#bytes[this.#position++]!;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new ProtocolError('a number is larger than 2^53-1');
        return value;
      }
      scale *= 128;
    }
    throw new ProtocolError('a varint is longer than 10 bytes');
  }
}
