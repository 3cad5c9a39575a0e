// A page of history, opened.

import type { WeirError } from '../errors.js';
import type { WeirSnapshot } from '../snapshots.js';
import type { HistoryPage, HistoryRecord } from '../time-travel.js';
import type { SnapshotHeader } from '../wire/events.js';
import type { DocumentCipher } from './cipher.js';
import { UnknownKeyError } from './errors.js';

/** `headers`: of its snapshots. Throws when a key is not here, or a snapshot cannot be opened. */
export async function openPage(
  page: HistoryPage,
  headers: readonly SnapshotHeader[],
  cipher: DocumentCipher,
): Promise<HistoryPage> {
  const snapshots: WeirSnapshot[] = [];
  for (const [i, snapshot] of page.snapshots.entries()) {
    snapshots.push({ ...snapshot, ...(await cipher.openSnapshot(headers[i]!, snapshot.codec, snapshot.bytes)) });
  }
  const records: HistoryRecord[] = [];
  const refused: WeirError[] = [];
  for (const record of page.records) {
    const { deltas, error } = await cipher.openRecord(record);
    if (error instanceof UnknownKeyError) throw error;
    if (error !== null) refused.push(error);
    for (const delta of deltas) records.push({ ...record, ...delta });
  }
  return { ...page, snapshots, records, refused };
}
