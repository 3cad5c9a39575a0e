// Entries of an outbox that were sealed with little in them each, or with more than this relay takes: which of them may be made
// anew, and how their deltas go together then.

import type { Author } from '../store/store.js';
import type { Delta } from '../wire/events.js';
import type { Batch } from './sealer.js';

/** What is to be one entry, and whom to answer. */
export type Group = Pick<Batch, 'deltas' | 'storedEach' | 'failedEach' | 'author'>;

/**
 * All from the first that cannot be at the relay, or on its way there: it was never sent; or it is too large for the relay, which
 * has not stored it, and so cannot have stored what comes after it.
 */
export function toRegather(waiting: readonly Batch[], storedThrough: number, bytesMax: number): Batch[] {
  const isFree = ({ sent, sequence, bytes }: Batch): boolean =>
    sequence > 0 && (!sent || (bytes > bytesMax && sequence > storedThrough));
  const first = waiting.findIndex(isFree);
  const behindState = waiting.map(({ offered }) => offered).lastIndexOf(true) + 1;
  return first < 0 ? [] : waiting.slice(Math.max(first, behindState));
}

/** In their order; a tab's deltas stay apart from another's. */
export function regrouped(batches: readonly Batch[], max: { deltas: number; bytes: number }): Group[] {
  const groups: Group[] = [];
  let bytes = 0;
  for (const part of batches.flatMap(partsOf)) {
    const last = groups.at(-1);
    const more = bytesIn(part.deltas);
    const room = last !== undefined && last.deltas.length + part.deltas.length <= max.deltas && bytes + more <= max.bytes;
    if (room && follows(last.author, part)) {
      for (const name of ['deltas', 'storedEach', 'failedEach'] as const) (last[name] as unknown[]).push(...part[name]);
      last.author = part.author;
      bytes += more;
    } else {
      groups.push(part);
      bytes = more;
    }
  }
  return groups;
}

/** Each delta by itself, where it is known which is whose: what an earlier life has merged is one. */
function partsOf({ deltas, storedEach, failedEach, author }: Batch): Group[] {
  const count = storedEach.length;
  if (deltas.length !== count) return [{ deltas: [...deltas], storedEach: [...storedEach], failedEach: [...failedEach], author }];
  return deltas.map((delta, i) => ({
    deltas: [delta],
    storedEach: [storedEach[i]!],
    failedEach: [failedEach[i]!],
    author: author && { tab: author.tab, number: author.number - (count - 1 - i) },
  }));
}

function follows(before: Author | null, { author, storedEach }: Group): boolean {
  if (before === null || author === null) return before === author;
  return before.tab === author.tab && before.number === author.number - storedEach.length;
}

function bytesIn(deltas: readonly Delta[]): number {
  return deltas.reduce((sum, { payload }) => sum + payload.length, 0);
}
