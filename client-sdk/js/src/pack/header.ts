// The head of a pack: what it holds, readable without unpacking (docs/pack-format.md, "Head").
import { Code } from '../errors.js';
import { PackBytes, PackError } from './bytes.js';
import { xxh32 } from './xxh32.js';

/** No pack's head is larger. */
export const packHeaderBytesMax = 124;

export interface PackHeader {
  /** Offsets of its first and last record. */
  first: number;
  last: number;
  records: number;
  timeMin: number;
  timeMax: number;
  /** Of all payloads, unpacked. */
  payloadBytes: number;
  /** Of the head itself, and of what follows it. */
  headerBytes: number;
  bodyBytes: number;
  bodyChecksum: number;
  /** The document's chain value after the last record. */
  chain: Uint8Array;
}

const magic = [0x77, 0x70, 0x6b]; // "wpk"
/** Of the format; others are refused. */
export const packVersion = 1;
const checkedFrom = 8;

/** Reads the head alone; the first `packHeaderBytesMax` bytes are enough. Says nothing about the body. */
export function inspectPack(pack: Uint8Array): PackHeader {
  const reader = new PackBytes(pack);
  if (magic.some((byte) => reader.byte() !== byte)) throw new PackError('these bytes are no pack');
  const found = reader.byte();
  if (found !== packVersion)
    throw new PackError(`the pack is of version ${found}; this client reads version ${packVersion}`, Code.unimplemented);
  const checksum = reader.uint32();
  const bodyChecksum = reader.uint32();
  const chain = reader.take(32).slice();
  const first = reader.varint();
  const last = first + reader.varint();
  const records = reader.varint();
  const timeMin = reader.varint();
  const timeMax = timeMin + reader.varint();
  const payloadBytes = reader.varint();
  const bodyBytes = reader.varint();
  const headerBytes = reader.position;
  if (xxh32(pack.subarray(checkedFrom, headerBytes)) !== checksum) throw new PackError('the head of a pack is damaged');
  if (records === 0 || records - 1 > last - first || !Number.isSafeInteger(last) || !Number.isSafeInteger(timeMax))
    throw new PackError('the head of a pack contradicts itself, or has numbers beyond what this client holds');
  return { first, last, records, timeMin, timeMax, payloadBytes, headerBytes, bodyBytes, bodyChecksum, chain };
}
