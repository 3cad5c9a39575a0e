// One zstd frame of a size that is known, such as a chunk of a snapshot. Memory is what it is to become and no more: what
// does not fit is refused or cut off, and whoever asked compares a hash.
import { decompress } from 'fzstd';

import { PackError } from './bytes.js';

const magic = [0x28, 0xb5, 0x2f, 0xfd];
const blockBytesMax = 1 << 17;

export function inflate(frame: Uint8Array, size: number): Uint8Array {
  const blocks = checkFrame(frame);
  if (size > blocks * blockBytesMax) throw new PackError('a zstd frame has not so much in it as was said');
  try {
    return decompress(frame, new Uint8Array(size));
  } catch (error) {
    throw new PackError(`a zstd frame is damaged: ${(error as Error).message}`);
  }
}

/** The number of blocks of a frame that ends where its bytes do. */
function checkFrame(frame: Uint8Array): number {
  const descriptor = frame[4] ?? 0;
  if (magic.some((byte, i) => frame[i] !== byte) || (descriptor & 0b1011) !== 0)
    throw new PackError('this is no zstd frame, or one that needs a dictionary');
  const single = (descriptor >> 5) & 1;
  const sizeBytes = [single, 2, 4, 8][descriptor >> 6] as number;
  const checksumBytes = (descriptor & 4) === 0 ? 0 : 4;
  let position = 6 - single + sizeBytes;
  for (let count = 1; ; count++) {
    const [low, middle, high] = frame.subarray(position, position + 3);
    if (high === undefined) throw new PackError('a zstd frame ends too early');
    const header = low! | (middle! << 8) | (high << 16);
    if (header >> 3 > blockBytesMax) throw new PackError('a block of a zstd frame is too large');
    position += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
    if ((header & 1) === 0) continue;
    if (position + checksumBytes !== frame.length) throw new PackError('a zstd frame does not end where its bytes do');
    return count;
  }
}
