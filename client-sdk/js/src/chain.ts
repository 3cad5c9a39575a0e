// The chain that names a document's history (docs/protocol.md):
//
//   H_0 = SHA-256("weir1" ‖ u16(|space|) ‖ space ‖ u16(|document|) ‖ document)
//   H_n = SHA-256(H_{n-1} ‖ producer ‖ u64(sequence) ‖ u32(codec) ‖ SHA-256(payload))          integers big-endian
//
// Two parties with equal values hold equal histories. It does not prove that an author is honest.
import { sha256 } from '@noble/hashes/sha2.js';

import { utf8 } from './bytes.js';

export const digestBytes = 32;

/** SHA-256. */
export function digest(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** H_0 of a document. */
export function chainStart(space: string, document: string): Uint8Array {
  const hash = sha256.create().update(utf8.encode('weir1'));
  for (const name of [space, document]) {
    const bytes = utf8.encode(name);
    hash.update(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff)).update(bytes);
  }
  return hash.digest();
}

/** H_n from H_{n-1} and the n-th record, whose payload is given by its digest. */
export function chainNext(
  previous: Uint8Array,
  producer: Uint8Array,
  sequence: number,
  codec: number,
  payloadDigest: Uint8Array,
): Uint8Array {
  const input = new Uint8Array(32 + 16 + 8 + 4 + 32);
  const view = new DataView(input.buffer);
  input.set(previous, 0);
  input.set(producer, 32);
  view.setBigUint64(48, BigInt(sequence));
  view.setUint32(56, codec);
  input.set(payloadDigest, 60);
  return sha256(input);
}
