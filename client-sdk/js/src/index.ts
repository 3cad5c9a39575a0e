// @weir/client: the native protocol for browsers and Node. The Yjs provider is in '@weir/client/yjs'.

export { fromHex, toHex } from './bytes.js';
export { chainNext, chainStart, digest } from './chain.js';
export { WeirClient } from './client.js';
export type { ClientEvents, ClientStatus, TokenSource, WeirClientOptions } from './client-options.js';
export type { DocumentClient } from './document-client.js';
export type {
  Compaction,
  DocumentEvents,
  DocumentSession,
  PublishOptions,
  StateOffer,
  StoredResult,
  SubscribeOptions,
  WeirRecord,
} from './document.js';
export * from './errors.js';
export type { Encryption, Verification } from './guard.js';
export type { PackDecoder } from './pack-decoder.js';
export type { Presence } from './presence.js';
export type { Runtime, SocketEvent, Timer, WebSocketConstructor, WebSocketLike } from './runtime.js';
export * from './store/errors.js';
export type { Author, Change, Place, StoredDelta, StoredDocument, StoredRecord, WeirStore } from './store/store.js';
export type { Fidelity, SnapshotWorker, WeirSnapshot } from './snapshots.js';
export type { HistoryOptions, HistoryPage, HistoryRecord } from './time-travel.js';
export type { WaitOptions } from './waiters.js';
export type { Cursor, Delta, GoingAway, Welcome, WireRecord } from './wire/events.js';
