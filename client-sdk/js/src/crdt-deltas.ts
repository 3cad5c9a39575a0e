// Documents as deltas: what a store keeps of one, and what a snapshot of several parts is (synced-document.ts).

import type { Crdt } from './crdt.js';
import type { Compaction } from './document.js';
import { splitParts } from './parts.js';
import type { StoredRecord } from './store/store.js';

export const codecDelta = 0;
/** Several deltas, each behind its length. */
export const codecParts = 16;

/** What keeps a document's copy in a store small: one document in place of many deltas, as far as they can be read. */
export function compactionOf<One extends Crdt<One>>(fresh: () => One): Compaction {
  return (pieces, records) => {
    const all = fresh();
    loadAll(all, [...pieces, ...records.flatMap(deltasOf)]);
    const state = all.state();
    all.free?.();
    return state;
  };
}

/** A snapshot that was taken is among the records of a store, with sequence 0. */
function deltasOf({ codec, payload, sequence }: StoredRecord): Uint8Array[] {
  if (sequence === 0) return partsOf(codec, payload) ?? [];
  return codec === codecDelta ? [payload] : [];
}

/** Null when it is for somebody else; throws when it is not what its codec says. */
export function partsOf(codec: number, bytes: Uint8Array): Uint8Array[] | null {
  if (codec === codecDelta) return [bytes];
  return codec === codecParts ? splitParts(bytes) : null;
}

/** All that can be read. */
export function loadAll<One extends Crdt<One>>(crdt: One, deltas: readonly Uint8Array[]): void {
  try {
    crdt.apply(deltas);
  } catch {
    for (const delta of deltas)
      try {
        crdt.apply([delta]);
      } catch {
        // It was left out of the document too, and told then.
      }
  }
}
