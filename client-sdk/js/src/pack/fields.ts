// Payloads from classes and columns (docs/pack-format.md, "Fields"): row by row, each number from a guess and a residual.
import { copyBytes, Output, PackBytes, PackError } from './bytes.js';
import { ColumnKind, Residuals, takeDescription, type ColumnDescription, type ColumnStreams } from './columns.js';
import { takeTransposed, type RowShape } from './transpose.js';

const numbersMax = 23;
const numberLimit = 2 ** 49;
const rememberedNumbers = 8;
const fixedBytesMax = 256;
const rowBytesMax = numbersMax * 7 + fixedBytesMax; // beside its text

// What a guess starts from: this column's previous row; the producer's last number j; that plus the length of its last
// text; number i of this row.
const fromPrevious = 0;
const fromRemembered = 1;
const fromBehindText = 9;
const fromSameRow = 17;

interface NumberColumn extends ColumnDescription {
  previous: number;
  residuals: Residuals;
}

interface ByteColumn extends ColumnDescription {
  at: number;
  residuals: Residuals;
}

interface Memory {
  numbers: Float64Array;
  longest: number;
}

interface FieldClass {
  memory: Memory;
  longest: number;
  varies: boolean;
  sizes: number[];
  numbers: NumberColumn[];
  longestSize: NumberColumn | undefined;
  fixed: Uint8Array; // the last row's
  bytes: ByteColumn[]; // those that change
  literal: number[]; // those that are in the stream of literals
}

export interface FieldStreams extends ColumnStreams {
  head: PackBytes;
  classes: PackBytes;
  runs: PackBytes;
  literals: PackBytes;
  fallback: PackBytes;
}

/** Puts the payloads into `out` and returns where each ends. */
export function decodeFields(producerOf: Uint32Array, streams: FieldStreams, out: Output): Float64Array {
  const classOf = new Array<FieldClass | undefined>(producerOf.length).fill(undefined);
  for (const rows of rowsByProducer(producerOf)) takeProducer(rows, streams, classOf);
  streams.head.done();
  streams.classes.done();
  streams.runs.done();
  streams.gaps.done();
  streams.residuals.done();
  const fallback = takeFallback(producerOf, classOf, streams.fallback);
  const ends = new Float64Array(classOf.length);
  const row = new Float64Array(numbersMax);
  for (let i = 0; i < classOf.length; i++) {
    const each = classOf[i];
    if (each === undefined) out.put(fallback.next());
    else putRow(each, row, streams.literals, out);
    ends[i] = out.size;
  }
  streams.literals.done();
  fallback.done();
  return ends;
}

/** Producers in the order of their first row. */
function rowsByProducer(producerOf: Uint32Array): Iterable<number[]> {
  const rows = new Map<number, number[]>();
  producerOf.forEach((producer, row) => {
    const own = rows.get(producer);
    if (own) own.push(row);
    else rows.set(producer, [row]);
  });
  return rows.values();
}

function takeProducer(rows: readonly number[], streams: FieldStreams, classOf: (FieldClass | undefined)[]): void {
  const count = streams.head.varint(rows.length);
  const ids: number[] = [];
  const rowsOfClass = new Array<number>(count + 1).fill(0);
  while (ids.length < rows.length) {
    const id = streams.classes.varint(count);
    const run = streams.runs.varint(rows.length - ids.length - 1) + 1;
    rowsOfClass[id] = (rowsOfClass[id] as number) + run;
    for (let i = 0; i < run; i++) ids.push(id);
  }
  const memory = { numbers: new Float64Array(rememberedNumbers), longest: 0 };
  const classes: (FieldClass | undefined)[] = [undefined];
  for (let id = 1; id <= count; id++) classes.push(takeClass(memory, rowsOfClass[id] as number, streams));
  rows.forEach((row, i) => (classOf[row] = classes[ids[i] as number]));
}

function takeClass(memory: Memory, rows: number, streams: FieldStreams): FieldClass {
  const { head } = streams;
  const numbers = head.varint(numbersMax);
  const longest = head.varint(numbers);
  const sizes: number[] = [];
  let varies = false;
  for (let part = 0; part <= numbers; part++) {
    let size = head.varint(fixedBytesMax + 1);
    if (part === longest) {
      varies = size === 0;
      if (!varies) size--;
    }
    sizes.push(size);
  }
  const first: number[] = [];
  for (let i = 0; i < numbers; i++) first.push(head.varint());
  const firstSize = varies ? head.varint() : 0;
  const fixedBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (fixedBytes > fixedBytesMax) throw new PackError('a class of a pack has too many columns');
  const fixed = head.take(fixedBytes).slice();
  const columns = first.map((value, i) => takeNumberColumn(rows, value, fromSameRow + i, streams));
  const longestSize = varies ? takeNumberColumn(rows, firstSize, fromPrevious + 1, streams) : undefined;
  const bytes: ByteColumn[] = [];
  const literal: number[] = [];
  for (let at = 0; at < fixedBytes; at++) {
    const column = takeDescription(head);
    if (column.from !== fromPrevious) throw new PackError('a column of a pack is described wrongly');
    if (column.kind === ColumnKind.exact && column.bias === 0) continue;
    if (column.kind === ColumnKind.literal) {
      literal.push(at);
      continue;
    }
    fixed[at] = (fixed[at] as number) - column.bias;
    bytes.push({ ...column, at, residuals: new Residuals(column.kind, rows, streams) });
  }
  return { memory, longest, varies, sizes, numbers: columns, longestSize, fixed, bytes, literal };
}

