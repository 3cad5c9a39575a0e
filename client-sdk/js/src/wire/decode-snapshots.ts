// What the relay says of snapshots and of history, from bytes: the part of decode.ts that grew with them.

import { ProtocolError } from '../errors.js';
import type {
  AttestationWanted,
  HistoryPage,
  SnapshotChunk,
  SnapshotHeader,
  SnapshotStored,
  WireRecord,
} from './events.js';
import { fields, readPlain } from './fields.js';
import type { Reader } from './reader.js';

const none: Uint8Array = new Uint8Array(0);
const hashBytes = 32;

export function decodeSnapshot(reader: Reader): SnapshotHeader {
  const event: SnapshotHeader = {
    kind: 'snapshot',
    document: 0,
    offset: 0,
    hash: none,
    size: 0,
    codec: 0,
    chain: none,
    base: 0,
    fidelity: 0,
    verified: false,
    time: 0,
  };
  readPlain(reader, event, [
    ['document', 'uint'],
    ['offset', 'uint'],
    ['hash', 'bytes'],
    ['size', 'uint'],
    ['codec', 'uint'],
    ['chain', 'bytes'],
    ['base', 'uint'],
    ['fidelity', 'uint'],
    ['verified', 'bool'],
    ['time', 'uint'],
  ]);
  checkHash(event.hash);
  checkHash(event.chain);
  return event;
}

export function decodeSnapshotChunk(reader: Reader): SnapshotChunk {
  const event: SnapshotChunk = {
    kind: 'snapshotChunk',
    document: 0,
    position: 0,
    data: none,
    last: false,
    unpackedSize: 0,
    request: 0,
  };
  return readPlain(reader, event, [
    ['document', 'uint'],
    ['position', 'uint'],
    ['data', 'bytes'],
    ['last', 'bool'],
    ['unpackedSize', 'uint'],
    ['request', 'uint'],
  ]);
}

export function decodeAttestationWanted(reader: Reader): AttestationWanted {
  const event: AttestationWanted = {
    kind: 'attestationWanted',
    document: 0,
    offset: 0,
    hash: none,
    size: 0,
    codec: 0,
    leaseMs: 0,
  };
  readPlain(reader, event, [
    ['document', 'uint'],
    ['offset', 'uint'],
    ['hash', 'bytes'],
    ['size', 'uint'],
    ['codec', 'uint'],
    ['leaseMs', 'uint'],
  ]);
  checkHash(event.hash);
  return event;
}

export function decodeSnapshotStored(reader: Reader): SnapshotStored {
  const event: SnapshotStored = { kind: 'snapshotStored', document: 0, offset: 0, hash: none };
  readPlain(reader, event, [
    ['document', 'uint'],
    ['offset', 'uint'],
    ['hash', 'bytes'],
  ]);
  checkHash(event.hash);
  return event;
}

export function decodeHistory(reader: Reader, decodeRun: (reader: Reader, into: WireRecord[]) => void): HistoryPage {
  const event: HistoryPage = {
    kind: 'history',
    request: 0,
    epoch: 0n,
    snapshots: [],
    records: [],
    offset: 0,
    complete: false,
    cut: 0,
    head: 0,
  };
  fields(reader, (field) => {
    if (field === 1) event.request = reader.uint();
    else if (field === 2) event.epoch = reader.fixed64();
    else if (field === 3) event.snapshots.push(decodeSnapshot(reader.message()));
    else if (field === 4) decodeRun(reader.message(), event.records);
    else if (field === 5) event.offset = reader.uint();
    else if (field === 6) event.complete = reader.bool();
    else if (field === 7) event.cut = reader.uint();
    else if (field === 8) event.head = reader.uint();
    else return false;
    return true;
  });
  return event;
}

function checkHash(hash: Uint8Array): void {
  if (hash.length !== hashBytes) throw new ProtocolError(`a hash has ${hash.length} bytes; it must have ${hashBytes}`);
}
