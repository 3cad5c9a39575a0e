// What an application says when it makes a WeirClient, and what the client tells it.

import type { WeirError } from './errors.js';
import type { PackDecoder } from './pack-decoder.js';
import type { Runtime, WebSocketConstructor } from './runtime.js';
import type { WeirStore } from './store/store.js';
import type { GoingAway, Welcome } from './wire/events.js';

export interface WeirClientOptions {
  /** `ws://` or `wss://` (or http, https); without a path, `/v1/sync` is meant. Several are tried in turn. */
  url: string | readonly string[];
  /** For documents whose subscription names none. */
  space?: string;
  /** 16 random bytes; by default the store's, or new ones. One client at a time may use them. */
  producer?: Uint8Array;
  /** Keeps what waits, what was read, and the producer id: `await openStore(...)` of '@weir/client/browser' or '/node'. */
  store?: WeirStore;
  /** Given with each connection; a function is asked each time. */
  token?: TokenSource;
  /** For Node before 22: `WebSocket` of the `ws` package. */
  webSocket?: WebSocketConstructor;
  /** False: only when connect() is called. */
  connect?: boolean;
  /** The first retry comes within this time, the next within twice as much, and so on. */
  backoffFirstMs?: number;
  backoffMaxMs?: number;
  /** Of one document; publish() is refused above it. */
  outboxBytesMax?: number;
  /**
   * `packDecoder` of '@weir/client/pack': while catching up, runs of small deltas come as the relay has packed them, which
   * is a hundredth of their size and less.
   */
  packs?: PackDecoder;
  /**
   * The relay may ask this client for snapshots. By default, if a document was subscribed with a snapshotter when the
   * connection was made; say it where documents are opened later.
   */
  makesSnapshots?: boolean;
  /** Name and version of the application, for the operator's log. */
  clientName?: string;
  /** For tests. */
  runtime?: Runtime;
}

export type TokenSource = string | (() => string | Promise<string>);
export type ClientStatus = 'disconnected' | 'connecting' | 'connected' | 'stopped';

export interface ClientEvents {
  status: [status: ClientStatus];
  welcome: [welcome: Welcome];
  'going-away': [about: GoingAway];
  /** A connection failed or was lost; the next attempt is under way. */
  'connection-error': [error: WeirError];
  /** The relay refused the old producer id; keep this one if ids are kept. */
  'producer-changed': [producer: Uint8Array, cause: WeirError];
  error: [error: WeirError];
}