function takeNumberColumn(rows: number, first: number, fromEnd: number, streams: FieldStreams): NumberColumn {
  const column = takeDescription(streams.head);
  if (column.kind === ColumnKind.literal || column.from >= fromEnd)
    throw new PackError('a column of a pack is described wrongly');
  return { ...column, previous: first - column.bias, residuals: new Residuals(column.kind, rows, streams) };
}

function base(column: NumberColumn, row: Float64Array, memory: Memory): number {
  const from = column.from;
  if (from === fromPrevious) return column.previous;
  if (from >= fromSameRow) return row[from - fromSameRow] as number;
  if (from >= fromBehindText) return (memory.numbers[from - fromBehindText] as number) + memory.longest;
  return memory.numbers[from - fromRemembered] as number;
}

/** The row's numbers, and its bytes in `fixed`. */
function step(each: FieldClass, row: Float64Array, literals: PackBytes): void {
  const { memory, numbers, fixed, bytes, literal } = each;
  for (let i = 0; i < numbers.length; i++) {
    const column = numbers[i] as NumberColumn;
    const value = base(column, row, memory) + column.bias + column.residuals.next();
    if (!(value >= 0 && value < numberLimit)) throw new PackError('a number of a payload in a pack is out of range');
    row[i] = column.previous = value;
  }
  for (let i = 0; i < bytes.length; i++) {
    const { at, bias, residuals } = bytes[i] as ByteColumn;
    fixed[at] = (fixed[at] as number) + bias + residuals.next();
  }
  for (let i = 0; i < literal.length; i++) fixed[literal[i] as number] = literals.byte();
}

/** How long the row's text is, if it has one. */
function stepSize(column: NumberColumn, left: number): number {
  const size = column.previous + column.bias + column.residuals.next();
  if (!(size >= 0 && size <= left)) throw new PackError('a text of a pack is longer than what is there');
  return (column.previous = size);
}

function putRow(each: FieldClass, row: Float64Array, literals: PackBytes, out: Output): void {
  const { memory, fixed, sizes, longest } = each;
  const numbers = each.numbers.length;
  step(each, row, literals);
  const text = each.longestSize === undefined ? -1 : stepSize(each.longestSize, literals.left);
  const bytes = out.room(rowBytesMax + Math.max(text, 0));
  let at = out.size;
  let fixedAt = 0;
  for (let part = 0; part <= numbers; part++) {
    if (part === longest && text >= 0) {
      copyBytes(bytes, at, literals.bytes, literals.position, text);
      literals.position += text;
      at += text;
    } else {
      const end = fixedAt + (sizes[part] as number);
      while (fixedAt < end) bytes[at++] = fixed[fixedAt++] as number;
    }
    if (part < numbers) at = putVarint(bytes, at, row[part] as number);
  }
  out.end(at);
  for (let i = 0; i < numbers && i < rememberedNumbers; i++) memory.numbers[i] = row[i] as number;
  memory.longest = text >= 0 ? text : (sizes[longest] as number);
}

/** Returns where it ends. */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  for (; value >= 2 ** 28; value = Math.floor(value / 128)) bytes[at++] = (value % 128) | 0x80;
  let low = value | 0;
  for (; low >= 0x80; low >>>= 7) bytes[at++] = (low & 0x7f) | 0x80;
  bytes[at++] = low;
  return at;
}

interface Fallback {
  next(): Uint8Array;
  done(): void;
}

function takeFallback(
  producerOf: Uint32Array,
  classOf: readonly (FieldClass | undefined)[],
  reader: PackBytes,
): Fallback {
  const shapes: RowShape[] = [];
  classOf.forEach((each, row) => {
    if (each === undefined) shapes.push({ producer: producerOf[row] as number, size: 0 });
  });
  let payloads = reader;
  if (shapes.length > 0) {
    const form = reader.byte();
    for (const shape of shapes) shape.size = reader.varint();
    if (form > 1) throw new PackError('the payloads without class are of an unknown form');
    if (form === 1) payloads = new PackBytes(takeTransposed(shapes, reader));
  }
  let next = 0;
  return {
    next: () => payloads.take((shapes[next++] as RowShape).size),
    done: () => payloads.done(),
  };
}
