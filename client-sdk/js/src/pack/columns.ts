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

const never = 2 ** 30; // rows; small enough to be counted down as an integer

/** Gives a column's residuals row by row. */
export class Residuals {
  readonly #dense: boolean;
  readonly #gaps: PackBytes;
  readonly #residuals: PackBytes;
  readonly #usual: number = 0;
  #exceptionsLeft = 0;
  #rowsToNext = never;
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
      let unusual = 0;
      for (let i = 0; i < this.#exceptionsLeft; i++) unusual += gaps.varint() % 2;
      residuals.skipVarints(unusual);
      this.#findNext();
    } else if (this.#dense) {
      residuals.skipVarints(rows);
    }
  }

  next(): number {
    if (this.#dense) return this.#residuals.signed();
    if (this.#rowsToNext-- > 0) return 0;
    const residual = this.#nextIsUsual ? this.#usual : this.#residuals.signed();
    this.#findNext();
    return residual;
  }

  #findNext(): void {
    this.#rowsToNext = never;
    if (this.#exceptionsLeft === 0) return;
    this.#exceptionsLeft--;
    const gap = this.#gaps.varint();
    this.#nextIsUsual = gap % 2 === 0;
    this.#rowsToNext = Math.min(never, Math.floor(gap / 2));
  }
}

function from(reader: PackBytes): PackBytes {
  const copy = new PackBytes(reader.bytes);
  copy.position = reader.position;
  return copy;
}

/** A column of metadata: each number is a step from the one before. */
export function takeSteps(
  reader: PackBytes,
  rows: number,
  streams: ColumnStreams,
): { bias: number; residuals: Residuals } {
  const { kind, from: base, bias } = takeDescription(reader);
  if (kind === ColumnKind.literal || base !== 0) throw new PackError('a column of metadata is described wrongly');
  return { bias, residuals: new Residuals(kind, rows, streams) };
}
