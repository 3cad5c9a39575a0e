// Updates of Yjs as deltas. One is an update in the first version, of codec 0, which every Yjs client reads. Where many
// are sealed together, they are merged into one in the second version, a seventh of their size: nobody can pack them afterwards.

import * as Y from 'yjs';

import type { Delta } from './wire/events.js';

/** Of an update in the second version; WeirProvider writes it in sealed records only. */
export const updateV2Codec = 32;

/** For Encryption.merging(). */
export function mergeYjsDeltas(deltas: readonly Delta[]): readonly Delta[] {
  if (deltas.some(({ codec }) => codec !== 0)) return deltas;
  const updates = deltas.map(({ payload }) => Y.convertUpdateFormatV1ToV2(payload));
  return [{ codec: updateV2Codec, payload: Y.mergeUpdatesV2(updates) }];
}

/** In the first version; null when it is none of Yjs. Throws when it says that it is, and is not. */
export function yjsUpdateOf({ codec, payload }: { codec: number; payload: Uint8Array | null }): Uint8Array | null {
  if (payload === null || codec === 0) return payload;
  return codec === updateV2Codec ? Y.convertUpdateFormatV2ToV1(payload) : null;
}
