// What a client needs to read packs. The one there is, `packDecoder`, is in '@weir/client/pack', so that who does not want
// packs does not load it.
import type { PackRecord } from './pack/block.js';

export interface PackDecoder {
  /** Of packs (docs/pack-format.md): those that decode() reads. */
  readonly versions: readonly number[];
  /** All records of a pack in offset order, and the document's chain value behind them; throws when it is no sound pack. */
  decode(pack: Uint8Array): { records: PackRecord[]; chain: Uint8Array };
}
