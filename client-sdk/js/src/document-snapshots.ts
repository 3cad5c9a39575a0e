// Snapshots in one document's subscription: those that open it are put together and handed over, a bad one ends that for
// this document, and what the relay asks for goes to the snapshotter.

import { BadSnapshotError, Code, messageOf, type WeirError } from './errors.js';
import type { Sealing } from './guard.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import { SnapshotIntake } from './snapshot-reader.js';
import type { SnapshotOwner, SnapshotWork, SnapshotWorker, WeirSnapshot } from './snapshots.js';
import type { WaitOptions } from './waiters.js';
import type { ServerEvent, SnapshotChunk, SnapshotHeader } from './wire/events.js';

export interface DocumentSnapshotsOwner extends SnapshotOwner {
  /** What the application said: it takes snapshots, perhaps with a function. */
  readonly takes: boolean | ((snapshot: WeirSnapshot) => void);
  readonly snapshotter: SnapshotWorker | undefined;
  /** Where the reader stands. */
  readonly history: History;
  readonly seals: Sealing | null;
  /** It came whole, and is about to be taken. */
  received(snapshot: WeirSnapshot): void;
  /** The reader now stands behind this snapshot; `kept` is what a store has of a sealed one. */
  taken(snapshot: WeirSnapshot, kept: Uint8Array | null): void;
  announced(snapshot: WeirSnapshot): void;
  /** Nothing of it was taken; the records are to be asked for. */
  refused(error: BadSnapshotError): void;
}

export class DocumentSnapshots {
  readonly #link: DocumentLink<never>;
  readonly #owner: DocumentSnapshotsOwner;
  readonly #intake = new SnapshotIntake();
  readonly #work: SnapshotWork | null;
  #wanted: boolean;
  #cutSeen = 0;

  constructor(link: DocumentLink<never>, owner: DocumentSnapshotsOwner) {
    this.#link = link;
    this.#owner = owner;
    this.#wanted = owner.takes !== false;
    this.#work = owner.snapshotter?.begin(link, owner) ?? null;
  }

  /** To be asked for with the next subscribe. */
  get wanted(): boolean {
    return this.#wanted;
  }
  /** One is on its way: nothing else may come before it is complete. */
  get open(): boolean {
    return this.#intake.open;
  }

  receive(event: ServerEvent): void {
    switch (event.kind) {
      case 'snapshot':
      case 'snapshotChunk':
        return this.#take(event);
      case 'snapshotWanted':
      case 'attestationWanted':
      case 'snapshotStored':
        this.#work?.receive(event);
    }
  }

  /** One that was taken in an earlier life of this client. Throws when the application cannot take it any more. */
  again(snapshot: WeirSnapshot): void {
    const { takes } = this.#owner;
    try {
      if (typeof takes === 'function') takes(snapshot);
    } catch (cause) {
      throw this.#error('a snapshot from the store', cause);
    }
    this.#owner.announced(snapshot);
  }

  /** Records come, or what only comes after them. False: a snapshot is open, and what was said of it is not true. */
  complete(): boolean {
    if (!this.#intake.open) return true;
    this.#refuse(new BadSnapshotError('what comes after it came before its end', { code: Code.dataLoss }), null);
    return false;
  }

  /** The reader stands before a cut. True: it subscribes again, once, and is sent what stands for those records. */
  wantedBehindCut(offset: number): boolean {
    if (!this.#wanted || offset <= this.#cutSeen) return false;
    this.#cutSeen = offset;
    return true;
  }

  offer(options?: WaitOptions): Promise<{ offset: number }> {
    return this.#work?.offer(options) ?? Promise.reject(new TypeError('subscribe with a snapshotter to offer snapshots'));
  }

  /** All events of a message have been taken. */
  look(): void {
    this.#work?.look();
  }

  flush(budgetBytes: number): boolean {
    return this.#work?.flush(budgetBytes) ?? false;
  }

  /** About an offer or an attestation. */
  notTaken(error: WeirError): void {
    this.#work?.refused(error);
  }

  /** A subscription ends, or another begins in its place. */
  reset(): void {
    this.#intake.reset();
    this.#work?.disconnected();
  }

  end(error: WeirError): void {
    this.#intake.reset();
    this.#work?.end(error);
  }

  #take(event: SnapshotHeader | SnapshotChunk): void {
    let whole: { header: SnapshotHeader; snapshot: WeirSnapshot } | null = null;
    try {
      if (!this.#wanted) throw new BadSnapshotError('it was not asked for', { code: Code.failedPrecondition });
      if (event.kind === 'snapshot') this.#intake.begin(event, this.#owner.history.offset, this.#link.packs);
      else whole = this.#intake.add(event);
    } catch (cause) {
      return this.#refuse(cause, null);
    }
    if (whole === null) return;
    const { header, snapshot } = whole;
    const { seals } = this.#owner;
    if (seals === null) return this.#accept(header, snapshot, snapshot, null);
    const take = (opened: WeirSnapshot, kept: Uint8Array): void => this.#accept(header, snapshot, opened, kept);
    seals.openSnapshot(header, snapshot, take, (cause) => this.#refuse(cause, null));
  }

  #accept(header: SnapshotHeader, received: WeirSnapshot, snapshot: WeirSnapshot, kept: Uint8Array | null): void {
    const { takes } = this.#owner;
    this.#owner.received(snapshot);
    try {
      if (typeof takes === 'function') takes(snapshot);
    } catch (cause) {
      return this.#refuse(cause, received);
    }
    this.#owner.history.jump(header.offset, header.chain);
    this.#owner.taken(snapshot, kept);
    this.#owner.announced(snapshot);
  }

  /** With `unusable`, its bytes are what its maker offered, and the application cannot take them. */
  #refuse(cause: unknown, unusable: WeirSnapshot | null): void {
    this.#wanted = false;
    this.#intake.reset();
    if (unusable !== null && cause instanceof BadSnapshotError) {
      const { offset, hash } = unusable;
      this.#link.send({ kind: 'attest', document: this.#owner.handle(), offset, hash, valid: false });
      this.#owner.attested(offset, false);
    }
    this.#owner.refused(this.#error('a snapshot', cause));
  }

  #error(what: string, cause: unknown): BadSnapshotError {
    const document = this.#owner.path;
    const message = `${document}: ${what} was refused: ${messageOf(cause)}; the records are fetched instead`;
    return new BadSnapshotError(message, { code: Code.dataLoss, document, cause });
  }
}
