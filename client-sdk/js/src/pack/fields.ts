// Payloads from classes and columns (docs/pack-format.md, "Fields"): row by row, each number from a guess and a residual.
import { Output, PackBytes, PackError } from './bytes.js';
import { ColumnKind, Residuals, takeDescription, type ColumnDescription, type ColumnStreams } from './columns.js';
import { takeTransposed, type RowShape } from './transpose.js';

const numbersMax = 23;
const numberLimit = 2 ** 49;
const rememberedNumbers = 8;
const fixedBytesMax = 256;

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
  numbers: number[];
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
}

export interface FieldStreams extends ColumnStreams {
  head: PackBytes;
  classes: PackBytes;
  runs: PackBytes;
  literals: PackBytes;
  fallback: PackBytes;
}

/** Puts the payloads into `out` and returns where each ends. */
export function decodeFields(producerOf: readonly number[], streams: FieldStreams, out: Output): number[] {
  const classOf = new Array<FieldClass | undefined>(producerOf.length).fill(undefined);
  for (const rows of rowsByProducer(producerOf)) takeProducer(rows, streams, classOf);
  streams.head.done();
  streams.classes.done();
  streams.runs.done();
  streams.gaps.done();
  streams.residuals.done();
  const fallback = takeFallback(producerOf, classOf, streams.fallback);
  const ends: number[] = [];
  const row = new Array<number>(numbersMax).fill(0);
  for (const each of classOf) {
    if (each === undefined) out.put(fallback.next());
    else putRow(each, row, streams.literals, out);
    ends.push(out.size);
  }
  streams.literals.done();
  fallback.done();
  return ends;
}

/** Producers in the order of their first row. */
function rowsByProducer(producerOf: readonly number[]): Iterable<number[]> {
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
  const memory = { numbers: new Array<number>(rememberedNumbers).fill(0), longest: 0 };
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
  for (let at = 0; at < fixedBytes; at++) {
    const column = takeDescription(head);
    if (column.from !== fromPrevious) throw new PackError('a column of a pack is described wrongly');
    if (column.kind === ColumnKind.exact && column.bias === 0) continue;
    if (column.kind !== ColumnKind.literal) fixed[at] = (fixed[at] as number) - column.bias;
    bytes.push({ ...column, at, residuals: new Residuals(column.kind, rows, streams) });
  }
  return { memory, longest, varies, sizes, numbers: columns, longestSize, fixed, bytes };
}

function takeNumberColumn(rows: number, first: number, fromEnd: number, streams: FieldStreams): NumberColumn {
  const column = takeDescription(streams.head);
  if (column.kind === ColumnKind.literal || column.from >= fromEnd)
    throw new PackError('a column of a pack is described wrongly');
  return { ...column, previous: first - column.bias, residuals: new Residuals(column.kind, rows, streams) };
}

function base(column: NumberColumn, row: readonly number[], memory: Memory): number {
  const from = column.from;
  if (from === fromPrevious) return column.previous;
  if (from >= fromSameRow) return row[from - fromSameRow] as number;
  if (from >= fromBehindText) return (memory.numbers[from - fromBehindText] as number) + memory.longest;
  return memory.numbers[from - fromRemembered] as number;
}

function putRow(each: FieldClass, row: number[], literals: PackBytes, out: Output): void {
  const { memory, numbers, fixed, sizes } = each;
  for (let i = 0; i < numbers.length; i++) {
    const column = numbers[i] as NumberColumn;
    const value = base(column, row, memory) + column.bias + column.residuals.next();
    if (!(value >= 0 && value < numberLimit)) throw new PackError('a number of a payload in a pack is out of range');
    row[i] = column.previous = value;
  }
  for (const { at, kind, bias, residuals } of each.bytes)
    fixed[at] = kind === ColumnKind.literal ? literals.byte() : (fixed[at] as number) + bias + residuals.next();
  let text: Uint8Array | undefined;
  if (each.longestSize !== undefined) {
    const column = each.longestSize;
    const size = column.previous + column.bias + column.residuals.next();
    if (!(size >= 0 && size <= literals.left)) throw new PackError('a text of a pack is longer than what is there');
    column.previous = size;
    text = literals.take(size);
  }
  let fixedAt = 0;
  for (let part = 0; part < sizes.length; part++) {
    if (part === each.longest && text !== undefined) {
      out.put(text);
    } else {
      const size = sizes[part] as number;
      const to = out.advance(size);
      for (let i = 0; i < size; i++) out.bytes[to + i] = fixed[fixedAt + i] as number;
      fixedAt += size;
    }
    if (part < numbers.length) out.varint(row[part] as number);
  }
  for (let i = 0; i < Math.min(numbers.length, rememberedNumbers); i++) memory.numbers[i] = row[i] as number;
  memory.longest = text === undefined ? (sizes[each.longest] as number) : text.length;
}

interface Fallback {
  next(): Uint8Array;
  done(): void;
}

function takeFallback(
  producerOf: readonly number[],
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
