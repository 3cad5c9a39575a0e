// Payloads (docs/pack-format.md, "Fields"): which rows are of which class, and those that are of none.
import { Output, PackBytes, PackError } from './bytes.js';
import { newMemory, putRows, takeClass, type ClassStreams, type FieldClass } from './field-class.js';
import { takeTransposed, type RowShape } from './transpose.js';

export interface FieldStreams extends ClassStreams {
  classes: PackBytes;
  runs: PackBytes;
  fallback: PackBytes;
}

/** Records of one producer, one after another: those from `from` to before `to`. */
export interface ProducerRun {
  producer: number;
  from: number;
  to: number;
}

/** The class of each row; 0 for none. */
interface Classes {
  readonly all: (FieldClass | undefined)[];
  readonly of: Uint32Array;
}

/** Puts the payloads into `out` and returns where each starts, and where the last one ends. */
export function decodeFields(
  runs: readonly ProducerRun[],
  count: number,
  streams: FieldStreams,
  out: Output,
): Uint32Array {
  const classes: Classes = { all: [undefined], of: new Uint32Array(count) };
  for (const own of runsByProducer(runs)) takeProducer(own, streams, classes);
  streams.head.done();
  streams.classes.done();
  streams.runs.done();
  streams.gaps.done();
  streams.residuals.done();
  const fallback = takeFallback(runs, classes.of, streams.fallback);
  const starts = new Uint32Array(count + 1);
  for (let row = 0; row < count; ) {
    const each = classes.all[classes.of[row] as number];
    const rows = sameFrom(classes.of, row);
    if (each) putRows(each, rows, streams.literals, out, starts, row);
    else fallback.put(rows, out, starts, row);
    row += rows;
  }
  streams.literals.done();
  fallback.done();
  return starts;
}

/** How many rows from this one on are of its class. */
function sameFrom(classOf: Uint32Array, row: number): number {
  let next = row + 1;
  while (next < classOf.length && classOf[next] === classOf[row]) next++;
  return next - row;
}

/** Producers in the order of their first row. */
function runsByProducer(runs: readonly ProducerRun[]): Iterable<ProducerRun[]> {
  const all = new Map<number, ProducerRun[]>();
  for (const run of runs) {
    const own = all.get(run.producer);
    if (own) own.push(run);
    else all.set(run.producer, [run]);
  }
  return all.values();
}

/** `own` are all rows of one producer. */
function takeProducer(own: readonly ProducerRun[], streams: FieldStreams, classes: Classes): void {
  const rows = own.reduce((sum, { from, to }) => sum + to - from, 0);
  const count = streams.head.varint(rows);
  const rowsOfClass = takeClassRuns(own, rows, count, streams, classes);
  const memory = newMemory();
  for (let id = 1; id <= count; id++) classes.all.push(takeClass(memory, rowsOfClass[id] as number, streams));
}

/** Says in `classes` of which class each of these rows is. Returns how many each class has. */
function takeClassRuns(
  own: readonly ProducerRun[],
  rows: number,
  count: number,
  streams: FieldStreams,
  classes: Classes,
): number[] {
  const rowsOfClass = new Array<number>(count + 1).fill(0);
  const known = classes.all.length - 1; // of other producers
  let id = 0;
  let left = 0; // of a run of the class `id`
  for (const { from, to } of own)
    for (let row = from; row < to; ) {
      if (left === 0) {
        id = streams.classes.varint(count);
        left = streams.runs.varint(rows - 1) + 1;
        rows -= left;
        rowsOfClass[id] = (rowsOfClass[id] as number) + left;
      }
      const end = Math.min(to, row + left);
      classes.of.fill(id === 0 ? 0 : known + id, row, end);
      left -= end - row;
      row = end;
    }
  return rowsOfClass;
}

/** The payloads of rows that have no class. */
class Fallback {
  readonly #payloads: PackBytes;
  readonly #shapes: readonly RowShape[];
  #next = 0;

  constructor(shapes: RowShape[], reader: PackBytes) {
    this.#shapes = shapes;
    this.#payloads = reader;
    if (shapes.length === 0) return;
    const form = reader.byte();
    for (const shape of shapes) shape.size = reader.varint();
    if (form > 1) throw new PackError('the payloads without class are of an unknown form');
    if (form === 1) this.#payloads = new PackBytes(takeTransposed(shapes, reader));
  }

  /** The next `count` of them; from `row` on, `starts` gets where the next one starts. */
  put(count: number, out: Output, starts: Uint32Array, row: number): void {
    const payloads = this.#payloads;
    for (; count > 0; count--) {
      const { size } = this.#shapes[this.#next++] as RowShape;
      if (size > payloads.left) throw new PackError('a pack ends too early');
      out.put(payloads.bytes, payloads.position, payloads.position + size);
      payloads.position += size;
      starts[++row] = out.size;
    }
  }

  done(): void {
    this.#payloads.done();
  }
}

function takeFallback(runs: readonly ProducerRun[], classOf: Uint32Array, reader: PackBytes): Fallback {
  const shapes: RowShape[] = [];
  if (classOf.includes(0))
    for (const { producer, from, to } of runs)
      for (let row = from; row < to; row++) if (classOf[row] === 0) shapes.push({ producer, size: 0 });
  return new Fallback(shapes, reader);
}
