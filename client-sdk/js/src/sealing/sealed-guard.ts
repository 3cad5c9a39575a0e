// An encrypted document: what comes is opened before it is taken, what goes is sealed, and what is kept is kept sealed.

import { Code, WeirError } from '../errors.js';
import type { DocumentGuard, GuardOwner, MergeDeltas, Sealer, Sealing } from '../guard.js';
import type { DocumentLink } from '../link.js';
import type { Outbox } from '../outbox.js';
import type { OutboxJournal } from '../outbox-entry.js';
import type { Snapshot, SnapshotState, WeirSnapshot } from '../snapshots.js';
import type { DocumentWriter } from '../store/writer.js';
import type { AttestationWanted, Cursor, ServerEvent, SnapshotHeader, WireRecord } from '../wire/events.js';
import { keptSnapshot, SealedWriter } from './at-rest.js';
import { DocumentCipher, type Keyring } from './cipher.js';
import { UnknownKeyError } from './errors.js';
import { sealedCodec, type Seen } from './format.js';
import { Gate } from './gate.js';
import { OrderGuard } from './order-guard.js';
import { PresenceClocks } from './presence-clocks.js';
import { BatchSealer } from './sealer.js';

export class SealedGuard implements DocumentGuard, Sealing {
  readonly #link: DocumentLink<never>;
  readonly #owner: GuardOwner;
  readonly #cipher: DocumentCipher;
  readonly #order: OrderGuard;
  readonly #gate: Gate;
  readonly #clocks = new PresenceClocks();
  #sealer: BatchSealer | null = null;
  #presence: { data: Uint8Array; show: (sealed: Uint8Array) => void } | null = null;

  readonly #merge: MergeDeltas;

  constructor(link: DocumentLink<never>, owner: GuardOwner, keyring: Keyring, merge: MergeDeltas) {
    this.#link = link;
    this.#owner = owner;
    this.#merge = merge;
    this.#cipher = new DocumentCipher(keyring, owner);
    this.#order = new OrderGuard(link, owner);
    const gateOwner = {
      get readThrough() {
        return owner.history.offset;
      },
      take: (event: ServerEvent) => owner.take(event),
      frameEnd: () => owner.handOver(),
      pause: () => owner.pause(),
      resume: () => owner.resume(),
      giveUp: (cause: unknown) => {
        const document = this.#cipher.path;
        owner.giveUp(new WeirError(`${document}: what came could not be opened`, { code: Code.internal, document, cause }));
      },
    };
    this.#gate = new Gate(link, gateOwner, this.#cipher, this.#clocks);
  }

  get seals(): this {
    return this;
  }

  // ---- what comes ----

  receive(event: ServerEvent): void {
    this.#gate.add(event);
    this.#order.heard(event);
  }
  frameEnd(): void {
    this.#gate.add('frameEnd');
  }
  drop(): void {
    this.#gate.drop();
  }
  look(record: WireRecord): WeirError | null {
    return this.#order.look(record);
  }
  caughtUp(offset: number): WeirError | null {
    return this.#order.caughtUp(offset);
  }

  // ---- what goes ----

  sealer(journal: OutboxJournal | null, outbox: () => Outbox): Sealer {
    const owner = { journal, outbox, failed: (error: WeirError) => this.#owner.emit('error', error) };
    this.#sealer = new BatchSealer(this.#link, owner, this.#cipher, () => this.#seen(), this.#merge);
    return this.#sealer;
  }

  presence(data: Uint8Array, show: (sealed: Uint8Array) => void): void {
    const mine = (this.#presence = { data, show });
    if (data.length === 0) return show(data);
    void this.#cipher.sealPresence(this.#link.producer, this.#clocks.next(), data).then((sealed) => {
      if (this.#presence === mine) show(sealed);
    });
  }

  producerReplaced(): void {
    if (this.#presence !== null) this.presence(this.#presence.data, this.#presence.show);
  }

  /** For a record that is sealed now. */
  #seen(): Seen | null {
    this.#order.writes();
    const { cursor } = this.#owner.history;
    if (cursor === null || this.#owner.live) return null;
    return { ...cursor, chain: cursor.chain.subarray(0, 16) };
  }

  // ---- snapshots ----

  openSnapshot(
    { offset, chain, base }: SnapshotHeader,
    sealed: WeirSnapshot,
    take: (opened: WeirSnapshot, kept: Uint8Array) => void,
    refuse: (cause: unknown) => void,
  ): void {
    this.#gate.hold(
      this.#cipher.openSnapshot({ offset, chain, base }, sealed.codec, sealed.bytes).then(
        (opened) => () => take({ ...sealed, ...opened }, keptSnapshot(chain, sealed.bytes)),
        (cause: unknown) => () => (cause instanceof UnknownKeyError ? this.#owner.giveUp(cause) : refuse(cause)),
      ),
    );
  }

  async sealSnapshot({ bytes, codec = 0, ...rest }: SnapshotState, { offset, chain }: Cursor): Promise<SnapshotState> {
    const sealed = await this.#cipher.sealSnapshot({ offset, chain, base: 0 }, codec, bytes);
    return { ...rest, bytes: sealed, codec: sealedCodec };
  }

  async openToCompare({ offset, codec }: AttestationWanted, bytes: Uint8Array): Promise<Snapshot | 'invalid' | 'unknown'> {
    const chain = this.#order.views.chainAt(offset);
    if (chain === null) return 'unknown';
    const judged = (cause: unknown): 'invalid' | 'unknown' => (cause instanceof UnknownKeyError ? 'unknown' : 'invalid');
    return this.#cipher.openSnapshot({ offset, chain, base: 0 }, codec, bytes).catch(judged);
  }

  async openRecords(records: readonly WireRecord[]): Promise<WireRecord[]> {
    const opened: WireRecord[] = [];
    for (const record of records) {
      if (record.payload === null) continue;
      const { deltas, error } = await this.#cipher.openRecord({ ...record, payload: record.payload });
      if (error instanceof UnknownKeyError) throw error; // what lacks it says nothing about what has it
      for (const delta of deltas) opened.push({ ...record, ...delta });
    }
    return opened;
  }

  // ---- what a store keeps ----

  writer(writer: DocumentWriter): DocumentWriter {
    return new SealedWriter(writer, this.#cipher, this.#owner, () => this.#sealer?.settled() ?? Promise.resolve());
  }
}
