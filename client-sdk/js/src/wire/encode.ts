// Client events to bytes: one event as a complete ClientFrame. Frames may be concatenated; that merges them.

import type { ClientEvent, Cursor, Delta } from './events.js';
import { Writer } from './writer.js';

const fieldOf: { [kind in ClientEvent['kind']]: number } = {
  hello: 1,
  subscribe: 2,
  unsubscribe: 3,
  publish: 4,
  presence: 5,
  pong: 6,
  snapshotOffer: 7,
  snapshotChunk: 8,
  attest: 9,
  readHistory: 10,
  readSnapshot: 11,
};

export function encodeClientEvent(event: ClientEvent): Uint8Array {
  const wrapped = new Writer().message(fieldOf[event.kind], body(event));
  return new Writer().message(1, wrapped).finish();
}

function body(event: ClientEvent): Writer {
  const out = new Writer();
  switch (event.kind) {
    case 'hello':
      return out
        .uint(1, event.protocolVersion)
        .bytes(2, event.producer)
        .string(3, event.token)
        .packed(4, event.packs)
        .bool(5, event.makesSnapshots)
        .string(6, event.client);
    case 'subscribe':
      out.uint(1, event.request).string(2, event.space).string(3, event.document).uint(4, event.from);
      if (event.cursor !== null) out.message(5, cursorBody(event.cursor));
      return out.bool(6, event.presence).bool(7, event.snapshots).bool(8, event.recreate);
    case 'unsubscribe':
      return out.uint(1, event.document);
    case 'publish':
      out.uint(1, event.document).fixed64(2, event.epoch).uint(3, event.firstSequence);
      for (const delta of event.deltas) out.message(4, deltaBody(delta));
      return out.bool(5, event.base);
    case 'presence':
      return out.uint(1, event.document).bytes(2, event.data);
    case 'pong':
      return out.uint64(1, event.nonce);
    case 'snapshotOffer':
      out.uint(1, event.document).fixed64(2, event.epoch).uint(3, event.offset).bytes(4, event.chain);
      return out.bytes(5, event.hash).uint(6, event.size).uint(7, event.codec).uint(8, event.fidelity);
    case 'snapshotChunk':
      return out.uint(1, event.document).uint(2, event.position).bytes(3, event.data).bool(4, event.last);
    case 'attest':
      return out.uint(1, event.document).uint(2, event.offset).bytes(3, event.hash).bool(4, event.valid);
    case 'readHistory':
      out.uint(1, event.request).string(2, event.space).string(3, event.document).uint(4, event.after);
      return out.uint(5, event.asOfOffset).uint(6, event.asOfTime).bool(7, event.snapshots);
    case 'readSnapshot':
      out.uint(1, event.request).string(2, event.space).string(3, event.document).uint(4, event.offset);
      return out.bytes(5, event.hash).uint(6, event.position);
  }
}

function cursorBody(cursor: Cursor): Writer {
  return new Writer().fixed64(1, cursor.epoch).uint(2, cursor.offset).bytes(3, cursor.chain);
}

function deltaBody(delta: Delta): Writer {
  return new Writer().uint(1, delta.codec).bytes(2, delta.payload);
}
