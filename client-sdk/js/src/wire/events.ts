// The events of weir.v1 as plain objects: what proto/weir/v1/sync.proto says. docs/protocol.md tells when each is sent.
// Epochs and opaque 64-bit numbers are bigints; offsets, sequences and handles are numbers, checked to be below 2^53.

import type { Opened } from '../guard.js';

export const protocolVersion = 1;

/** A reader's place in a document: it has everything up to `offset`, and `chain` names that history. */
export interface Cursor {
  epoch: bigint;
  offset: number;
  chain: Uint8Array;
}

export interface Delta {
  codec: number;
  payload: Uint8Array;
}

// ---- client to server ----

export interface Hello {
  kind: 'hello';
  protocolVersion: number;
  producer: Uint8Array;
  token: string;
  packs: number[];
  makesSnapshots: boolean;
  client: string;
}

export const From = { start: 0, cursor: 1, liveOnly: 2 } as const;

export interface Subscribe {
  kind: 'subscribe';
  request: number;
  space: string;
  document: string;
  from: number;
  cursor: Cursor | null;
  presence: boolean;
  snapshots: boolean;
  recreate: boolean;
}

export interface Unsubscribe {
  kind: 'unsubscribe';
  document: number;
}

export interface Publish {
  kind: 'publish';
  document: number;
  epoch: bigint;
  firstSequence: number;
  deltas: Delta[];
  base: boolean;
}

export interface SetPresence {
  kind: 'presence';
  document: number;
  data: Uint8Array;
}

export interface Pong {
  kind: 'pong';
  nonce: bigint;
}

export const Fidelity = { unknown: 0, lossless: 1, lossy: 2 } as const;

/** Bytes that stand for every record up to `offset`; the chunks follow at once. */
export interface SnapshotOffer {
  kind: 'snapshotOffer';
  document: number;
  epoch: bigint;
  offset: number;
  chain: Uint8Array;
  hash: Uint8Array;
  size: number;
  codec: number;
  fidelity: number;
}

export interface Attest {
  kind: 'attest';
  document: number;
  offset: number;
  hash: Uint8Array;
  valid: boolean;
}

export interface ReadHistory {
  kind: 'readHistory';
  request: number;
  space: string;
  document: string;
  after: number;
  asOfOffset: number;
  asOfTime: number;
  snapshots: boolean;
}

export interface ReadSnapshot {
  kind: 'readSnapshot';
  request: number;
  space: string;
  document: string;
  offset: number;
  hash: Uint8Array;
  position: number;
}

export type ClientEvent =
  | Hello
  | Subscribe
  | Unsubscribe
  | Publish
  | SetPresence
  | Pong
  | SnapshotOffer
  | SnapshotChunk
  | Attest
  | ReadHistory
  | ReadSnapshot;

// ---- server to client ----

export interface Welcome {
  kind: 'welcome';
  session: bigint;
  serverVersion: string;
  durability: string;
  heartbeatMs: number;
  inFlightBytesMax: number;
  payloadBytesMax: number;
  frameBytesMax: number;
  subscriptionsMax: number;
  presenceBytesMax: number;
  /** Of one snapshot; 0: none are taken. */
  snapshotBytesMax: number;
}

export interface PresenceUpdate {
  kind: 'presence';
  document: number;
  key: Uint8Array;
  producer: Uint8Array;
  data: Uint8Array;
  gone: boolean;
}

export interface Subscribed {
  kind: 'subscribed';
  request: number;
  document: number;
  epoch: bigint;
  head: number;
  lastSequence: number;
  lostHistory: boolean;
  presence: PresenceUpdate[];
}

/** One record as it came: without a payload when it is the reader's own, sent back live. */
export interface WireRecord {
  offset: number;
  producer: Uint8Array;
  sequence: number;
  time: number;
  codec: number;
  payload: Uint8Array | null;
  /** Not on the wire: what was sealed in it, in an encrypted document. */
  opened?: Opened;
}

export interface Records {
  kind: 'records';
  document: number;
  records: WireRecord[];
}

export interface CaughtUp {
  kind: 'caughtUp';
  document: number;
  offset: number;
}

export interface Stored {
  kind: 'stored';
  document: number;
  throughSequence: number;
  offset: number;
}

export interface ErrorEvent {
  kind: 'error';
  code: number;
  message: string;
  request: number;
  document: number;
  retryAfterMs: number;
  expectedSequence: number;
  throughSequence: number;
  reason: number;
}

export interface GoingAway {
  kind: 'goingAway';
  reconnectAfterMs: number;
  address: string;
  reason: string;
}

export interface Ping {
  kind: 'ping';
  nonce: bigint;
}

export interface Cut {
  kind: 'cut';
  document: number;
  offset: number;
}

/** Records as the relay has packed them. */
export interface Pack {
  kind: 'pack';
  document: number;
  data: Uint8Array;
  /** Not on the wire: what is in it, in an encrypted document. */
  decoded?: { records: WireRecord[]; chain: Uint8Array };
}

/** What stands for the records up to `offset`: its chunks follow, then the records after it. */
export interface SnapshotHeader {
  kind: 'snapshot';
  document: number;
  offset: number;
  hash: Uint8Array;
  size: number;
  codec: number;
  chain: Uint8Array;
  /** Not 0: it stands only for what came after this offset; the one before it stands for the rest. */
  base: number;
  fidelity: number;
  verified: boolean;
  time: number;
}

/** In both directions. */
export interface SnapshotChunk {
  kind: 'snapshotChunk';
  document: number;
  position: number;
  data: Uint8Array;
  last: boolean;
  /** Only from the relay: `data` is one zstd frame of so many bytes; 0: it is plain. */
  unpackedSize: number;
  /** Of the read_snapshot that it answers; `document` is then 0. */
  request: number;
}

export interface SnapshotWanted {
  kind: 'snapshotWanted';
  document: number;
  leaseMs: number;
}

export interface AttestationWanted {
  kind: 'attestationWanted';
  document: number;
  offset: number;
  hash: Uint8Array;
  size: number;
  codec: number;
  leaseMs: number;
}

export interface SnapshotStored {
  kind: 'snapshotStored';
  document: number;
  offset: number;
  hash: Uint8Array;
}

export interface HistoryPage {
  kind: 'history';
  request: number;
  epoch: bigint;
  /** From the bottom up. */
  snapshots: SnapshotHeader[];
  records: WireRecord[];
  /** Ask on from here. */
  offset: number;
  complete: boolean;
  /** Not 0: records up to here are no longer kept. */
  cut: number;
  head: number;
}

export type ServerEvent =
  | Welcome
  | Subscribed
  | Records
  | CaughtUp
  | Stored
  | PresenceUpdate
  | ErrorEvent
  | GoingAway
  | Ping
  | Cut
  | Pack
  | SnapshotHeader
  | SnapshotChunk
  | SnapshotWanted
  | AttestationWanted
  | SnapshotStored
  | HistoryPage;
