// What was received of one document and not handed over yet: records as they came, and those of packs, which are checked
// against the document's history before any of them counts.

import { equalBytes } from './bytes.js';
import type { WeirRecord } from './document.js';
import { BadPackError, Code } from './errors.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import { unpack } from './pack-decoder.js';
import type { WireRecord } from './wire/events.js';

export class RecordIntake {
  readonly #link: Pick<DocumentLink<never>, 'producer' | 'packs'>;
  readonly #history: History;
  #waiting: WeirRecord[] = [];

  constructor(link: Pick<DocumentLink<never>, 'producer' | 'packs'>, history: History) {
    this.#link = link;
    this.#history = history;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Is it this client's own? */
  readonly isOwn = ({ producer }: { producer: Uint8Array }): boolean => equalBytes(producer, this.#link.producer);

  add(records: readonly WireRecord[]): void {
    for (const record of records) {
      const own = this.isOwn(record);
      if (this.#history.advance(record, own)) this.#waiting.push({ ...record, own });
    }
  }

  /** Nothing of a pack is taken before all of it is known to be this document's; else, why it was not. */
  addPack(pack: Uint8Array, path: string): BadPackError | null {
    try {
      for (const record of unpack(this.#link.packs, pack, this.#history, this.isOwn)) {
        const { offset, producer, sequence, time, codec, payload } = record;
        this.#waiting.push({ offset, producer, sequence, time, codec, payload, own: this.isOwn(record) });
      }
      return null;
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      const message = `${path}: a pack from the relay was refused: ${what}; the records are fetched instead`;
      return new BadPackError(message, { code: Code.dataLoss, document: path, cause });
    }
  }

  /** All of it, to be handed over together. */
  take(): WeirRecord[] {
    const records = this.#waiting;
    this.#waiting = [];
    return records;
  }
}
