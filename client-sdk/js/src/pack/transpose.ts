// Payloads of one size and producer, column by column, turned back (docs/pack-format.md, "Transposed").
import { PackBytes, PackError } from './bytes.js';

export interface RowShape {
  producer: number;
  size: number;
}

const rowsWithModesMin = 4;

/** The payloads one after another. */
export function takeTransposed(rows: readonly RowShape[], reader: PackBytes): Uint8Array {
  const from: number[] = [];
  const groups = new Map<string, number[]>();
  let total = 0;
  rows.forEach(({ producer, size }, row) => {
    from.push(total);
    total += size;
    const key = `${producer} ${size}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  });
  if (total > reader.left) throw new PackError('a pack ends too early');
  const out = new Uint8Array(total);
  for (const members of groups.values()) {
    const size = rows[members[0] as number]?.size ?? 0;
    for (let at = 0; at < size; at++) {
      const mode = members.length < rowsWithModesMin ? 0 : reader.byte();
      if (mode > 3) throw new PackError('a column of a pack has no such mode');
      const column = reader.take(members.length);
      let previous = 0;
      let beforePrevious = 0;
      members.forEach((row, i) => {
        const coded = column[i] as number;
        const byte =
          (mode === 0
            ? coded
            : mode === 1
              ? coded + previous
              : mode === 2
                ? coded ^ previous
                : coded + 2 * previous - beforePrevious) & 0xff;
        beforePrevious = previous;
        previous = byte;
        out[(from[row] as number) + at] = byte;
      });
    }
  }
  reader.done();
  return out;
}
