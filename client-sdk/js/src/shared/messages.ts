// What the tabs of a browser say to the one that has the connection, the hub, and what it answers.
//
// A tab is to the hub much what a client is to a relay: it opens documents behind the count of the last record that it has,
// numbers what it publishes, and gives again to the next hub what the one before did not confirm. A hub is known by its
// term; what was meant for another is not heard.

import type { ClientStatus } from '../client-options.js';
import {
  AccessDeniedError,
  BadPackError,
  BadSnapshotError,
  ClosedError,
  Code,
  CodecError,
  ConnectionError,
  DocumentDeletedError,
  EpochChangedError,
  FencedError,
  furtherErrors,
  LimitReachedError,
  MarkLostError,
  NotFoundError,
  OutboxFullError,
  PayloadTooLargeError,
  ProducerOwnedError,
  ProtocolError,
  RecordDamagedError,
  RecordsCutError,
  RelayUnavailableError,
  ResendRefusedError,
  SnapshotRefusedError,
  StateError,
  TokenError,
  UnknownKeyError,
  UnreadableRecordError,
  WeirError,
} from '../errors.js';
import type { Presence } from '../presence.js';
import {
  StorageFullError,
  StoreCorruptError,
  StoreError,
  StoreLockedError,
  StoreUnavailableError,
} from '../store/errors.js';
import type { Author, StoredRecord } from '../store/store.js';
import type { Cursor, Delta, GoingAway, Welcome } from '../wire/events.js';

export interface OpenDocument {
  space: string;
  document: string;
  /** Count of the last record that the tab has; 0 for none. */
  after: number;
  /** It can be asked for the application's state. */
  state: boolean;
  presence: boolean | 'awareness';
  recreate: boolean;
  /** It takes snapshots in the place of old records; they come among the records. */
  snapshots: boolean;
  /** It holds the document's keys: whoever has the connection has to, too. */
  encrypted: boolean;
}

export type ToHub = { to: 'hub'; tab: string; term: string } & (
  | { kind: 'hello'; wanted: boolean }
  | { kind: 'bye' }
  | ({ kind: 'open'; key: string } & OpenDocument)
  | { kind: 'close'; key: string }
  | ({ kind: 'publish'; key: string; number: number } & Delta)
  | { kind: 'presence'; key: string; data: Uint8Array }
  | { kind: 'offer'; key: string; ask: number; pieces: Uint8Array[] | null }
);

/** All that a tab lacks of a document. */
export interface Opened {
  kind: 'opened';
  key: string;
  /** The count of the hub's last record. */
  through: number;
  state: Uint8Array[] | null;
  /** The last ones up to `through`. */
  records: StoredRecord[];
  pending: Delta[];
  /** Of this tab's deltas: how many the hub has, how many its store, and how many the relay. */
  accepted: number;
  persisted: number;
  stored: number;
  storedOffset: number;
  pendingCount: number;
  subscribed: boolean;
  caughtUp: boolean;
  /** Not 0: what no tab could read, since it is not kept any more. */
  cut: number;
  cursor: Cursor | null;
  presence: Presence[];
  /** It is encrypted, and none of the tabs has a key. */
  withheld: PlainError | null;
}

export type DocumentNews =
  | { kind: 'records'; key: string; first: number; records: StoredRecord[]; authors: (Author | null)[]; cursor: Cursor | null }
  | ({ kind: 'pending'; key: string; author: Author; pendingCount: number } & Delta)
  | { kind: 'persisted'; key: string; marks: Map<string, number> }
  | { kind: 'stored'; key: string; author: Author | null; offset: number; pendingCount: number }
  | { kind: 'refused'; key: string; author: Author; error: PlainError; pendingCount: number }
  | { kind: 'subscribed'; key: string; fresh: boolean; lostHistory: boolean; cursor: Cursor | null }
  | { kind: 'caught-up'; key: string; cursor: Cursor | null }
  | { kind: 'disconnected'; key: string }
  | { kind: 'presence'; key: string; changes: Presence[]; from: string }
  | { kind: 'cut'; key: string; offset: number }
  | { kind: 'failed'; key: string; error: PlainError }
  | { kind: 'over'; key: string; error: PlainError }
  | { kind: 'ask'; key: string; ask: number };

export type ClientNews =
  | { kind: 'hub' }
  | { kind: 'status'; status: ClientStatus; welcome: Welcome | null }
  | { kind: 'welcome'; welcome: Welcome }
  | { kind: 'going-away'; about: GoingAway }
  | { kind: 'producer-changed'; producer: Uint8Array; cause: PlainError }
  | { kind: 'connection-error'; error: PlainError }
  | { kind: 'error'; error: PlainError };

/** `to` is a tab, or '*' for all. */
export type News = ClientNews | DocumentNews | Opened;
export type FromHub = { to: string; term: string } & News;

export type Message = ToHub | FromHub;

/** What is left of an error when it is copied from tab to tab. */
export interface PlainError {
  name: string;
  message: string;
  code: number;
  reason: number;
  document: string | undefined;
  retryAfterMs: number;
}

export function plainError(error: unknown): PlainError {
  const { name, message } = error instanceof Error ? error : { name: 'WeirError', message: String(error) };
  const { code, reason, document, retryAfterMs } =
    error instanceof WeirError ? error : { code: Code.unknown, reason: 0, document: undefined, retryAfterMs: 0 };
  return { name, message, code, reason, document, retryAfterMs };
}

/** By what they call themselves; a table by name would cost a page more. */
const classes: (new (message: string, details: never) => WeirError)[] = [
  DocumentDeletedError, EpochChangedError, FencedError, ResendRefusedError, ProducerOwnedError, AccessDeniedError,
  PayloadTooLargeError, OutboxFullError, ProtocolError, ConnectionError, BadPackError, NotFoundError,
  LimitReachedError, RelayUnavailableError, RecordDamagedError, MarkLostError, TokenError, StateError, CodecError,
  UnreadableRecordError, RecordsCutError, UnknownKeyError, BadSnapshotError, SnapshotRefusedError, ClosedError,
  StoreError, StorageFullError, StoreLockedError, StoreCorruptError, StoreUnavailableError,
];

/** An error of the class it had. */
export function revivedError({ name, message, ...details }: PlainError): WeirError {
  const error = new WeirError(message, details);
  const known = classes.find((One) => new One('', details as never).name === name) ?? furtherErrors[name];
  if (typeof known === 'function' && known.prototype instanceof WeirError)
    Object.setPrototypeOf(error, known.prototype as object);
  error.name = name;
  return error;
}
