// The presence of several tabs as one. Values in the form of awareness updates are put together, `varuint n` and n entries
// each; of any other form the last one given stands for all.

/** Newest last. */
export function mergedPresence(values: readonly Uint8Array[], awareness: boolean): Uint8Array {
  if (!awareness || values.length < 2) return values.at(-1) ?? new Uint8Array(0);
  let count = 0;
  const bodies: Uint8Array[] = [];
  for (const value of values) {
    const head = readVarUint(value);
    if (head === null) continue;
    count += head.value;
    bodies.push(value.subarray(head.bytes));
  }
  const head = writeVarUint(count);
  const merged = new Uint8Array(bodies.reduce((sum, { length }) => sum + length, head.length));
  merged.set(head);
  let at = head.length;
  for (const body of bodies) {
    merged.set(body, at);
    at += body.length;
  }
  return merged;
}

function readVarUint(bytes: Uint8Array): { value: number; bytes: number } | null {
  let value = 0;
  for (let i = 0; i < Math.min(bytes.length, 4); i++) {
    value += (bytes[i]! & 0x7f) * 2 ** (7 * i);
    if (bytes[i]! < 0x80) return { value, bytes: i + 1 };
  }
  return null;
}

function writeVarUint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  bytes.push(value);
  return Uint8Array.from(bytes);
}
