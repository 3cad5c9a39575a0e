// What was received of one document and not handed over yet: records as they came, and those of packs, which are checked
// against the document's history before any of them counts.

import { equalBytes } from './bytes.js';
import type { WeirRecord } from './document.js';
import { BadPackError, Code, messageOf, type WeirError } from './errors.js';
import type { DocumentGuard } from './guard.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import { unpack } from './pack-decoder.js';
import type { Pack, WireRecord } from './wire/events.js';

/** A record that was taken, and what was sealed in it. */
export type Taken = WeirRecord & Pick<WireRecord, 'opened'>;

export class RecordIntake {
  readonly #link: Pick<DocumentLink<never>, 'producer' | 'packs'>;
  readonly #history: History;
  readonly #guard: DocumentGuard | null;
  #waiting: Taken[] = [];

  constructor(link: Pick<DocumentLink<never>, 'producer' | 'packs'>, history: History, guard: DocumentGuard | null) {
    this.#link = link;
    this.#history = history;
    this.#guard = guard;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Is it this client's own? */
  readonly isOwn = ({ producer }: { producer: Uint8Array }): boolean => equalBytes(producer, this.#link.producer);

  /** Null; or why one may not be taken, nor any after it: those before it were. */
  add(records: readonly WireRecord[]): WeirError | null {
    for (const record of records) {
      if (record.offset <= this.#history.offset) continue; // it was read before
      const wrong = this.#guard?.look(record) ?? null;
      if (wrong !== null) return wrong;
      const own = this.isOwn(record);
      this.#history.advance(record, own);
      this.#waiting.push({ ...record, own });
    }
    return null;
  }

  /** Nothing of a pack is taken before all of it is known to be this document's; else, why it was not. */
  addPack({ data, decoded }: Pack, path: string): WeirError | null {
    const before = this.#history.mark;
    let records: WireRecord[];
    try {
      records = unpack(this.#link.packs, decoded ?? data, this.#history, this.isOwn);
    } catch (cause) {
      const message = `${path}: a pack from the relay was refused: ${messageOf(cause)}; the records are fetched instead`;
      return new BadPackError(message, { code: Code.dataLoss, document: path, cause });
    }
    for (const record of records) {
      const wrong = this.#guard?.look(record) ?? null;
      if (wrong === null) continue;
      this.#history.back(before);
      return wrong;
    }
    for (const record of records) {
      const { offset, producer, sequence, time, codec, payload, opened } = record; // it may be a view of its pack
      const own = this.isOwn(record);
      this.#waiting.push({ offset, producer, sequence, time, codec, payload, own, ...(opened && { opened }) });
    }
    return null;
  }

  /** All of it, to be handed over together. */
  take(): Taken[] {
    const records = this.#waiting;
    this.#waiting = [];
    return records;
  }
}
