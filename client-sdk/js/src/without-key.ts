// For adapters: what was read in a document without `encryption` that only who has its key can read.
import { Code, UnreadableRecordError } from './errors.js';

/** As in sealing/format.ts, which is not loaded where nothing is sealed. */
const sealedCodec = 2;

export function isSealed({ codec, payload }: { codec: number; payload: Uint8Array | null }): boolean {
  return codec === sealedCodec && payload !== null;
}

/** To be told once: every record of the document will be such a one. */
export function withoutKey(document: string): UnreadableRecordError {
  const message = `${document}: it is encrypted: give \`encryption\` with its key; without, nothing in it is shown, and what is written here is left out by all who have the key`;
  return new UnreadableRecordError(message, { code: Code.failedPrecondition, document });
}
