// Any CRDT over weir: the rules that its adapters share. '@weir/client/automerge' and '@weir/client/loro' are made of it; for
// another CRDT, implement Crdt (crdt.ts):
//
//   const names = new SyncedDocument(client, 'names', myCrdt);
//   names.on('sync', (synced) => ...);          everything the relay has, is here
//   names.on('saved', (saved) => ...);          everything here is durable on the relay
//   await names.destroy();
//
// A delta has codec 0 and is the library's own bytes. So is a snapshot of one part; one of several parts has codec 16, and each
// part stands behind its length. Content that was there before the first catching up is not published as it comes: once
// everything was read, only what the relay lacks is, with what was written meanwhile.

import type { Crdt } from './crdt.js';
import { codecDelta, codecParts, compactionOf, loadAll, partsOf } from './crdt-deltas.js';
import type { DocumentClient } from './document-client.js';
import type { DocumentSession, SubscribeOptions } from './document.js';
import { Emitter } from './emitter.js';
import {
  BadSnapshotError,
  ClosedError,
  Code,
  DocumentDeletedError,
  OutboxFullError,
  UnreadableRecordError,
  WeirError,
} from './errors.js';
import type { Encryption, Verification } from './guard.js';
import { Lacking } from './lacking.js';
import { joinParts } from './parts.js';
import { JsonPresence } from './presence-json.js';
import { snapshotter } from './snapshotter.js';
import type { SnapshotState, Verdict, WeirSnapshot } from './snapshots.js';
import type { WaitOptions } from './waiters.js';

export type { Crdt } from './crdt.js';
export { compactionOf } from './crdt-deltas.js';

export interface SyncedOptions {
  /** The client's space, if it is not said here. */
  space?: string;
  /** False: others' presence is not asked for. */
  presence?: boolean;
  /** Opens a deleted document anew. */
  recreate?: boolean;
  /** `encryption()` of '@weir/client/encryption': the relay sees neither the document nor presence. */
  encryption?: Encryption;
  /** `verify` of '@weir/client/encryption': without a key, that the relay repeats and leaves out nothing. */
  verify?: Verification;
  /** False: neither takes snapshots in the place of old records, nor makes and verifies them when the relay asks. */
  snapshots?: boolean;
}

export interface SyncedEvents {
  sync: [synced: boolean];
  saved: [saved: boolean];
  /** What this browser or process has of the document is in it: by the client's store, or nothing. */
  loaded: [];
  /** Others' presence changed: `others`. */
  presence: [others: ReadonlyMap<string, unknown>];
  error: [error: WeirError];
}

interface Read {
  readonly codec: number;
  readonly payload: Uint8Array | null;
  readonly offset?: number;
}

const pieceBytesMaxUnknown = 1024 * 1024;
/** What sealing may add to a piece. */
const sealingBytes = 128;

export class SyncedDocument<One extends Crdt<One> = never> extends Emitter<SyncedEvents> {
  readonly client: DocumentClient;
  readonly session: DocumentSession;
  readonly #crdt: One;
  readonly #encrypted: boolean;
  readonly #presence: JsonPresence;
  readonly #unobserve: () => void;
  readonly #lacking: Lacking;
  #synced = false;
  #saved = true;
  #destroyed = false;
  /** What the relay sent since reading began at the start; null once all of it was read. */
  #received: Uint8Array[] | null = [];
  /** Holds what was never offered: what the relay lacks is, when that is known. */
  #held: boolean;
  /** The client has a store: what is offered outlives the process, and need not wait for the relay. */
  readonly #durable: boolean;
  #writtenWhileHeld = false;
  /** Was not taken: in the document all the same, and offered again. */
  #unsent: Uint8Array[] = [];
  #refusal: unknown = null; // why the last of them was not taken
  #waitingForRoom = false;

  constructor(client: DocumentClient, document: string, crdt: One, options: SyncedOptions = {}) {
    super();
    this.client = client;
    this.#crdt = crdt;
    this.#encrypted = options.encryption !== undefined;
    this.#held = !crdt.empty;
    this.session = client.subscribe(document, {
      ...(options.space === undefined ? {} : { space: options.space }),
      presence: options.presence ?? true,
      recreate: options.recreate ?? false,
      state: () => this.#whatRelayLacks(),
      compact: compactionOf(() => crdt.fresh()),
      encryption: options.encryption,
      verify: options.verify,
      ...(options.snapshots === false ? {} : this.#snapshots()),
    });
    this.#durable = !this.session.loaded;
    this.#lacking = new Lacking(this.session, options.snapshots !== false, (error) => this.emit('error', error));
    this.#presence = new JsonPresence(this.session, (others) => this.emit('presence', others));
    this.#unobserve = crdt.observe(
      (deltas) => this.#made(deltas),
      () => this.#pieceBytesMax,
    );
    this.#listen();
  }

