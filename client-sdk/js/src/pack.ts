// Packs: runs of a document's records, compressed by the relay without loss (docs/pack-format.md). For browsers and Node;
// an entry point of its own, so that who does not unpack does not load it.
//
//   import { packDecoder } from '@weir/client/pack';
//   new WeirClient({ ..., packs: packDecoder });               // what the relay has packed comes as it is
//
//   import { readPack } from '@weir/client/pack';
//   for (const records of readPack(bytes)) for (const record of records) apply(record.payload);
//
// Nothing in a pack is trusted: whatever the bytes are, the answer is the records that were packed, or a PackError. What
// is in memory is one block and the window of its compression. Numbers beyond 2^53 - 1 are refused.
import { PackError } from './pack/bytes.js';
import { BlockDecoder } from './pack/block.js';
import { Frame } from './pack/frame.js';
import { inflate } from './pack/inflate.js';
import { inspectPack, packHeaderBytesMax, packVersion, type PackHeader } from './pack/header.js';
import type { PackRecord } from './pack/rows.js';
import { xxh32 } from './pack/xxh32.js';
import type { PackDecoder } from './pack-decoder.js';

export { inspectPack, packHeaderBytesMax, PackError };
export type { PackDecoder, PackHeader, PackRecord };

export interface PackLimits {
  /** A block with more bytes of payload is refused. */
  blockPayloadBytesMax?: number;
}

/** The records of a pack, block by block, in offset order. */
export function* readPack(pack: Uint8Array, limits: PackLimits = {}): Generator<PackRecord[], void, undefined> {
  const header = inspectPack(pack);
  const body = pack.subarray(header.headerBytes);
  if (body.length !== header.bodyBytes || xxh32(body) !== header.bodyChecksum)
    throw new PackError('the body of a pack is damaged');
  const blockPayloadBytesMax = limits.blockPayloadBytesMax ?? 32 * 1024 * 1024;
  const frame = new Frame(body);
  const decoder = new BlockDecoder(header);
  let left = { records: header.records, payloadBytes: header.payloadBytes };
  while (left.records > 0) {
    const { records, payloadBytes } = decoder.next(frame, { ...left, blockPayloadBytesMax });
    left = { records: left.records - records.length, payloadBytes: left.payloadBytes - payloadBytes };
    if (left.records === 0) {
      frame.done();
      if (left.payloadBytes !== 0 || decoder.offset !== header.last) throw new PackError('a pack does not end where its head says');
    }
    yield records;
  }
}

/** All records of a pack at once. */
export function unpack(pack: Uint8Array, limits: PackLimits = {}): PackRecord[] {
  let all: PackRecord[] = [];
  for (const records of readPack(pack, limits)) all = all.length === 0 ? records : all.concat(records);
  return all;
}

/** For `WeirClientOptions.packs`. */
export const packDecoder: PackDecoder = {
  versions: [packVersion],
  decode: (pack) => ({ records: unpack(pack), chain: inspectPack(pack).chain }),
  inflate,
};
