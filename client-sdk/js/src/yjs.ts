// Yjs over weir, with the API people know from y-websocket.
//
//   const provider = new WeirProvider('ws://127.0.0.1:8787', 'acme-notes', 'plan', ydoc);
//   provider.on('sync', (synced) => ...);       everything the relay has, is here
//   provider.on('saved', (saved) => ...);       everything here is durable on the relay
//
// Each update of the document becomes one delta (Yjs update V1, codec 0). Content that the document had before it first
// caught up, from elsewhere (y-indexeddb, say), is not published as it comes: once everything was read, only what the
// relay lacks is, and what was typed meanwhile goes with it, never before what it builds on.

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { checkDocument } from './checks.js';
import { WeirClient } from './client.js';
import type { ClientStatus, TokenSource, WeirClientOptions } from './client-options.js';
import type { DocumentClient } from './document-client.js';
import type { Compaction, DocumentSession, SubscribeOptions } from './document.js';
import { Emitter } from './emitter.js';
import { BadSnapshotError, Code, OutboxFullError, PayloadTooLargeError, UnreadableRecordError, WeirError } from './errors.js';
import type { Encryption, Verification } from './guard.js';
import { Lacking } from './lacking.js';
import type { PackDecoder } from './pack-decoder.js';
import type { WebSocketConstructor } from './runtime.js';
import type { WeirSnapshot } from './snapshots.js';
import type { WeirStore } from './store/store.js';
import type { WaitOptions } from './waiters.js';
import { AwarenessBridge, followClientId } from './yjs-presence.js';
import { yjsSnapshotter } from './yjs-snapshots.js';
import { splitUpdate } from './yjs-split.js';
import { Unsent } from './yjs-unsent.js';
import { mergeYjsDeltas, yjsUpdateOf } from './yjs-updates.js';

export { compareYjsStates, yjsSnapshotter, yjsState } from './yjs-snapshots.js';
export { splitUpdate } from './yjs-split.js';
export { mergeYjsDeltas } from './yjs-updates.js';

export interface WeirProviderOptions {
  /** An existing one; by default a new one. Null: none at all. */
  awareness?: Awareness | null;
  /** False: only when connect() is called. */
  connect?: boolean;
  token?: TokenSource;
  /** For Node before 22: `WebSocket` of the `ws` package. */
  webSocket?: WebSocketConstructor;
  producer?: Uint8Array;
  /** `packDecoder` of '@weir/client/pack': a document's history comes as the relay has packed it. */
  packs?: PackDecoder;
  /**
   * `await openStore(...)` of '@weir/client/browser' or '/node': edits made offline, and the document as it was read, outlive
   * the page. The client of this provider has it to itself; for many documents make one WeirClient with the store.
   */
  store?: WeirStore;
  /** A connection shared with other documents; url and the options above that concern it are then not used. */
  client?: DocumentClient;
  /** Opens a deleted document anew. */
  recreate?: boolean;
  /** `encryption()` of '@weir/client/encryption': the relay sees neither text nor cursors. */
  encryption?: Encryption;
  /** `verify` of '@weir/client/encryption': without a key, that the relay repeats and leaves out nothing. */
  verify?: Verification;
  /** False: neither takes snapshots in the place of old records, nor makes and verifies them when the relay asks. */
  snapshots?: boolean;
}

export interface WeirProviderEvents {
  status: [event: { status: 'disconnected' | 'connecting' | 'connected' }];
  sync: [synced: boolean];
  saved: [saved: boolean];
  /** What this browser or process has of the document is in it: by `store`, or nothing. */
  loaded: [];
  'connection-error': [error: WeirError, provider: WeirProvider];
  error: [error: WeirError];
}

const pieceBytesMaxUnknown = 1024 * 1024;
/** What sealing may add to a piece. */
const sealingBytes = 128;

