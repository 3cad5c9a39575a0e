// The events of weir.v1 as plain objects: what proto/weir/v1/sync.proto says. docs/protocol.md tells when each is sent.
// Epochs and opaque 64-bit numbers are bigints; offsets, sequences and handles are numbers, checked to be below 2^53.

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

export type ClientEvent = Hello | Subscribe | Unsubscribe | Publish | SetPresence | Pong;

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
}

export type ServerEvent =
  Welcome | Subscribed | Records | CaughtUp | Stored | PresenceUpdate | ErrorEvent | GoingAway | Ping | Cut | Pack;
