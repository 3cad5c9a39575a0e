// Columns of numbers (docs/pack-format.md, "Columns").
import { PackBytes, PackError } from './bytes.js';

export const enum ColumnKind {
  exact = 0,
  sparse = 1,
  dense = 2,
  literal = 3,
}

export interface ColumnDescription {
  kind: ColumnKind;
  from: number;
  bias: number;
}

export function takeDescription(reader: PackBytes): ColumnDescription {
  const description = reader.varint(2 ** 31);
  return {
    kind: description & 3,
    from: description >> 3,
    bias: (description & 4) !== 0 ? reader.signed() : 0,
  };
}

/** The two streams that columns share, each moved behind what a column has taken. */
export interface ColumnStreams {
  gaps: PackBytes;
  residuals: PackBytes;
}

const never = 2 ** 29; // rows; still a small integer to the engine

/** A column's residuals that are not 0, one after another. */
export class Residuals {
  /** The row of the next one; beyond all rows when there is none. */
  at = never;
  readonly #dense: boolean;
  readonly #gaps: PackBytes;
  readonly #residuals: PackBytes;
  readonly #usual: number = 0;
  #exceptionsLeft = 0;
  #nextIsUsual = false;

  constructor(kind: ColumnKind, rows: number, { gaps, residuals }: ColumnStreams) {
    this.#dense = kind === ColumnKind.dense;
    if (kind === ColumnKind.sparse) {
      this.#exceptionsLeft = gaps.varint(rows);
      this.#usual = residuals.signed();
    }
    const used = kind === ColumnKind.sparse || this.#dense;
    this.#gaps = used ? from(gaps) : gaps;
    this.#residuals = used ? from(residuals) : residuals;
    if (kind === ColumnKind.sparse) {
      residuals.skipVarints(gaps.skipOdd(this.#exceptionsLeft));
      this.#findNext(0);
    } else if (this.#dense) {
      residuals.skipVarints(rows);
      this.at = 0;
    }
  }

  /** The one of row `at`, which moves on. */
  take(): number {
    if (this.#dense) {
      this.at++;
      return this.#residuals.signed();
    }
    const residual = this.#nextIsUsual ? this.#usual : this.#residuals.signed();
    this.#findNext(this.at + 1);
    return residual;
  }

  #findNext(row: number): void {
    this.at = never;
    if (this.#exceptionsLeft === 0) return;
    this.#exceptionsLeft--;
    const gap = this.#gaps.varint();
    this.#nextIsUsual = gap % 2 === 0;
    this.at = Math.min(never, row + Math.floor(gap / 2));
  }
}

function from(reader: PackBytes): PackBytes {
  const copy = new PackBytes(reader.bytes);
  copy.position = reader.position;
  return copy;
}

/** A column of metadata, each number of which is a step from one before: the steps, in whose place the numbers come. */
export interface Steps {
  readonly numbers: Float64Array;
  /** All steps are 0. */
  readonly still: boolean;
}

export function takeSteps(reader: PackBytes, rows: number, streams: ColumnStreams): Steps {
  const { kind, from: base, bias } = takeDescription(reader);
  if (kind === ColumnKind.literal || base !== 0) throw new PackError('a column of metadata is described wrongly');
  const numbers = new Float64Array(rows);
  if (bias !== 0) numbers.fill(bias);
  const residuals = new Residuals(kind, rows, streams);
  const still = bias === 0 && residuals.at >= rows;
  while (residuals.at < rows) {
    const row = residuals.at;
    numbers[row] = bias + residuals.take();
  }
  return { numbers, still };
}

/** Goes the steps of these rows, from `value` on, and returns where they end. */
export function follow(
  { numbers, still }: Steps,
  from: number,
  to: number,
  value: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (still) {
    // Memory that is 0 anyway is better not touched.
    if (value !== 0) numbers.fill(value, from, to);
    return value;
  }
  for (let row = from; row < to; row++) {
    value += numbers[row] as number;
    // Both were exact, so a sum that is not would be beyond.
    if (!(value >= 0 && value <= most)) throw new PackError(`a number of a record is none, or beyond ${most}`);
    numbers[row] = value;
  }
  return value;
}
