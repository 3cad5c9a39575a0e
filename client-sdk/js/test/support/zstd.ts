// zstd frames made by hand: each block raw, or one byte repeated.

/** `bytes` as it is, or `count` times the byte: what many blocks of a few bytes become. */
export function zstdFrame(content: Uint8Array | { byte: number; count: number }, claimed?: number): Uint8Array {
  const size = content instanceof Uint8Array ? content.length : content.count;
  const blocks: Buffer[] = [];
  for (let from = 0; from < size || blocks.length === 0; from += 1 << 17) {
    const length = Math.min(1 << 17, size - from);
    const last = from + length >= size ? 1 : 0;
    const repeated = content instanceof Uint8Array ? 0 : 1;
    const header = Buffer.alloc(3);
    header.writeUIntLE((length << 3) | (repeated << 1) | last, 0, 3);
    blocks.push(
      header,
      content instanceof Uint8Array ? Buffer.from(content.subarray(from, from + length)) : Buffer.of(content.byte),
    );
  }
  const head = Buffer.alloc(9);
  head.writeUInt32LE(0xfd2fb528, 0);
  head[4] = 0b10100000; // a single segment, its size in four bytes
  head.writeUInt32LE(claimed ?? size, 5);
  return new Uint8Array(Buffer.concat([head, ...blocks]));
}
