// A delta that is to be stored on the relay, and all that is known of it on its way there; and the journal that keeps those on
// the way over the end of the process. Their order, and which of them are on the wire, is the outbox's.

import type { WeirError } from './errors.js';
import type { Opened, RestoredDelta } from './guard.js';
import type { Author } from './store/store.js';
import type { Delta } from './wire/events.js';

export interface OutboxEntry extends Delta {
  /** 0 until it is first sent. */
  sequence: number;
  /** Opens the sequence anywhere: the first delta after lost history. */
  base: boolean;
  /** The relay has other bytes under this sequence: what it says of later ones does not mean this one. */
  refused: boolean;
  /** Stands for the state as a whole; a newer one takes its place. */
  offered: boolean;
  /** It went over the wire under this sequence, or may have. */
  sent: boolean;
  /** What it counts for. */
  bytes: number;
  /** How often it is on its way into the store. */
  writes: number;
  /** The tab that published it, where tabs share a client. */
  author: Author | null;
  /** What is sealed in the payload, and what a store keeps in its place. */
  opened?: Opened;
  kept?: Uint8Array;
  /** So many deltas of the application are in it; one, where it is not said. */
  count?: number;
  stored(offset: number): void;
  failed(error: Error): void;
}

/** Keeps the outbox over the end of the process. */
export interface OutboxJournal {
  /** It may be sent. */
  ready(entry: OutboxEntry): boolean;
  added(entry: OutboxEntry): void;
  /** All that waits, under the sequences it has now. */
  rewritten(entries: readonly OutboxEntry[]): void;
}

/** One that has no place in any order yet. */
export function newEntry(
  { codec, payload }: Delta,
  stored: (offset: number) => void,
  failed: (error: WeirError) => void,
): OutboxEntry {
  const numbers = { sequence: 0, base: false, refused: false, sent: false, writes: 0 };
  return { codec, payload, ...numbers, bytes: payload.length, offered: false, author: null, stored, failed };
}

/** One that an earlier life of this client has left in the store; `answer` is what becomes of it, an offset or an error. */
export function restoredEntry(
  delta: RestoredDelta,
  answer: (offset: number, error: WeirError | null) => void,
): OutboxEntry {
  const stored = (offset: number): void => answer(offset, null);
  const failed = (error: WeirError): void => answer(0, error);
  return { ...newEntry(delta, stored, failed), ...delta, sent: true };
}
