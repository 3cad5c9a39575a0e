// What a client needs to read packs and compressed snapshots. The one there is, `packDecoder`, is in '@weir/client/pack', so that
// who does not want packs does not load it.
import { BadPackError, Code } from './errors.js';
import type { History } from './history.js';
import type { PackRecord } from './pack/rows.js';
import type { WireRecord } from './wire/events.js';

export interface PackDecoder {
  /** Of packs (docs/pack-format.md): those that decode() reads. */
  readonly versions: readonly number[];
  /** All records of a pack in offset order, and the document's chain value behind them; throws when it is no sound pack. */
  decode(pack: Uint8Array): { records: PackRecord[]; chain: Uint8Array };
  /** One zstd frame, as chunks of snapshots have it, which becomes `size` bytes and never more; throws when it is none. */
  inflate(frame: Uint8Array, size: number): Uint8Array;
}

/** The records of a pack that `history` had not read yet. Throws, and takes none, when the pack is not sound or of another history. */
export function unpack(
  decoder: PackDecoder | null,
  pack: Uint8Array | { records: WireRecord[]; chain: Uint8Array },
  history: History,
  isOwn: (record: WireRecord) => boolean,
): WireRecord[] {
  if (decoder === null) throw new BadPackError('it was not asked for', { code: Code.failedPrecondition });
  const { records, chain } = pack instanceof Uint8Array ? decoder.decode(pack) : pack;
  const fresh = history.advanceAll<WireRecord>(records, isOwn, chain);
  if (fresh === null) throw new BadPackError('its records are not of this history', { code: Code.dataLoss });
  return fresh;
}