  /** Everything the relay has, is here. */
  get synced(): boolean {
    return this.#synced;
  }
  /** Everything here is durable on the relay. */
  get saved(): boolean {
    return this.#saved;
  }
  /** Deltas that are not yet durable. */
  get pendingCount(): number {
    return this.session.pendingCount + this.#unsent.length + (this.#held ? 1 : 0);
  }
  /** What the others show of themselves, by a key for each session; setPresence() of theirs gave it. */
  get others(): ReadonlyMap<string, unknown> {
    return this.#presence.others;
  }

  /** Shown to the others until it is replaced, or this connection ends for good: anything that JSON can hold; null for nothing. */
  setPresence(value: unknown): void {
    this.#presence.set(value);
  }

  /** Rejects with a RecordsCutError when it never will be: nothing stands for records that are not kept any more. */
  whenSynced(options?: WaitOptions): Promise<void> {
    return this.#lacking.whenSynced(options);
  }

  /** Resolves when what the client's store has of the document is in it. */
  whenLoaded(options?: WaitOptions): Promise<void> {
    return this.session.whenLoaded(options);
  }

  /** Resolves when everything here is in the client's store; at once without one. */
  async whenPersisted(options?: WaitOptions): Promise<void> {
    this.#crdt.commit?.();
    await this.session.whenLoaded(options);
    if (this.#held && this.#durable) this.#offerHeld();
    if (this.#held) await this.session.whenCaughtUp(options);
    await this.session.whenPersisted(options);
  }

  async whenSaved(options?: WaitOptions): Promise<void> {
    this.#crdt.commit?.();
    do {
      if (this.#held) await this.session.whenCaughtUp(options);
      await this.session.whenStored(options);
    } while (this.pendingCount > this.#unsent.length || this.#waitingForRoom);
    if (this.#unsent.length > 0) throw this.#refusal;
  }

  /** For ever. What is not yet saved stays in the client's store, or without one is given up: await whenSaved() first. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#crdt.commit?.();
    this.#destroyed = true;
    this.#unobserve();
    this.session.withdrawPresence();
    this.session.close();
    this.#setSynced(false);
    this.forgetListeners();
  }

  // ---- wiring ----

  #listen(): void {
    this.session
      .on('subscribed', ({ fresh }) => {
        if (fresh) this.#received = [];
      })
      .on('state', (pieces) => this.#take(pieces.map((payload) => ({ codec: codecDelta, payload }))))
      .on('records', (records) => this.#take(records))
      .on('pending', (deltas) => this.#take(deltas))
      .on('loaded', () => {
        this.#loaded();
        this.emit('loaded');
      })
      .on('caught-up', () => this.#caughtUp())
      .on('stored', () => this.#checkSaved())
      .on('disconnected', () => this.#setSynced(false))
      .on('error', (error) => this.emit('error', error));
    this.#checkSaved();
  }

  // ---- from the document ----

  #made(deltas: Uint8Array[]): void {
    if (!this.#held) this.#publish(deltas);
    else {
      this.#writtenWhileHeld = true;
      if (this.#durable && this.session.loaded) this.#offerHeld();
    }
    this.#checkSaved();
  }

  /** Known from the store, or written to before the store was read: then it need not wait for the relay. */
  #loaded(): void {
    if (this.#held && this.#durable) {
      const lacking = this.#whatRelayLacks();
      if (lacking.length > 0 && !this.#writtenWhileHeld) this.#held = true;
      else this.#publish(lacking);
    }
    this.#checkSaved();
  }

  #offerHeld(): void {
    this.#publish(this.#whatRelayLacks());
  }

  #publish(deltas: readonly Uint8Array[]): void {
    for (const delta of deltas)
      this.session.publish(delta).catch((error: unknown) => {
        if (this.#destroyed || error instanceof ClosedError || error instanceof DocumentDeletedError) return;
        this.#unsent.push(delta);
        this.#refusal = error;
        const again = error instanceof OutboxFullError && this.#waitingForRoom;
        if (error instanceof WeirError && !again) this.emit('error', error);
        if (error instanceof OutboxFullError) this.#waitForRoom();
        this.#checkSaved();
      });
  }

  #waitForRoom(): void {
    if (this.#waitingForRoom || this.session.pendingCount === 0) return; // a delta larger than all the room there is
    this.#waitingForRoom = true;
    const stored = (): void => {
      this.#waitingForRoom = false;
      this.#sendAgain();
    };
    this.session.whenStored().then(stored, () => undefined);
  }

  #sendAgain(): void {
    if (!this.#destroyed) this.#publish(this.#unsent.splice(0));
  }

  get #pieceBytesMax(): number {
    const bytesMax = this.client.welcome?.payloadBytesMax || pieceBytesMaxUnknown;
    return this.#encrypted ? bytesMax - sealingBytes : bytesMax;
  }

  // ---- from the relay and the store ----

  #take(deltas: readonly Read[]): void {
    const readable = deltas.filter(({ codec, payload }) => codec === codecDelta && payload !== null);
    const payloads = readable.map(({ payload }) => payload!);
    try {
      this.#crdt.apply(payloads);
      this.#received?.push(...payloads);
    } catch {
      for (const delta of readable) this.#takeOne(delta);
    }
  }

  #takeOne({ payload, offset }: Read): void {
    try {
      this.#crdt.apply([payload!]);
      this.#received?.push(payload!);
    } catch (cause) {
      const document = `${this.session.space}/${this.session.document}`;
      const what = offset === undefined ? 'what the store has' : `the record at offset ${offset}`;
      const message = `${document}: ${what} is not a delta of this kind and was left out`;
      this.emit('error', new UnreadableRecordError(message, { code: Code.dataLoss, document, cause }));
    }
  }

  #caughtUp(): void {
    this.#crdt.commit?.();
    if (this.#held) this.#offerHeld();
    else this.#sendAgain();
    this.#received = null;
    this.#setSynced(this.#lacking.nothing);
    this.#checkSaved();
  }

  /** All that is here and did not come from the relay. */
  #whatRelayLacks(): Uint8Array[] {
    const there = this.#crdt.fresh();
    try {
      loadAll(there, this.#received ?? []);
      this.#held = false;
      this.#unsent = [];
      return this.#crdt.lacking(there, this.#pieceBytesMax);
    } finally {
      there.free?.();
    }
  }

  // ---- snapshots ----

  #snapshots(): Pick<SubscribeOptions, 'snapshots' | 'snapshotter'> {
    return {
      snapshots: (snapshot) => this.#takeSnapshot(snapshot),
      snapshotter: snapshotter({
        make: () => this.#makeSnapshot(),
        compare: (own, snapshot, records) => {
          const after = records.filter(({ codec, payload }) => codec === codecDelta && payload !== null);
          return this.#compare(partsOf(own.codec ?? 0, own.bytes) ?? [], snapshot, after.map(({ payload }) => payload!));
        },
      }),
    };
  }

