// What a client keeps over the end of its process, and the one interface behind which it is kept.
//
// A store is told of changes, in lists that take effect together or not at all; once write() has resolved they survive the
// process and the power. It is not asked to understand them: the rules stand in ../durable.ts. One client at a time has it.
//
//   places     of a document: where its reader stands, and what its producer was told is stored
//   outbox     deltas by sequence: not answered yet, or answered and not yet read back
//   records    what was read, counted 1, 2, 3 … in the order of reading (offsets begin anew with an epoch, this does not)
//   state      what stands for the records up to a count, as the application put them together
//   marks      how much of each tab's is in the outbox or was

import type { Opened } from '../guard.js';
import type { Delta } from '../wire/events.js';

/** Who gave a delta to the client: a tab, which counts what it gives in each document. */
export interface Author {
  tab: string;
  number: number;
}

export interface StoredDelta extends Delta {
  sequence: number;
  base: boolean;
  author: Author | null;
}

export interface StoredRecord extends Delta {
  offset: number;
  producer: Uint8Array;
  sequence: number;
  time: number;
  /** Never in the store: what was sealed in it, in an encrypted document. */
  opened?: Opened;
  /** A sealed snapshot, as a store has it. */
  kept?: Uint8Array;
}

/** Where a document stands. */
export interface Place {
  /** Whose sequences the outbox has. */
  producer: Uint8Array;
  epoch: bigint;
  offset: number;
  chain: Uint8Array | null;
  /** What the relay said is stored of this producer, in this epoch. */
  storedThrough: number;
  storedOffset: number;
  everStored: boolean;
  /** The relay lacks what this client has: its state is to be offered, before all that waits. */
  stateWanted: boolean;
  /** Who has no key sends nothing of what waits. */
  encrypted?: boolean;
}

export interface StoredDocument {
  place: Place | null;
  /** By rising sequence. */
  outbox: StoredDelta[];
  /** Stands for the first `through` records. */
  state: { through: number; pieces: Uint8Array[] } | null;
  /** Those behind the state. */
  records: StoredRecord[];
  /** The last given number for each tab. */
  marks: Map<string, number>;
}

/** `document` is any name of a document that the client chose. */
export type Change =
  | { kind: 'producer'; producer: Uint8Array }
  | { kind: 'place'; document: string; place: Place }
  | { kind: 'queue'; document: string; delta: StoredDelta }
  | { kind: 'dequeue'; document: string; through: number }
  | { kind: 'outbox'; document: string; deltas: StoredDelta[] }
  | { kind: 'records'; document: string; first: number; records: StoredRecord[] }
  | { kind: 'state'; document: string; through: number; pieces: Uint8Array[] }
  | { kind: 'forget'; document: string }
  /** Marks of other tabs are not needed any more. */
  | { kind: 'tabs'; tabs: string[] };

export interface WeirStore {
  /** As it was opened. */
  readonly name: string;
  /** The id under which what is in here was published. */
  readonly producer: Uint8Array;
  /** All that was written about a document. */
  load(document: string): Promise<StoredDocument>;
  /** All of it, in this order, or none; durable when it resolves. Rejects with a StoreError. */
  write(changes: Change[]): Promise<void>;
  /** What was written before is durable; the store can be opened again. */
  close(): Promise<void>;
}

export const producerBytes = 16;

export function newProducer(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(producerBytes));
}