export class WeirProvider extends Emitter<WeirProviderEvents> {
  readonly doc: Y.Doc;
  readonly awareness: Awareness | null;
  readonly #client: DocumentClient;
  readonly #ownsClient: boolean;
  readonly #ownsAwareness: boolean;
  readonly #encrypted: boolean;
  readonly #session: DocumentSession;
  readonly #bridge: AwarenessBridge | null;
  readonly #lacking: Lacking;
  #synced = false;
  #saved = true;
  #destroyed = false;
  /** What the relay sent since reading began at the start; null once all of it was read. */
  #received: Uint8Array[] | null = [];
  /** The document holds what was never offered: offer what the relay lacks, when that is known. */
  #held = false;
  /** Why part of the document was not taken, and will not be if nothing changes. */
  #refusal: WeirError | null = null;
  readonly #unsent: Unsent;

  constructor(url: string, space: string, document: string, doc: Y.Doc, options: WeirProviderOptions = {}) {
    super();
    checkDocument(doc, 'transact', 'WeirProvider takes url, space, document, and then a Y.Doc');
    this.doc = doc;
    this.#unsent = new Unsent(doc);
    this.#ownsAwareness = options.awareness === undefined;
    this.awareness = options.awareness === undefined ? new Awareness(doc) : options.awareness;
    this.#encrypted = options.encryption !== undefined;
    this.#ownsClient = options.client === undefined;
    this.#client = options.client ?? new WeirClient({ ...clientOptions(url, options), connect: false });
    this.#session = this.#client.subscribe(document, {
      space,
      presence: this.awareness !== null && 'awareness',
      recreate: options.recreate ?? false,
      state: () => this.#whatRelayLacks(),
      compact: mergeYjs,
      encryption: options.encryption?.merging(mergeYjsDeltas),
      verify: options.verify,
      ...(options.snapshots === false ? {} : this.#snapshots()),
    });
    this.#held = doc.store.clients.size > 0;
    this.#lacking = new Lacking(this.#session, options.snapshots !== false, this.#failed);
    this.#bridge = this.awareness === null ? null : new AwarenessBridge(this.awareness, this.#session, this);
    this.#listen();
    if (this.#ownsClient && options.connect !== false) this.#client.connect();
  }

