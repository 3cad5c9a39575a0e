// Payloads of one shape (docs/pack-format.md, "Classes"): what a row has of its own is numbers and bytes, each told as a
// guess and a residual; all else is as in the row before.
//
// Once a block, a class becomes a template: the bytes that stay, and slots between them for the numbers that change.
// For each row these numbers are made, each from two cells, a bias and a residual, and the template is written, its slots
// filled. In a page that has just been loaded no compiler has seen this code before: so it is little, a few loops over
// arrays of numbers, and makes no objects.
import { copyBytes, Output, PackBytes, PackError, putVarint, varintBytesMax } from './bytes.js';
import { ColumnKind, Residuals, takeDescription, type ColumnStreams } from './columns.js';

const numbersMax = 23;
const numberLimit = 2 ** 49;
const fixedBytesMax = 256;

// What a guess starts from, as a pack says it: this column's previous row; the producer's last number j; that plus the
// length of its last text; number i of this row.
const fromPrevious = 0;
const fromRemembered = 1;
const fromBehindText = 9;
const fromSameRow = 17;

// The cells of a class: what is remembered of the producer's last row, of whatever class; then its own row.
const rememberedNumbers = 8;
const rememberedSize = rememberedNumbers; // of the longest part
const zero = rememberedSize + 1;
const ownNumbers = zero + 1; // and behind them the size of the text

export interface ClassStreams extends ColumnStreams {
  head: PackBytes;
  literals: PackBytes;
}

/** What the classes of a producer share: the cells that are remembered. */
export const newMemory = (): Float64Array => new Float64Array(rememberedSize + 1);

/** The numbers of a class that change. */
interface NumberColumns {
  count: number;
  readonly to: Uint8Array; // cells
  readonly from: Uint8Array;
  readonly also: Uint8Array;
  readonly bias: Float64Array;
  readonly next: Int32Array; // the row of the next residual
  readonly residuals: Residuals[];
}

/** A byte of the template that changes. */
interface ByteColumn {
  readonly at: number;
  readonly bias: number;
  readonly residuals: Residuals;
}

export interface FieldClass {
  row: number; // of the class's own rows
  readonly memory: Float64Array;
  readonly cells: Float64Array;
  readonly numbers: number;
  readonly columns: NumberColumns;
  readonly bytes: ByteColumn[];
  readonly literals: number[]; // places in the template that the stream of literals fills
  readonly template: Uint8Array;
  readonly slotAt: number[]; // places in the template
  readonly slotCell: number[];
  readonly textCell: number; // -1: no row has a text of a size of its own
  readonly remembers: boolean; // guesses need what is remembered
}

/** How the bytes of a class lie, as its head says. */
interface Shape {
  numbers: number;
  longest: number;
  sizes: number[];
  varies: boolean;
}

function takeShape(head: PackBytes): Shape {
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
  return { numbers, longest, sizes, varies };
}

/** The column of the number in `cell`. False when it is always what it is in the first row. */
function takeNumber(
  columns: NumberColumns,
  cells: Float64Array,
  cell: number,
  rows: number,
  streams: ClassStreams,
): boolean {
  const { kind, from, bias } = takeDescription(streams.head);
  const isSize = cell === cells.length - 1;
  const fromEnd = isSize ? fromPrevious + 1 : fromSameRow + cell - ownNumbers;
  if (kind === ColumnKind.literal || from >= fromEnd) throw new PackError('a column of a pack is described wrongly');
  const residuals = new Residuals(kind, rows, streams);
  const first = cells[cell] as number;
  if (from === fromPrevious && bias === 0 && residuals.at >= rows && first < numberLimit) return false;
  cells[cell] = first - bias;
  const place = columns.count++;
  columns.to[place] = cell;
  columns.from[place] = baseCell(from, cell);
  columns.also[place] = from >= fromBehindText && from < fromSameRow ? rememberedSize : zero;
  columns.bias[place] = bias;
  columns.next[place] = residuals.at;
  columns.residuals.push(residuals);
  return true;
}

function baseCell(from: number, cell: number): number {
  if (from === fromPrevious) return cell;
  if (from >= fromSameRow) return ownNumbers + from - fromSameRow;
  return from >= fromBehindText ? from - fromBehindText : from - fromRemembered;
}

interface Template {
  bytes: Uint8Array;
  places: number[]; // in it, of the bytes that the class's head has
  slotAt: number[];
  slotCell: number[];
}

/** What stays of a row: its bytes, and the numbers that do not change. */
function makeTemplate(shape: Shape, fixed: Uint8Array, cells: Float64Array, changes: readonly boolean[]): Template {
  const { numbers, longest, sizes, varies } = shape;
  const bytes = new Uint8Array(fixed.length + numbers * varintBytesMax);
  const made: Template = { bytes, places: [], slotAt: [], slotCell: [] };
  let at = 0;
  const slot = (cell: number): void => {
    made.slotAt.push(at);
    made.slotCell.push(cell);
  };
  for (let part = 0; part <= numbers; part++) {
    if (part === longest && varies) slot(ownNumbers + numbers);
    else
      for (let left = sizes[part] as number; left > 0; left--) {
        bytes[at] = fixed[made.places.length] as number;
        made.places.push(at++);
      }
    const cell = ownNumbers + part;
    if (part === numbers) break;
    if (changes[part]) slot(cell);
    else at = putVarint(bytes, at, cells[cell] as number);
  }
  return { ...made, bytes: bytes.slice(0, at) };
}

