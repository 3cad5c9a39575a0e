// Makes a snapshot when the relay asks for one, or the application does. It is offered at the moment when the state is
// exactly the records up to the cursor: caught up, nothing unpublished, one's own records read back. Its bytes go in
// chunks as the socket takes them, behind deltas that wait, so that typing does not stand still behind a large document.

import { sha256 } from '@noble/hashes/sha2.js';

import { equalBytes } from './bytes.js';
import { checkBytes } from './checks.js';
import { Code, WeirError } from './errors.js';
import type { DocumentLink } from './link.js';
import type { Timer } from './runtime.js';
import { SnapshotterError } from './snapshotter-error.js';
import { fidelityToWire, type Snapshotter, type SnapshotOwner, type SnapshotState } from './snapshots.js';
import { Waiters, type WaitOptions } from './waiters.js';
import type { Cursor, SnapshotStored } from './wire/events.js';

const chunkBytesMax = 256 * 1024;
const socketFullMs = 20;

type Link = Pick<DocumentLink<never>, 'runtime' | 'welcome' | 'send' | 'wantFlush' | 'bufferedBytes'>;

interface Offered {
  offset: number;
  hash: Uint8Array;
  bytes: Uint8Array;
  /** Where the next chunk begins; null when all were sent. */
  position: number | null;
}

export class SnapshotMaker {
  readonly #link: Link;
  readonly #owner: SnapshotOwner;
  readonly #adapter: Snapshotter;
  /** The relay has asked, and asks somebody else after this time. */
  #wantedUntil = 0;
  readonly #asking = new Waiters<{ offset: number }>();
  /** Of the connection; what was begun on an older one is dropped. */
  #round = 0;
  #making = false;
  #offered: Offered | null = null;
  #timer: Timer | null = null;

  constructor(link: Link, owner: SnapshotOwner, adapter: Snapshotter) {
    this.#link = link;
    this.#owner = owner;
    this.#adapter = adapter;
  }

  wanted(leaseMs: number): void {
    this.#wantedUntil = this.#link.runtime.now() + leaseMs;
  }

  /** The application wants one to be made, as long as it waits for it. */
  offer(options?: WaitOptions): Promise<{ offset: number }> {
    const offered = this.#asking.add(options);
    this.look();
    return offered;
  }

  /** Something may have changed: if one is wanted, and this is the moment, it is made. */
  look(): void {
    if (this.#making || this.#offered !== null || !this.#isWanted) return;
    const settledAt = this.#owner.settledAt();
    if (settledAt !== null) void this.#make(settledAt);
  }

  /** Sends one chunk, if it may go now. False when there is nothing more to send. */
  flush(budgetBytes: number): boolean {
    const offered = this.#offered;
    if (offered === null || offered.position === null) return false;
    const { position } = offered;
    const { frameBytesMax = 0, inFlightBytesMax = 0 } = this.#link.welcome ?? {};
    const bytesMax = Math.min(chunkBytesMax, (frameBytesMax || Infinity) / 2, (inFlightBytesMax || Infinity) / 2);
    const data = offered.bytes.subarray(position, position + Math.floor(bytesMax));
    if (data.length > budgetBytes) return false; // it goes on when deltas were answered
    if (this.#link.bufferedBytes > bytesMax) {
      this.#timer ??= this.#link.runtime.after(socketFullMs, () => {
        this.#timer = null;
        this.#link.wantFlush();
      });
      return false;
    }
    const last = position + data.length === offered.bytes.length;
    offered.position = last ? null : position + data.length;
    const document = this.#owner.handle();
    this.#link.send({ kind: 'snapshotChunk', document, position, data, last, unpackedSize: 0, request: 0 });
    return !last;
  }

  /** True when it is the one that was offered here. */
  stored(event: SnapshotStored): boolean {
    const offered = this.#offered;
    if (offered === null || event.offset !== offered.offset || !equalBytes(event.hash, offered.hash)) return false;
    this.#done();
    this.#asking.resolve({ offset: event.offset });
    return true;
  }

  /** The relay did not take what was offered: it has another, or wants none just now. */
  refused(error: WeirError): void {
    if (this.#offered === null) return;
    this.#done();
    this.#asking.reject(error);
  }

  disconnected(): void {
    this.#round++;
    this.#making = false;
    this.#done();
  }

  end(error: WeirError): void {
    this.disconnected();
    this.#asking.reject(error);
  }

  get #isWanted(): boolean {
    return this.#asking.size > 0 || this.#wantedUntil > this.#link.runtime.now();
  }

  async #make(at: Cursor): Promise<void> {
    const round = this.#round;
    this.#making = true;
    let state: SnapshotState | null = null;
    let failure: unknown = null;
    try {
      state = await this.#made(at);
    } catch (cause) {
      failure = cause;
    }
    if (round !== this.#round) return;
    this.#making = false;
    if (state === null) return this.#giveUp(failure);
    const bytesMax = this.#link.welcome?.snapshotBytesMax ?? 0;
    const { length } = state.bytes;
    if (length > bytesMax) return this.#giveUp(null, `it has ${length} bytes, and the relay takes ${bytesMax}`);
    if (this.#isWanted) this.#send(state, at);
  }

  /** As it goes to the relay: what cannot be sealed does not go at all. */
  async #made(at: Cursor): Promise<SnapshotState | null> {
    const state = await madeBy(this.#adapter);
    return state && (this.#owner.seals?.sealSnapshot(state, at) ?? state);
  }

  #send({ bytes, codec = 0, fidelity = 'unknown' }: SnapshotState, { epoch, offset, chain }: Cursor): void {
    const hash = sha256(bytes);
    this.#offered = { offset, hash, bytes, position: 0 };
    this.#link.send({
      kind: 'snapshotOffer',
      document: this.#owner.handle(),
      epoch,
      offset,
      chain,
      hash,
      size: bytes.length,
      codec,
      fidelity: fidelityToWire(fidelity),
    });
    this.#link.wantFlush();
  }

  /** Another client is asked when the lease is over. The application hears why: where it asked, or else of what it did wrong. */
  #giveUp(cause: unknown, why = 'the application has none to give just now'): void {
    this.#done();
    const document = this.#owner.path;
    const what = `${document}: no snapshot was offered: ${why}`;
    const error =
      cause === null
        ? new WeirError(what, { code: Code.failedPrecondition, document })
        : new SnapshotterError(document, 'no snapshot was offered: the application could not make one', cause);
    if (cause !== null && this.#asking.size === 0) this.#owner.failed(error);
    this.#asking.reject(error);
  }

  #done(): void {
    this.#offered = null;
    this.#wantedUntil = 0;
    this.#timer?.cancel();
    this.#timer = null;
  }
}

/** Captured before this returns; rejects with what make() throws, and when it gives no snapshot. */
export async function madeBy(adapter: Snapshotter): Promise<SnapshotState | null> {
  const state = await adapter.make();
  if (state !== null) checkBytes(state.bytes, "a snapshot's `bytes`");
  return state;
}