  get status(): 'disconnected' | 'connecting' | 'connected' {
    return statusOf(this.#client.status);
  }
  get client(): DocumentClient {
    return this.#client;
  }
  get session(): DocumentSession {
    return this.#session;
  }
  /** Everything the relay has, is here. */
  get synced(): boolean {
    return this.#synced;
  }
  /** Everything here is durable on the relay. */
  get saved(): boolean {
    return this.#saved;
  }
  /** Updates that are not yet durable. */
  get pendingCount(): number {
    return this.#session.pendingCount + this.#unsent.count + (this.#held ? 1 : 0);
  }

  connect(): void {
    this.#client.connect();
  }
  /** Concerns the whole connection when it is shared. */
  disconnect(): void {
    this.#client.disconnect();
  }

  /** Rejects with a RecordsCutError when it never will be: nothing stands for records that are not kept any more. */
  whenSynced(options?: WaitOptions): Promise<void> {
    return this.#lacking.whenSynced(options);
  }

  /** Resolves when what the store has of the document is in it. */
  whenLoaded(options?: WaitOptions): Promise<void> {
    return this.#session.whenLoaded(options);
  }

  /** Resolves when everything here is in the store; at once without one. */
  async whenPersisted(options?: WaitOptions): Promise<void> {
    if (this.#held) await this.#session.whenCaughtUp(options);
    await this.#session.whenPersisted(options);
  }

  async whenSaved(options?: WaitOptions): Promise<void> {
    for (;;) {
      if (this.#held) await this.#session.whenCaughtUp(options);
      await this.#session.whenStored(options);
      if (this.pendingCount === 0) return;
      const waits = this.#held ? !this.#session.caughtUp : this.#session.pendingCount > 0;
      if (!waits && this.#refusal !== null) throw this.#refusal;
    }
  }

  /**
   * For ever. What is not yet saved stays in the store, or without one is given up: await whenSaved() first. Resolves when
   * the store has everything.
   */
  async destroy(): Promise<void> {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.doc.off('update', this.#updated);
    this.doc.off('destroy', this.#docDestroyed);
    this.#client.off('status', this.#statusChanged);
    this.#client.off('connection-error', this.#connectionFailed);
    this.#client.off('error', this.#failed);
    globalThis.removeEventListener?.('pagehide', this.#hidden);
    globalThis.removeEventListener?.('pageshow', this.#shown);
    this.#session.withdrawPresence();
    this.#bridge?.destroy();
    this.#session.close();
    const closed = this.#ownsClient ? this.#client.close() : undefined;
    if (this.#ownsAwareness) this.awareness?.destroy();
    this.#setSynced(false);
    this.forgetListeners();
    await closed;
  }

  // ---- wiring ----

  #listen(): void {
    this.doc.on('update', this.#updated);
    this.doc.on('destroy', this.#docDestroyed);
    this.#client.on('status', this.#statusChanged);
    this.#client.on('connection-error', this.#connectionFailed);
    this.#client.on('error', this.#failed);
    globalThis.addEventListener?.('pagehide', this.#hidden);
    globalThis.addEventListener?.('pageshow', this.#shown);
    this.#session
      .on('subscribed', ({ fresh }) => {
        if (fresh) this.#received = [];
      })
      .on('state', (pieces) => this.#apply(pieces.map((payload) => ({ codec: 0, payload }))))
      .on('records', (records) => this.#apply(records))
      .on('pending', (deltas) => this.#apply(deltas))
      .on('loaded', () => {
        this.#checkSaved();
        this.emit('loaded');
      })
      .on('caught-up', () => this.#caughtUp())
      .on('stored', () => this.#checkSaved())
      .on('disconnected', () => this.#setSynced(false))
      .on('error', this.#failed);
    this.#checkSaved();
  }

  readonly #docDestroyed = (): void => void this.destroy();
  readonly #hidden = (): void => this.#bridge?.hide();
  readonly #shown = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) this.#bridge?.show();
  };
  readonly #statusChanged = (status: ClientStatus): void => {
    this.emit('status', { status: statusOf(status) });
  };
  readonly #connectionFailed = (error: WeirError): void => {
    this.emit('connection-error', error, this);
  };
  readonly #failed = (error: WeirError): void => {
    this.emit('error', error);
  };

  // ---- from the document ----

  readonly #updated = (update: Uint8Array, origin: unknown, _doc: Y.Doc, transaction: Y.Transaction): void => {
    const goes = this.#unsent.takenOut(transaction);
    if (goes !== null) this.#publish(splitUpdate(goes, this.#pieceBytesMax));
    if (origin === this) return;
    if (this.#received !== null && !transaction.local) this.#held = true;
    if (!this.#held) this.#publish(splitUpdate(update, this.#pieceBytesMax));
    this.#checkSaved();
  };

  #publish(updates: Uint8Array[]): void {
    for (const update of updates)
      this.#session.publish(update).catch((error: unknown) => {
        if (error instanceof PayloadTooLargeError) return this.#tooLarge(update, error);
        // Not stored: whatever it was, it is part of the document, and goes with what is offered next.
        this.#held = true;
        this.#received ??= [];
        if (this.#destroyed) return;
        if (error instanceof WeirError) this.emit('error', error);
        // With nothing else waiting, it is larger than all the room there is.
        if (error instanceof OutboxFullError && this.#session.pendingCount > 0)
          void this.#session.whenStored().then(
            () => this.#offerAgain(),
            () => undefined,
          );
        else if (error instanceof WeirError) this.#refusal = error;
        this.#checkSaved();
      });
  }

  /** Published before the relay had said how much it takes, perhaps: then in smaller pieces. One value cannot be cut. */
  #tooLarge(update: Uint8Array, cause: PayloadTooLargeError): void {
    if (this.#destroyed) return;
    const pieces = splitUpdate(update, this.#pieceBytesMax);
    if (pieces.length > 1) return this.#publish(pieces);
    const { code, document, message } = cause;
    const what = `${message}; it is one value, a picture perhaps, that cannot be cut: others see all else once it is taken out`;
    this.#refusal = new PayloadTooLargeError(what, { code, document, cause });
    if (this.#unsent.add(update)) {
      if (this.awareness !== null) followClientId(this.awareness);
      this.emit('error', this.#refusal);
    }
    this.#checkSaved();
  }

  get #pieceBytesMax(): number {
    const bytesMax = this.#client.welcome?.payloadBytesMax || pieceBytesMaxUnknown;
    return this.#encrypted ? bytesMax - sealingBytes : bytesMax;
  }

  // ---- from the relay ----

  #apply(deltas: readonly { codec: number; payload: Uint8Array | null; offset?: number }[]): void {
    const apply = (): void => {
      for (const delta of deltas) {
        const { offset } = delta;
        try {
          const update = yjsUpdateOf(delta);
          if (update === null) continue;
          Y.applyUpdate(this.doc, update, this);
          this.#received?.push(update);
        } catch (cause) {
          const what = offset === undefined ? 'what the store has' : `the record at offset ${offset}`;
          const message = `${this.#session.document}: ${what} is not a Yjs update and was left out`;
          this.#failed(new UnreadableRecordError(message, { code: Code.dataLoss, document: this.#session.document, cause }));
        }
      }
    };
    Y.transact(this.doc, apply, this, false);
  }

  #snapshots(): Pick<SubscribeOptions, 'snapshots' | 'snapshotter'> {
    return {
      snapshots: (snapshot) => this.#applySnapshot(snapshot),
      snapshotter: yjsSnapshotter(this.doc, () => !this.#held && this.#unsent.count === 0 && this.#received === null),
    };
  }

  /** One that Yjs cannot read is bad for everybody; one of another codec is for somebody else. */
  #applySnapshot({ codec, bytes }: WeirSnapshot): void {
    if (codec !== 0) throw new Error(`codec ${codec} is not that of a Yjs update`);
    try {
      Y.decodeUpdate(bytes);
    } catch (cause) {
      throw new BadSnapshotError('it is not a Yjs update', { code: Code.dataLoss, cause });
    }
    Y.applyUpdate(this.doc, bytes, this);
    this.#received?.push(bytes);
  }

  #caughtUp(): void {
    if (this.#held) {
      const lacking = this.#whatRelayLacks();
      this.#held = false;
      if (lacking !== null) this.#publish(lacking);
    }
    this.#received = null;
    this.#setSynced(this.#lacking.nothing);
    this.#checkSaved();
  }

  #offerAgain(): void {
    if (this.#held && this.#session.caughtUp) this.#caughtUp();
  }

  /** The document less what the relay sent, in pieces; null when the relay has it all. */
  #whatRelayLacks(): Uint8Array[] | null {
    this.#refusal = null;
    this.#unsent.forget();
    const there = new Y.Doc();
    there.transact(() => this.#received?.forEach((update) => Y.applyUpdate(there, update)));
    this.#held = false;
    const complete = Y.equalSnapshots(Y.snapshot(there), Y.snapshot(this.doc));
    const lacking = complete ? null : Y.encodeStateAsUpdate(this.doc, Y.encodeStateVector(there));
    there.destroy();
    return lacking === null ? null : splitUpdate(lacking, this.#pieceBytesMax);
  }

  #setSynced(synced: boolean): void {
    if (this.#synced === synced) return;
    this.#synced = synced;
    this.emit('sync', synced);
  }

  #checkSaved(): void {
    const saved = this.#session.loaded && this.pendingCount === 0;
    if (this.#saved === saved) return;
    this.#saved = saved;
    this.emit('saved', saved);
  }
}

function clientOptions(url: string, options: WeirProviderOptions): WeirClientOptions {
  const { token, webSocket, producer, packs, store } = options;
  return {
    url,
    ...(token === undefined ? {} : { token }),
    ...(webSocket === undefined ? {} : { webSocket }),
    ...(producer === undefined ? {} : { producer }),
    ...(packs === undefined ? {} : { packs }),
    ...(store === undefined ? {} : { store }),
  };
}

/** One update in place of many, as far as they are Yjs updates: what keeps a document's copy in a store small. */
export const mergeYjs: Compaction = (pieces, records) => {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const delta of [...pieces.map((payload) => ({ codec: 0, payload })), ...records])
      try {
        const update = yjsUpdateOf(delta);
        if (update !== null) Y.applyUpdate(doc, update);
      } catch {
        // It was left out of the document too, and told then.
      }
  });
  const merged = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return [merged];
};

function statusOf(status: ClientStatus): 'disconnected' | 'connecting' | 'connected' {
  return status === 'stopped' ? 'disconnected' : status;
}
