// Raw DEFLATE by the platform's own streams, in memory, and never more of it than is allowed.

import { FormatError } from './format.js';

/** Below it there is nothing to gain. */
const worthwhileBytes = 100;

/** Null: it does not become smaller, or this platform cannot (Node before 20.12). */
export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array | null> {
  if (bytes.length < worthwhileBytes) return null;
  try {
    const deflated = await through(new CompressionStream('deflate-raw'), bytes, bytes.length);
    return deflated.length < bytes.length ? deflated : null;
  } catch {
    return null;
  }
}

export async function inflate(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  try {
    return await through(new DecompressionStream('deflate-raw'), bytes, bytesMax);
  } catch (cause) {
    throw cause instanceof FormatError ? cause : new FormatError('it cannot be inflated');
  }
}

async function through(stream: GenericTransformStream, bytes: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const writer = stream.writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
  const written = writer.write(bytes).then(() => writer.close());
  written.catch(() => undefined); // reading fails of the same
  const reader = stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (length <= bytesMax) continue;
    await reader.cancel().catch(() => undefined);
    throw new FormatError(`it becomes more than ${bytesMax} bytes`);
  }
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
