// What a CRDT must be able to do to be kept in step by a SyncedDocument (synced-document.ts). Deltas and what stands for a
// whole document are the same thing here: bytes that `apply` takes, in any order and as often as they come.
//
//   class Notes implements Crdt<Notes> { ... }        client-sdk/examples/crdts/notes.mjs has a whole one

import type { Fidelity, Verdict } from './snapshots.js';

export interface Crdt<Self> {
  /** Nothing was ever written in it. */
  readonly empty: boolean;
  /** What a snapshot of it keeps; by default it cannot tell. */
  readonly fidelity?: Fidelity;
  /**
   * Takes deltas of others; what builds on a delta that is still to come waits for it. Throws when one of them is no delta, and
   * may have taken the others: then they are given again, one by one. Not to be told to the observer.
   */
  apply(deltas: readonly Uint8Array[]): void;
  /** All of it, as it is now, what still waits for something included: deltas that make the same document of an empty one. */
  state(): Uint8Array[];
  /** Another one, empty. */
  fresh(): Self;
  /** What is in this one and not in `there`, each piece of at most `bytesMax` where it can be cut. */
  lacking(there: Self, bytesMax: number): Uint8Array[];
  /**
   * Is `theirs`, made of somebody's snapshot and of what came after it, the same document as this one? Equal for everybody who
   * will ever read or write it: what is not to be seen counts too. `unknown` when it cannot be told.
   */
  compare(theirs: Self): Verdict;
  /** From now on, tells each delta that is made here, before it returns to whoever made it. */
  observe(made: (deltas: Uint8Array[]) => void, bytesMax: () => number): () => void;
  /** What was begun becomes a delta now, where the library waits with that. */
  commit?(): void;
  /** It is not used any more. */
  free?(): void;
}
