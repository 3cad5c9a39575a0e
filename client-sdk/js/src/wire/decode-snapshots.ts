// What the relay says of snapshots and of history, from bytes: the part of decode.ts that grew with them.

import { ProtocolError } from '../errors.js';
import type { AttestationWanted, HistoryPage, SnapshotChunk, SnapshotHeader, SnapshotStored, WireRecord } from './events.js';
import { listOf, message } from './fields.js';
import type { Reader } from './reader.js';

const hashBytes = 32;

export const decodeSnapshot = hashed(
  message<SnapshotHeader>(
    { kind: 'snapshot' },
    {
      document: 'uint',
      offset: 'uint',
      hash: 'bytes',
      size: 'uint',
      codec: 'uint',
      chain: 'bytes',
      base: 'uint',
      fidelity: 'uint',
      verified: 'bool',
      time: 'uint',
    },
  ),
);

export const decodeSnapshotChunk = message<SnapshotChunk>(
  { kind: 'snapshotChunk' },
  { document: 'uint', position: 'uint', data: 'bytes', last: 'bool', unpackedSize: 'uint', request: 'uint' },
);

export const decodeAttestationWanted = hashed(
  message<AttestationWanted>(
    { kind: 'attestationWanted' },
    { document: 'uint', offset: 'uint', hash: 'bytes', size: 'uint', codec: 'uint', leaseMs: 'uint' },
  ),
);

export const decodeSnapshotStored = hashed(
  message<SnapshotStored>({ kind: 'snapshotStored' }, { document: 'uint', offset: 'uint', hash: 'bytes' }),
);

export function historyDecoder(readRun: (reader: Reader, into: WireRecord[]) => void): (reader: Reader) => HistoryPage {
  return message<HistoryPage>(
    { kind: 'history' },
    {
      request: 'uint',
      epoch: 'fixed64',
      snapshots: listOf(decodeSnapshot),
      records: readRun,
      offset: 'uint',
      complete: 'bool',
      cut: 'uint',
      head: 'uint',
    },
  );
}

/** Its hashes are whole. */
function hashed<Message extends { hash: Uint8Array; chain?: Uint8Array }>(decode: (reader: Reader) => Message) {
  return (reader: Reader): Message => {
    const event = decode(reader);
    for (const { length } of [event.hash, event.chain ?? event.hash])
      if (length !== hashBytes) throw new ProtocolError(`a hash has ${length} bytes; it must have ${hashBytes}`);
    return event;
  };
}
