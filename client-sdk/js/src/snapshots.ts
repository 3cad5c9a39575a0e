// Snapshots as an application or an adapter sees them: bytes that stand for every record of a document up to an offset,
// so that a newcomer need not read them (docs/protocol.md, "Snapshots"). The relay cannot make one; it asks its clients
// for it, and others whether it is right. What an adapter must be able to do for that is a Snapshotter.

import type { WeirRecord } from './document.js';
import type { WeirError } from './errors.js';
import type { DocumentLink } from './link.js';
import type { WaitOptions } from './waiters.js';
import {
  Fidelity as OnWire,
  type AttestationWanted,
  type Cursor,
  type SnapshotStored,
  type SnapshotWanted,
  type WireRecord,
} from './wire/events.js';

/** What a snapshot is said to keep: everything that a peer could still need, not everything, or its maker cannot tell. */
export type Fidelity = 'unknown' | 'lossless' | 'lossy';

export interface WeirSnapshot {
  /** It stands for every record up to here. */
  offset: number;
  /** Not 0: only for those after this offset; the snapshot before it stands for the rest. Both are applied, in any order. */
  base: number;
  codec: number;
  bytes: Uint8Array;
  hash: Uint8Array;
  fidelity: Fidelity;
  /** Another principal has compared it with its own state. */
  verified: boolean;
  /** When it was stored, Unix seconds. */
  time: number;
}

/** A document's whole state, in the application's own encoding. */
export interface SnapshotState {
  bytes: Uint8Array;
  /** 0 raw (the default), 16 and above the application's own. */
  codec?: number;
  fidelity?: Fidelity;
}

/** Its bytes, and how they are encoded. */
export type Snapshot = Required<Pick<SnapshotState, 'bytes' | 'codec'>>;

/** `unknown`: it cannot be told, and the relay is told nothing. */
export type Verdict = 'valid' | 'invalid' | 'unknown';

/** What a client must be able to do to make snapshots and to verify others'. */
export interface Snapshotter {
  /**
   * The state at this moment: all that was delivered and all that this client published, which the relay then has, and
   * nothing else. It is to be captured before this returns; encoding it may take time. Null: not now.
   */
  make(): SnapshotState | null | Promise<SnapshotState | null>;
  /** Do a snapshot and the records after it give `own`, which make() gave? */
  compare(
    own: SnapshotState,
    snapshot: Snapshot,
    records: readonly WeirRecord[],
  ): Verdict | Promise<Verdict>;
}

/**
 * A Snapshotter with what asks it at the right moments: `snapshotter()` of '@weir/client/snapshotter' makes it, so that who
 * makes no snapshots does not load it. `begin` is the client's.
 */
export interface SnapshotWorker {
  begin(link: DocumentLink<never>, owner: SnapshotOwner): SnapshotWork;
}

/** What is sealed is not what is compared. */
export interface SnapshotSealing {
  sealSnapshot(state: SnapshotState, at: Cursor): Promise<SnapshotState>;
  /** Another's; `invalid`: it cannot be what it says, `unknown`: it cannot be told here. */
  openToCompare(about: AttestationWanted, bytes: Uint8Array): Promise<Snapshot | 'invalid' | 'unknown'>;
  /** Those that can be opened, as what was sealed in them. */
  openRecords(records: readonly WireRecord[]): Promise<WireRecord[]>;
}

/** What it needs of a document. */
export interface SnapshotOwner {
  readonly space: string;
  readonly document: string;
  /** Both, as errors name the document. */
  readonly path: string;
  handle(): number;
  /** Where it stands, if its state is exactly the records up to there; else null. */
  settledAt(): Cursor | null;
  /** Null: nothing is sealed. */
  readonly seals: SnapshotSealing | null;
  /** What the application's Snapshotter has thrown, or given that is no snapshot. */
  failed(error: WeirError): void;
  stored(offset: number): void;
  attested(offset: number, valid: boolean): void;
}

/** For one document, what the relay asks and says of snapshots. */
export interface SnapshotWork {
  receive(event: SnapshotWanted | AttestationWanted | SnapshotStored): void;
  /** The relay did not take what was offered or attested. */
  refused(error: WeirError): void;
  offer(options?: WaitOptions): Promise<{ offset: number }>;
  /** Something may have changed: what waited for a moment may have come to it. */
  look(): void;
  /** Sends one chunk, if it may go now. False when there is nothing more to send. */
  flush(budgetBytes: number): boolean;
  disconnected(): void;
  end(error: WeirError): void;
}

const names: Fidelity[] = ['unknown', 'lossless', 'lossy'];

export function fidelityFromWire(fidelity: number): Fidelity {
  return names[fidelity] ?? 'unknown';
}

export function fidelityToWire(fidelity: Fidelity): number {
  return OnWire[fidelity];
}
