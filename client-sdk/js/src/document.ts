// One document as an application sees it: publish, records, presence, and the two things worth showing to a person:
// "everything I have is on the relay" (pendingCount, whenStored) and "everything the relay has, I have" (caughtUp,
// whenCaughtUp).
//
//   const plan = client.subscribe('plan', { presence: true });
//   plan.on('records', (records) => ...);
//   await plan.publish(bytes);                  resolves when it is durable
//
// The rules behind it stand in document-logic.ts.

import type { Emitter } from './emitter.js';
import type { WeirError } from './errors.js';
import type { Encryption, Verification } from './guard.js';
import type { Presence } from './presence.js';
import type { SnapshotWorker, WeirSnapshot } from './snapshots.js';
import type { StoredRecord } from './store/store.js';
import type { WaitOptions } from './waiters.js';
import type { Cursor, Delta } from './wire/events.js';

export interface WeirRecord {
  offset: number;
  producer: Uint8Array;
  sequence: number;
  /** Unix seconds. */
  time: number;
  codec: number;
  /** Null for this client's own delta coming back. */
  payload: Uint8Array | null;
  /** Published by this client. */
  own: boolean;
}

export interface SubscribeOptions {
  /** The client's space, if it is not said here. */
  space?: string;
  /** Everything that is kept (the default), only what is published from now on, or what comes after a cursor. */
  from?: 'start' | 'live' | Cursor;
  /** Others' presence is wanted. 'awareness': it has the form of y-protocols, so that tabs which share a client show theirs together. */
  presence?: boolean | 'awareness';
  /** Opens a deleted document anew. */
  recreate?: boolean;
  /**
   * Asked when the relay has lost history that this client has seen (another relay, a restored backup), after
   * everything it still has was delivered: the application's state as deltas of codec 0, or what of it the relay
   * lacks; null for nothing. They are published before all that waits.
   */
  state?: () => StateOffer | Promise<StateOffer>;
  /** With a store: asked when much was read, so that the copy here stays small. Without it every record is kept. */
  compact?: Compaction;
  /**
   * A snapshot may come in the place of old records. A function takes it, before what comes after it; if it throws, the
   * snapshot counts as bad and the records are asked for instead, and a BadSnapshotError tells the relay that it is bad
   * for everybody. With `true`, listen to `snapshot`.
   */
  snapshots?: boolean | ((snapshot: WeirSnapshot) => void);
  /**
   * `encryption()` of '@weir/client/encryption': what is published here is sealed, and what others sealed is opened
   * (docs/encryption.md). It includes what `verify` checks.
   */
  encryption?: Encryption | undefined;
  /** `verify` of '@weir/client/encryption': the document ends when the relay repeats, leaves out or reorders a producer's records. */
  verify?: Verification | undefined;
  /** `snapshotter()` of '@weir/client/snapshotter': this client makes snapshots when the relay asks for them, and verifies others'. */
  snapshotter?: SnapshotWorker;
}

/**
 * What is to be kept in place of these: what it gave the last time, and the records since. It must say the same; it comes
 * back by the event `state`. A snapshot that was taken is among the records, with sequence 0.
 */
export type Compaction = (
  pieces: readonly Uint8Array[],
  records: readonly StoredRecord[],
) => Uint8Array[] | Promise<Uint8Array[]>;

export type StateOffer = Uint8Array | Uint8Array[] | null;

export interface PublishOptions extends WaitOptions {
  /** 0 raw (the default), 1 zstd, 16 and above the application's own. */
  codec?: number;
}

export interface StoredResult {
  /** The delta is stored at this offset or before it. */
  offset: number;
}

export interface DocumentEvents {
  /** From the store: what `compact` gave to stand for the records that came before. */
  state: [pieces: Uint8Array[]];
  /**
   * Deltas that were published in this browser or by an earlier life of this client, and have not been read back yet. They
   * come once more as records.
   */
  pending: [deltas: Delta[]];
  /** All that the store has was handed over, by `state`, `records` and `pending`. */
  loaded: [];
  /** The relay answered the subscription; `fresh`: everything comes from the start. */
  subscribed: [about: { fresh: boolean; lostHistory: boolean }];
  /** In offset order, each once; also across the documents of a space, once they have caught up. */
  records: [records: WeirRecord[]];
  'caught-up': [];
  /** Something became durable. */
  stored: [about: { pendingCount: number }];
  presence: [changes: Presence[]];
  /** What stands for the records up to its offset; those after it follow. */
  snapshot: [snapshot: WeirSnapshot];
  /** A snapshot of this client's is durable. */
  'snapshot-stored': [about: { offset: number }];
  /** This client told the relay whether another's snapshot is right. */
  attested: [about: { offset: number; valid: boolean }];
  /** Records up to this offset are not kept any more, and nothing was sent in their place. */
  cut: [offset: number];
  disconnected: [];
  error: [error: WeirError];
}

export interface DocumentSession extends Pick<Emitter<DocumentEvents>, 'on' | 'once' | 'off'> {
  readonly space: string;
  readonly document: string;
  /** Deltas published and not yet durable on the relay. */
  readonly pendingCount: number;
  /** Everything the relay has was delivered; false while it is not connected. */
  readonly caughtUp: boolean;
  /** What the store has was handed over, and is counted in pendingCount. Always true without a store. */
  readonly loaded: boolean;
  /** Keep it together with what was read, and give it as `from` the next time; null when reading must start over. */
  readonly cursor: Cursor | null;
  /** Others' last presence, by key. */
  readonly presence: ReadonlyMap<string, Presence>;
  /** Resolves when the delta is durable; a signal ends that wait, not the publishing. The bytes must not be changed afterwards. */
  publish(payload: Uint8Array, options?: PublishOptions): Promise<StoredResult>;
  /** Resolves when nothing waits; rejects when the document is deleted or closed. */
  whenStored(options?: WaitOptions): Promise<void>;
  whenCaughtUp(options?: WaitOptions): Promise<void>;
  /** Resolves when all that the store has was handed over; at once without a store. */
  whenLoaded(options?: WaitOptions): Promise<void>;
  /**
   * Resolves when what was published so far is in the store, and outlives the process; at once without a store. Rejects when
   * what the store has of the document could not be read, for then nothing is kept.
   */
  whenPersisted(options?: WaitOptions): Promise<void>;
  /**
   * Offers the relay a snapshot, at the next moment when everything here is on it; resolves when the snapshot is durable. It
   * takes one a minute at most. When a signal ends the wait before it was made, it is not made.
   */
  offerSnapshot(options?: WaitOptions): Promise<{ offset: number }>;
  /** Replaces this client's presence here; sent again after each reconnect. */
  setPresence(data: Uint8Array): void;
  withdrawPresence(): void;
  /** Ends the subscription. What is not yet stored stays in the store, or without one is given up: await whenStored() first. */
  close(): void;
}
