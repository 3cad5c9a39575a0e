// Tells the relay whether another's snapshot is right: it reads the snapshot, waits until its own state is exactly the
// records up to some offset M, reads the records between the snapshot and M, and lets the application compare. It says
// nothing when it cannot tell. An application whose functions throw is told.

import { equalBytes } from './bytes.js';
import type { WeirRecord } from './document.js';
import type { DocumentLink } from './link.js';
import { madeBy } from './snapshot-maker.js';
import { SnapshotterError } from './snapshotter-error.js';
import type { Snapshot, Snapshotter, SnapshotOwner, SnapshotState, Verdict } from './snapshots.js';
import { readSnapshot, type Where } from './time-travel.js';
import type { AttestationWanted, Cursor } from './wire/events.js';

/** With more than this behind a snapshot, a newer one will be asked about soon. */
const recordBytesMax = 4 * 1024 * 1024;
const recordsMax = 100_000;

type Link = Pick<DocumentLink<never>, 'runtime' | 'send' | 'producer' | 'packs' | 'questions'>;
type Captured = { at: Cursor; state: Promise<SnapshotState | null> };
const verdicts: Verdict[] = ['valid', 'invalid', 'unknown'];

export class SnapshotAttester {
  readonly #link: Link;
  readonly #owner: SnapshotOwner;
  readonly #adapter: Snapshotter;
  #busy: AbortController | null = null;
  #capture: { from: number; resolve(captured: Captured): void } | null = null;

  constructor(link: Link, owner: SnapshotOwner, adapter: Snapshotter) {
    this.#link = link;
    this.#owner = owner;
    this.#adapter = adapter;
  }

  wanted(event: AttestationWanted): void {
    if (this.#busy !== null) return;
    const busy = (this.#busy = new AbortController());
    const lease = this.#link.runtime.after(event.leaseMs, () => busy.abort());
    const silent = (): Verdict => 'unknown'; // whatever went wrong, it says nothing about the snapshot
    void this.#judge(event, busy.signal)
      .catch(silent)
      .then((verdict) => {
        lease.cancel();
        if (this.#busy === busy) this.#busy = this.#capture = null;
        if (verdict !== 'unknown' && !busy.signal.aborted) this.#attest(event, verdict === 'valid');
      });
  }

  /** Something may have changed: if the state is waited for, and this is the moment, it is taken. */
  look(): void {
    const at = this.#capture === null ? null : this.#owner.settledAt();
    if (this.#capture === null || at === null || at.offset < this.#capture.from) return;
    const { from, resolve } = this.#capture;
    this.#capture = null;
    resolve({ at, state: this.#application(from, 'make()', () => madeBy(this.#adapter)) });
  }

  disconnected(): void {
    this.#busy?.abort();
    this.#busy = this.#capture = null;
  }

  async #judge(event: AttestationWanted, signal: AbortSignal): Promise<Verdict> {
    const { offset, codec } = event;
    const header = { ...event, chain: event.hash, base: 0, fidelity: 0, verified: false, time: 0 };
    const { bytes } = await readSnapshot(this.#where, header, signal);
    const captured = new Promise<Captured>((resolve, reject) => {
      this.#capture = { from: offset, resolve };
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    this.look();
    const { at, state } = await captured;
    const own = await state;
    if (own === null) return 'unknown';
    const { seals } = this.#owner;
    const theirs = seals === null ? { bytes, codec } : await seals.openToCompare(event, bytes);
    if (typeof theirs === 'string') return theirs;
    if (at.offset === offset && theirs.codec === (own.codec ?? 0) && equalBytes(own.bytes, theirs.bytes)) return 'valid';
    const records = await this.#recordsBetween(offset, at, signal);
    if (records === null) return 'unknown';
    return (await this.#application(offset, 'compare()', () => this.#compared(own, theirs, records))) ?? 'unknown';
  }

  async #compared(own: SnapshotState, theirs: Snapshot, records: WeirRecord[]): Promise<Verdict> {
    const verdict = await this.#adapter.compare(own, theirs, records);
    if (verdicts.includes(verdict)) return verdict;
    throw new TypeError(`it gives ${verdicts.join(', ')}, and not ${String(verdict)}`);
  }

  /** What the application says to one of its functions; null when that throws, which it is told. */
  async #application<Said>(offset: number, which: string, ask: () => Promise<Said>): Promise<Said | null> {
    try {
      return await ask();
    } catch (cause) {
      const what = `another's snapshot at offset ${offset} was not judged: the application's ${which} failed`;
      this.#owner.failed(new SnapshotterError(this.#owner.path, what, cause));
      return null;
    }
  }

  /** Null when they are too many, or not all kept, or of another history. */
  async #recordsBetween(after: number, { epoch, offset }: Cursor, signal: AbortSignal): Promise<WeirRecord[] | null> {
    const { space, document } = this.#owner;
    const records: WeirRecord[] = [];
    let bytes = 0;
    for (let from = after; from < offset;) {
      const question = { kind: 'readHistory', space, document, asOfOffset: offset, asOfTime: 0 } as const;
      const page = await this.#link.questions.ask({ ...question, after: from, snapshots: false }, signal);
      if (page.epoch !== epoch || page.cut !== 0 || (page.offset <= from && !page.complete)) return null;
      for (const { payload } of page.records) bytes += payload?.length ?? 0;
      const opened = (await this.#owner.seals?.openRecords(page.records)) ?? page.records;
      for (const record of opened)
        records.push({ ...record, own: equalBytes(record.producer, this.#link.producer) });
      if (bytes > recordBytesMax || records.length > recordsMax) return null;
      if (page.complete) break;
      from = page.offset;
    }
    return records;
  }

  get #where(): Where {
    const { space, document } = this.#owner;
    return { asker: this.#link.questions, space, document, inflate: this.#link.packs };
  }

  #attest({ offset, hash }: AttestationWanted, valid: boolean): void {
    this.#link.send({ kind: 'attest', document: this.#owner.handle(), offset, hash, valid });
    this.#owner.attested(offset, valid);
  }
}
