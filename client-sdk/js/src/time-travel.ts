// Reading what was: a document as it stood at an offset or a time, page by page, and the snapshots that stand for its
// beginning. Needs no subscription; who does not ask for the next page gets none.
//
//   for await (const { snapshots, records } of client.history('plan', { asOf: { time: yesterday } })) ...

import { BadSnapshotError, Code, EpochChangedError, ProtocolError, type WeirError } from './errors.js';
import type { Encryption } from './guard.js';
import type { Asker } from './questions.js';
import { SnapshotReader, type Inflate } from './snapshot-reader.js';
import type { WeirSnapshot } from './snapshots.js';
import type { SnapshotHeader, WireRecord } from './wire/events.js';

export interface HistoryOptions {
  /** The client's space, if it is not said here. */
  space?: string;
  /** Up to an offset, or to a time (Unix seconds); of both the earlier counts. By default, the present. */
  asOf?: { offset?: number; time?: number };
  /** Only what came after this offset. */
  after?: number;
  /** False: records only, from the first that is kept. By default the newest snapshot up to then stands for what it can. */
  snapshots?: boolean;
  /** Opens what is sealed in it. */
  encryption?: Encryption;
  /** Ends the reading; the iteration throws the signal's reason. */
  signal?: AbortSignal;
}

export interface HistoryPage {
  /** On the first page only: what stands for the records before `records`, from the bottom up. */
  snapshots: WeirSnapshot[];
  records: HistoryRecord[];
  /** Everything up to here was read. */
  offset: number;
  /** Not 0: records up to here are no longer kept, and were not read. */
  cut: number;
  /** Of the document's last record, now. */
  head: number;
  /** With `encryption`: why records of this page were left out. */
  refused?: WeirError[];
}

/** A record as it is stored, always with its payload. */
export type HistoryRecord = WireRecord & { payload: Uint8Array };

export interface Where {
  asker: Asker;
  space: string;
  document: string;
  inflate: Inflate;
}

export async function* readHistory(
  where: Where,
  options: HistoryOptions,
): AsyncGenerator<HistoryPage, void, undefined> {
  const { asker, space, document } = where;
  const { asOf = {}, signal } = options;
  let after = options.after ?? 0;
  let epoch = 0n;
  for (;;) {
    const page = await asker.ask(
      {
        kind: 'readHistory',
        space,
        document,
        after,
        asOfOffset: asOf.offset ?? 0,
        asOfTime: asOf.time ?? 0,
        snapshots: after === 0 && (options.snapshots ?? true),
      },
      signal,
    );
    if (epoch !== 0n && page.epoch !== epoch) {
      const message = `${space}/${document}: the document began anew while its history was read; read it again`;
      throw new EpochChangedError(message, { code: Code.failedPrecondition, document: `${space}/${document}` });
    }
    epoch = page.epoch;
    const snapshots: WeirSnapshot[] = [];
    for (const header of page.snapshots) snapshots.push(await readSnapshot(where, header, signal));
    const { offset, cut, head, complete } = page;
    const read = { snapshots, records: withPayloads(page.records), offset, cut, head };
    yield (await options.encryption?.opened(read, page.snapshots, where)) ?? read;
    if (complete) return;
    if (offset <= after) throw new ProtocolError('a page of history does not lead on');
    after = offset;
  }
}

/** All bytes of a snapshot, checked against its hash. */
export async function readSnapshot(
  where: Where,
  header: Omit<SnapshotHeader, 'kind'>,
  signal?: AbortSignal,
): Promise<WeirSnapshot> {
  const { asker, space, document } = where;
  const { offset, hash } = header;
  try {
    const reader = new SnapshotReader(header, where.inflate);
    for (;;) {
      const { position } = reader;
      const snapshot = reader.add(
        await asker.ask({ kind: 'readSnapshot', space, document, offset, hash, position }, signal),
      );
      if (snapshot !== null) return snapshot;
    }
  } catch (cause) {
    if (!(cause instanceof BadSnapshotError)) throw cause;
    const message = `${space}/${document}: the snapshot at offset ${offset} was refused: ${cause.message}`;
    throw new BadSnapshotError(message, { code: Code.dataLoss, document: `${space}/${document}`, cause });
  }
}

function withPayloads(records: WireRecord[]): HistoryRecord[] {
  return records.map((record) => {
    if (record.payload === null) throw new ProtocolError('a record of a page of history has no payload');
    return record as HistoryRecord;
  });
}
