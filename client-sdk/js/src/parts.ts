// Several byte strings as one: each behind its length, a varint.

/** `parts` as one; they come back from splitParts(). */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const lengths = parts.map(({ length }) => varint(length));
  const joined = new Uint8Array(parts.reduce((sum, { length }, i) => sum + lengths[i]!.length + length, 0));
  let at = 0;
  parts.forEach((part, i) => {
    joined.set(lengths[i]!, at);
    joined.set(part, at + lengths[i]!.length);
    at += lengths[i]!.length + part.length;
  });
  return joined;
}

/** Throws a RangeError on bytes that joinParts() did not make. */
export function splitParts(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    let length = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 28) throw new RangeError('a length is cut off, or too large');
      length += (byte & 127) * factor;
      if (byte < 128) break;
    }
    if (length > bytes.length - at) throw new RangeError('a part is cut off');
    parts.push(bytes.subarray(at, (at += length)));
  }
  return parts;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}