/** The columns of the bytes at these places of the template. */
function takeBytes(
  { bytes: template, places }: Template,
  rows: number,
  streams: ClassStreams,
): Pick<FieldClass, 'bytes' | 'literals'> {
  const bytes: ByteColumn[] = [];
  const literals: number[] = [];
  for (const at of places) {
    const { kind, from, bias } = takeDescription(streams.head);
    if (from !== fromPrevious) throw new PackError('a column of a pack is described wrongly');
    if (kind === ColumnKind.literal) {
      literals.push(at);
    } else if (kind !== ColumnKind.exact || bias !== 0) {
      template[at] = (template[at] as number) - bias;
      bytes.push({ at, bias, residuals: new Residuals(kind, rows, streams) });
    }
  }
  return { bytes, literals };
}

/** A class that has so many rows. */
export function takeClass(memory: Float64Array, rows: number, streams: ClassStreams): FieldClass {
  const { head } = streams;
  const shape = takeShape(head);
  const { numbers, longest, sizes, varies } = shape;
  const textCell = ownNumbers + numbers;
  const cells = new Float64Array(textCell + 1);
  for (let i = 0; i < numbers; i++) cells[ownNumbers + i] = head.varint();
  cells[textCell] = varies ? head.varint() : (sizes[longest] as number);
  const fixedBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (fixedBytes > fixedBytesMax) throw new PackError('a class of a pack has too many columns');
  const fixed = head.take(fixedBytes);
  const columns = newColumns(numbers + 1);
  const changes: boolean[] = [];
  for (let cell = ownNumbers; cell < textCell; cell++) changes.push(takeNumber(columns, cells, cell, rows, streams));
  if (varies) takeNumber(columns, cells, textCell, rows, streams);
  const template = makeTemplate(shape, fixed, cells, changes);
  const changing = takeBytes(template, rows, streams);
  return {
    row: 0,
    memory,
    cells,
    numbers,
    columns,
    bytes: changing.bytes,
    literals: changing.literals,
    template: template.bytes,
    slotAt: template.slotAt,
    slotCell: template.slotCell,
    textCell: varies ? textCell : -1,
    remembers: columns.from.some((from, i) => i < columns.count && from < zero),
  };
}

function newColumns(most: number): NumberColumns {
  const cells = (): Uint8Array => new Uint8Array(most);
  const numbers = { bias: new Float64Array(most), next: new Int32Array(most) };
  return { count: 0, to: cells(), from: cells(), also: cells(), ...numbers, residuals: [] };
}

/** The next `count` rows, which follow one another; from `row` on, `starts` gets where the next one starts. */
export function putRows(
  each: FieldClass,
  count: number,
  literals: PackBytes,
  out: Output,
  starts: Uint32Array,
  row: number,
): void {
  const { cells, memory } = each;
  cells.set(memory);
  for (let left = count; left > 0; left--) {
    stepNumbers(each);
    stepBytes(each, literals);
    putRow(each, literals, out);
    if (each.remembers || left === 1) remember(each);
    each.row++;
    starts[++row] = out.size;
  }
  memory.set(cells.subarray(0, memory.length));
}

function stepNumbers({ row, cells, columns }: FieldClass): void {
  const { count, to, from, also, bias, next } = columns;
  for (let i = 0; i < count; i++) {
    let value = (cells[from[i] as number] as number) + (cells[also[i] as number] as number) + (bias[i] as number);
    if (next[i] === row) {
      const residuals = columns.residuals[i] as Residuals;
      value += residuals.take();
      next[i] = residuals.at;
    }
    if (!(value >= 0 && value < numberLimit)) throw new PackError('a number of a payload in a pack is out of range');
    cells[to[i] as number] = value;
  }
}

function stepBytes({ row, template, bytes, literals: places }: FieldClass, literals: PackBytes): void {
  for (let i = 0; i < bytes.length; i++) {
    const { at, bias, residuals } = bytes[i] as ByteColumn;
    template[at] = (template[at] as number) + bias + (residuals.at === row ? residuals.take() : 0);
  }
  for (let i = 0; i < places.length; i++) template[places[i] as number] = literals.byte();
}

function putRow({ cells, template, slotAt, slotCell, textCell }: FieldClass, literals: PackBytes, out: Output): void {
  const text = textCell < 0 ? 0 : (cells[textCell] as number);
  if (text > literals.left) throw new PackError('a text of a pack is longer than what is there');
  const bytes = out.room(template.length + slotAt.length * varintBytesMax + text);
  let at = out.size;
  let from = 0;
  for (let slot = 0; slot < slotAt.length; slot++) {
    for (const to = slotAt[slot] as number; from < to; from++) bytes[at++] = template[from] as number;
    const cell = slotCell[slot] as number;
    if (cell === textCell) {
      copyBytes(bytes, at, literals.bytes, literals.position, text);
      literals.position += text;
      at += text;
    } else {
      at = putVarint(bytes, at, cells[cell] as number);
    }
  }
  for (; from < template.length; from++) bytes[at++] = template[from] as number;
  out.end(at);
}

/** The row is the last one of its producer. */
function remember({ cells, numbers }: FieldClass): void {
  for (let i = 0; i < numbers && i < rememberedNumbers; i++) cells[i] = cells[ownNumbers + i] as number;
  cells[rememberedSize] = cells[ownNumbers + numbers] as number;
}
