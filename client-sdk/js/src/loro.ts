// Loro over weir.
//
//   import { LoroDoc } from 'loro-crdt';
//   const doc = new LoroDoc();
//   const provider = new LoroProvider(client, 'plan', doc);
//   doc.getText('body').insert(0, 'hello');
//   doc.commit();                              each commit becomes one delta, or several when it is large
//
// With `ephemeral`, an EphemeralStore of Loro's is what the others see of this session (loro-presence.ts).

import { decodeImportBlobMeta, LoroDoc, type EphemeralStore, type LoroEventBatch, type VersionVector } from 'loro-crdt';

import { checkDocument } from './checks.js';
import type { Crdt } from './crdt.js';
import { compactionOf } from './crdt-deltas.js';
import type { DocumentClient } from './document-client.js';
import type { Compaction } from './document.js';
import { compareLoro } from './loro-compare.js';
import { EphemeralBridge } from './loro-presence.js';
import type { Fidelity, Verdict } from './snapshots.js';
import { SyncedDocument, type SyncedOptions } from './synced-document.js';

export type { SyncedEvents, SyncedOptions } from './synced-document.js';
export { SyncedDocument } from './synced-document.js';

export interface LoroOptions extends SyncedOptions {
  /** Its entries that are set here are shown to the others, and theirs come into it; setPresence() is then not to be used. */
  ephemeral?: EphemeralStore;
}

/** Keeps a document in step with the relay's. */
export class LoroProvider extends SyncedDocument<LoroCrdt> {
  readonly doc: LoroDoc;
  readonly #bridge: EphemeralBridge | null;

  constructor(client: DocumentClient, document: string, doc: LoroDoc, options: LoroOptions = {}) {
    super(client, document, new LoroCrdt(doc), options);
    this.doc = doc;
    this.#bridge = options.ephemeral === undefined ? null : new EphemeralBridge(options.ephemeral, this.session);
  }

  override destroy(): void {
    this.#bridge?.destroy();
    super.destroy();
  }
}

/** One document in place of many updates, for `compact` of a client that tabs share. */
export const mergeLoro: Compaction = compactionOf(() => new LoroCrdt(new LoroDoc()));

/** For SyncedDocument. */
export class LoroCrdt implements Crdt<LoroCrdt> {
  readonly #doc: LoroDoc;
  /** Updates that wait for others; a document's own export does not have them. */
  #waiting: Uint8Array[] = [];
  #importing = false;

  constructor(doc: LoroDoc) {
    checkDocument(doc, 'opCount', 'LoroProvider takes client, document, and then a LoroDoc');
    this.#doc = doc;
  }

  get empty(): boolean {
    this.#doc.commit();
    return this.#doc.opCount() === 0;
  }

  /** A shallow document has forgotten what it was. */
  get fidelity(): Fidelity {
    return this.#doc.isShallow() ? 'lossy' : 'lossless';
  }

  apply(deltas: readonly Uint8Array[]): void {
    if (deltas.length === 0) return;
    this.commit();
    this.#importing = true;
    try {
      const { pending } = deltas.length === 1 ? this.#doc.import(deltas[0]!) : this.#doc.importBatch([...deltas]);
      const waiting = pending === null ? this.#waiting : [...this.#waiting, ...deltas];
      if (waiting.length > 0) this.#waiting = waiting.filter((delta) => !this.#has(delta));
    } catch (cause) {
      throw cause instanceof Error ? cause : new Error(String(cause));
    } finally {
      this.#importing = false;
    }
  }

  state(): Uint8Array[] {
    return [this.#doc.export({ mode: 'snapshot' }), ...this.#waiting];
  }

  fresh(): LoroCrdt {
    return new LoroCrdt(new LoroDoc());
  }

  lacking(there: LoroCrdt, bytesMax: number): Uint8Array[] {
    this.commit();
    const waiting = this.#waiting.filter((delta) => !there.#has(delta) && !there.#waits(delta));
    return [...this.#cut(there.#doc.oplogVersion(), this.#doc.oplogVersion(), bytesMax), ...waiting];
  }

  compare(theirs: LoroCrdt): Verdict {
    const verdict = compareLoro(this.#doc, theirs.#doc);
    if (verdict !== 'valid') return verdict;
    const [mine, others] = [this.#waiting, theirs.#waiting];
    if (mine.every((delta) => theirs.#waits(delta)) && others.every((delta) => this.#waits(delta))) return 'valid';
    // What is here lacks something that is nowhere: then nobody can tell what a snapshot should have of it.
    return mine.length === 0 ? 'invalid' : 'unknown';
  }

  observe(made: (deltas: Uint8Array[]) => void, bytesMax: () => number): () => void {
    const local = this.#doc.subscribeLocalUpdates((update) => made(this.#pieces(update, bytesMax())));
    const imported = this.#doc.subscribe((event: LoroEventBatch) => {
      if (event.by !== 'import' || this.#importing) return;
      made(this.#cut(this.#doc.frontiersToVV(event.from), this.#doc.frontiersToVV(event.to), bytesMax()));
    });
    return () => {
      local();
      imported();
    };
  }

  commit(): void {
    this.#doc.commit();
  }

  free(): void {
    this.#doc.free();
  }

  // ---- what waits ----

  #has(delta: Uint8Array): boolean {
    const here = this.#doc.oplogVersion().toJSON();
    const { partialEndVersionVector } = decodeImportBlobMeta(delta, false);
    return [...partialEndVersionVector.toJSON()].every(([peer, end]) => (here.get(peer) ?? 0) >= end);
  }

  #waits(delta: Uint8Array): boolean {
    return this.#waiting.some((one) => one.length === delta.length && one.every((byte, i) => byte === delta[i]));
  }

  // ---- cutting ----

  #pieces(update: Uint8Array, bytesMax: number): Uint8Array[] {
    if (update.length <= bytesMax) return [update];
    const { partialStartVersionVector, partialEndVersionVector } = decodeImportBlobMeta(update, false);
    return this.#cut(partialStartVersionVector, partialEndVersionVector, bytesMax);
  }

  /** What lies between two versions; in one piece when it fits, else in runs of one peer's operations. */
  #cut(from: VersionVector, to: VersionVector, bytesMax: number): Uint8Array[] {
    const start = from.toJSON();
    const ranges = [...to.toJSON()]
      .map(([peer, end]) => ({ peer, counter: start.get(peer) ?? 0, end }))
      .filter(({ counter, end }) => counter < end);
    if (ranges.length === 0) return [];
    const exported = (spans: typeof ranges): Uint8Array =>
      this.#doc.export({
        mode: 'updates-in-range',
        spans: spans.map(({ peer, counter, end }) => ({ id: { peer, counter }, len: end - counter })),
      });
    const halved = (range: (typeof ranges)[number]): Uint8Array[] => {
      const piece = exported([range]);
      const half = range.counter + Math.floor((range.end - range.counter) / 2);
      if (piece.length <= bytesMax || half === range.counter) return [piece];
      return [...halved({ ...range, end: half }), ...halved({ ...range, counter: half })];
    };
    const whole = exported(ranges);
    return whole.length <= bytesMax ? [whole] : ranges.flatMap(halved);
  }
}