  /** Null while something here is not on the relay. */
  #makeSnapshot(): SnapshotState | null {
    this.#crdt.commit?.();
    if (this.#received !== null || this.pendingCount > 0) return null;
    const parts = this.#crdt.state();
    const fidelity = this.#crdt.fidelity ?? 'unknown';
    if (parts.length === 1) return { bytes: parts[0]!, codec: codecDelta, fidelity };
    return { bytes: joinParts(parts), codec: codecParts, fidelity };
  }

  /** One that cannot be read is bad for everybody; one of another codec is for somebody else. */
  #takeSnapshot({ codec, bytes }: WeirSnapshot): void {
    let parts: Uint8Array[] | null;
    try {
      parts = partsOf(codec, bytes);
      if (parts !== null) this.#crdt.apply(parts);
    } catch (cause) {
      throw new BadSnapshotError('it is no document of this kind', { code: Code.dataLoss, cause });
    }
    if (parts === null) throw new Error(`codec ${codec} is of another kind of document`);
    this.#received?.push(...parts);
  }

  #compare(own: Uint8Array[], snapshot: { codec: number; bytes: Uint8Array }, after: Uint8Array[]): Verdict {
    const [mine, theirs] = [this.#crdt.fresh(), this.#crdt.fresh()];
    try {
      mine.apply(own);
      try {
        const parts = partsOf(snapshot.codec, snapshot.bytes);
        if (parts === null) return 'unknown';
        theirs.apply(parts);
      } catch {
        return 'invalid';
      }
      loadAll(theirs, after); // a record that is no delta is left out by whoever reads it
      return mine.compare(theirs);
    } finally {
      mine.free?.();
      theirs.free?.();
    }
  }

  // ---- what is shown ----

  #setSynced(synced: boolean): void {
    if (this.#synced === synced) return;
    this.#synced = synced;
    this.emit('sync', synced);
  }

  #checkSaved(): void {
    const saved = this.session.loaded && this.pendingCount === 0;
    if (this.#saved === saved) return;
    this.#saved = saved;
    this.emit('saved', saved);
  }
}
