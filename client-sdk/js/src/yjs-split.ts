// A Yjs update in pieces that a relay takes: struct by struct, each piece an update of its own. A reader that has all
// of them has the whole; one that has some keeps what it cannot place yet. A struct that is too large for a piece (a pasted
// text) is cut as Yjs itself cuts one when something is written into its middle; readers put the parts together again.

import { encoding } from 'lib0';
import * as Y from 'yjs';

/** Pieces of at most `bytesMax`, in an order in which each can be applied; one value that is larger (a picture) stays whole. */
export function splitUpdate(update: Uint8Array, bytesMax: number): Uint8Array[] {
  if (update.length <= bytesMax) return [update];
  const { structs, ds } = Y.decodeUpdate(update);
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < structs.length;) {
    // Halve the guess until it fits: sizes are known only once they are written.
    let count = Math.min(structs.length - from, 4096);
    let piece = encodeStructs(structs.slice(from, from + count));
    for (; piece.length > bytesMax && count > 1; piece = encodeStructs(structs.slice(from, from + count)))
      count = Math.ceil(count / 2);
    const halves = piece.length > bytesMax ? halved(structs[from]!) : null;
    if (halves !== null) {
      structs.splice(from, 1, ...halves);
      continue;
    }
    pieces.push(piece);
    from += count;
  }
  pieces.push(...splitDeletes(ds, bytesMax));
  return pieces;
}

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];
type DeleteSet = ReturnType<typeof Y.decodeUpdate>['ds'];

/** Null: it is one value, or nothing to speak of. */
function halved(struct: Struct): [Struct, Struct] | null {
  if (!(struct instanceof Y.Item) || struct.length < 2) return null;
  const { id, origin, rightOrigin, parent, parentSub, content } = struct;
  let at = struct.length >> 1;
  // Never between the two halves of a character: Yjs would put a replacement in the place of both.
  if (content instanceof Y.ContentString && isHighSurrogate(content.str.charCodeAt(at - 1))) at = at === 1 ? 2 : at - 1;
  if (at === struct.length) return null;
  const rest = content.splice(at);
  const item = (clock: number, after: Y.ID | null, part: Y.Item['content']): Struct =>
    new Y.Item(Y.createID(id.client, clock), null, after, null, rightOrigin, parent, parentSub, part);
  return [item(id.clock, origin, content), item(id.clock + at, Y.createID(id.client, id.clock + at - 1), rest)];
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Structs come grouped by client, clocks ascending; gaps between them are `Skip` structs and stay. */
function encodeStructs(structs: Struct[]): Uint8Array {
  const groups: Struct[][] = [];
  for (const struct of structs) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]!.id.client === struct.id.client) last.push(struct);
    else groups.push([struct]);
  }
  const encoder = new Y.UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, groups.length);
  for (const group of groups) {
    encoding.writeVarUint(encoder.restEncoder, group.length);
    encoder.writeClient(group[0]!.id.client);
    encoding.writeVarUint(encoder.restEncoder, group[0]!.id.clock);
    for (const struct of group) struct.write(encoder, 0);
  }
  encoding.writeVarUint(encoder.restEncoder, 0); // no deletions
  return encoder.toUint8Array();
}

function splitDeletes(ds: DeleteSet, bytesMax: number): Uint8Array[] {
  const rangeBytesMax = 30; // three numbers of at most 53 bits, and a share of the rest
  const rangesMax = Math.max(1, Math.floor(bytesMax / rangeBytesMax));
  const pieces: Uint8Array[] = [];
  for (const [client, ranges] of ds.clients)
    for (let from = 0; from < ranges.length; from += rangesMax) {
      const part = ranges.slice(from, from + rangesMax);
      const encoder = encoding.createEncoder();
      for (const value of [0, 1, client, part.length]) encoding.writeVarUint(encoder, value);
      for (const { clock, len } of part) {
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint(encoder, len);
      }
      pieces.push(encoding.toUint8Array(encoder));
    }
  return pieces;
}
