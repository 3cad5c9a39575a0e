// What a document may have between itself and a relay that it does not trust: `encryption` or `verify` of
// '@weir/client/encryption', an entry point of its own, so that who wants neither does not load it. Only its shape is here.

import type { WeirError } from './errors.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import type { Outbox } from './outbox.js';
import type { OutboxEntry, OutboxJournal } from './outbox-entry.js';
import type { SnapshotSealing, WeirSnapshot } from './snapshots.js';
import type { Author, StoredDelta, StoredDocument } from './store/store.js';
import type { DocumentWriter } from './store/writer.js';
import type { HistoryPage } from './time-travel.js';
import type { Delta, ServerEvent, SnapshotHeader, WireRecord } from './wire/events.js';

/** What was in a sealed record, or why nothing of it is delivered. */
export interface Opened {
  deltas: readonly Delta[];
  error: WeirError | null;
}

/** For SubscribeOptions.verify. */
export interface Verification {
  begin(link: DocumentLink<never>, owner: GuardOwner): DocumentGuard;
}

/** What says the same as these, or these; who throws says these. */
export type MergeDeltas = (deltas: readonly Delta[]) => readonly Delta[];

/** For SubscribeOptions.encryption. */
export interface Encryption extends Verification {
  /** From here on deltas are sealed under this key; those that have others go on reading with them. */
  setKey(id: number, key: Uint8Array | CryptoKey): void;
  /** The same, for an application that can say the same in fewer bytes: asked before two deltas and more are sealed together. */
  merging(merge: MergeDeltas): Encryption;
  /** A page of history with what was sealed in it. */
  opened(page: HistoryPage, snapshots: readonly SnapshotHeader[], where: { space: string; document: string }): Promise<HistoryPage>;
}

/** Of a subscription. */
export interface Guarding {
  encryption?: Encryption | undefined;
  verify?: Verification | undefined;
}

/** What it needs of its document. */
export interface GuardOwner {
  readonly space: string;
  readonly document: string;
  readonly history: History;
  /** Only what is published from now on is read. */
  readonly live: boolean;
  /** What the relay said is stored of this producer, and the sequence with which its count began anew; 0: it did not. */
  readonly publisher: { readonly progress: { storedThrough: number; storedOffset: number }; readonly baseSequence: number };
  /** An event, once it is its turn. */
  take(event: ServerEvent): void;
  /** What was gathered of a frame. */
  handOver(): void;
  /** The relay is to send no more until resume(), and then from the cursor. False: this document cannot read anything again. */
  pause(): boolean;
  resume(): void;
  /** It cannot go on. */
  giveUp(error: WeirError): void;
  /** Something was left out. */
  emit(name: 'error', error: WeirError): void;
}

/** For one document. */
export interface DocumentGuard {
  /** Null: nothing is sealed, the order of records is checked. */
  readonly seals: Sealing | null;
  receive(event: ServerEvent): void;
  frameEnd(): void;
  /** What was received and not taken is forgotten. */
  drop(): void;
  /** Why a record may not be taken, nor any after it. */
  look(record: WireRecord): WeirError | null;
  /** Everything up to here was read, says the relay: why that is not true. */
  caughtUp(offset: number): WeirError | null;
}

export type KeptDocument = Omit<StoredDocument, 'outbox'> & { outbox: RestoredDelta[] };

/** From the store: the sealed bytes as they go over the wire, and what is in them. */
export interface RestoredDelta extends StoredDelta {
  opened?: Opened;
  sealedFor?: SealedFor;
  /** So many deltas of the application are in it. */
  count?: number;
}

/** The place in which bytes can be opened. */
export interface SealedFor {
  producer: Uint8Array;
  sequence: number;
  base: boolean;
}

export interface Sealing extends SnapshotSealing {
  /** Between the outbox and its journal: seals what is added. */
  sealer(journal: OutboxJournal | null, outbox: () => Outbox): Sealer;
  /** Hands out what is to be shown in place of this: now, or when it is sealed. */
  presence(data: Uint8Array, show: (sealed: Uint8Array) => void): void;
  /** What was shown is to be shown again under the new one. */
  producerReplaced(): void;
  /** Opens it, and then takes or refuses it; nothing that came after it is taken before. `kept`: as a store has it. */
  openSnapshot(
    header: SnapshotHeader,
    sealed: WeirSnapshot,
    take: (opened: WeirSnapshot, kept: Uint8Array) => void,
    refuse: (cause: unknown) => void,
  ): void;
  writer(writer: DocumentWriter): DocumentWriter;
}

export interface Sealer extends OutboxJournal {
  /** Deltas that share a record with others. */
  readonly gathered: number;
  readonly deltaBytesMax: number;
  /** A delta as an entry of its own, or into one that still takes some. */
  add(delta: Delta, author: Author | null, stored: (offset: number) => void, failed: (error: Error) => void): void;
  /** For entries that come from elsewhere: the application's state, or the store. */
  offered(pieces: readonly Uint8Array[], entry: (piece: Uint8Array) => OutboxEntry): Promise<OutboxEntry[]>;
  restored(delta: RestoredDelta, entry: (delta: RestoredDelta) => OutboxEntry): OutboxEntry;
  /** Before anything is sent on a connection: the relay has this producer's deltas through this sequence. */
  regather(storedThrough: number): void;
}
