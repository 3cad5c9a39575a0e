// A ServerFrame's bytes to events. Unknown events and fields are skipped: a newer server serves this client.

import { Code, ProtocolError, Reason } from '../errors.js';
import type {
  CaughtUp,
  Cut,
  Delta,
  ErrorEvent,
  GoingAway,
  Pack,
  Ping,
  PresenceUpdate,
  Records,
  ServerEvent,
  SnapshotWanted,
  Stored,
  Subscribed,
  Welcome,
  WireRecord,
} from './events.js';
import {
  decodeAttestationWanted,
  decodeHistory,
  decodeSnapshot,
  decodeSnapshotChunk,
  decodeSnapshotStored,
} from './decode-snapshots.js';
import { fields, readPlain } from './fields.js';
import { Reader } from './reader.js';

const none: Uint8Array = new Uint8Array(0);

/** ProtocolError when the bytes are not a frame: the connection is to be closed. */
export function decodeServerFrame(bytes: Uint8Array): ServerEvent[] {
  const events: ServerEvent[] = [];
  const frame = new Reader(bytes);
  fields(frame, (field) => {
    if (field !== 1) return false;
    const event = decodeEvent(frame.message());
    if (event !== null) events.push(event);
    return true;
  });
  return events;
}

const decoders: { [field: number]: (reader: Reader) => ServerEvent } = {
  1: decodeWelcome,
  2: decodeSubscribed,
  3: decodeRecords,
  4: (reader): CaughtUp => ({ kind: 'caughtUp', ...decodeNumbers(reader, 'document', 'offset') }),
  5: (reader): Stored => ({ kind: 'stored', ...decodeNumbers(reader, 'document', 'throughSequence', 'offset') }),
  6: decodePresence,
  7: decodeError,
  8: decodeGoingAway,
  9: decodePing,
  10: (reader): Cut => ({ kind: 'cut', ...decodeNumbers(reader, 'document', 'offset') }),
  11: decodePack,
  12: decodeSnapshot,
  13: decodeSnapshotChunk,
  14: (reader): SnapshotWanted => ({ kind: 'snapshotWanted', ...decodeNumbers(reader, 'document', 'leaseMs') }),
  15: decodeAttestationWanted,
  16: decodeSnapshotStored,
  17: (reader) => decodeHistory(reader, decodeRun),
};

function decodeEvent(reader: Reader): ServerEvent | null {
  let event: ServerEvent | null = null;
  fields(reader, (field) => {
    const decode = decoders[field];
    if (decode === undefined) return false;
    event = decode(reader.message()); // the last one of a oneof counts
    return true;
  });
  return event;
}

/** A message of plain numbers, its fields 1, 2, ... in the order of `names`. */
function decodeNumbers<Name extends string>(reader: Reader, ...names: Name[]): { [name in Name]: number } {
  const values = Object.fromEntries(names.map((name) => [name, 0])) as { [name in Name]: number };
  fields(reader, (field) => {
    const name = names[field - 1];
    if (name === undefined) return false;
    values[name] = reader.uint();
    return true;
  });
  return values;
}

function decodeWelcome(reader: Reader): Welcome {
  const event: Welcome = {
    kind: 'welcome',
    session: 0n,
    serverVersion: '',
    durability: '',
    heartbeatMs: 0,
    inFlightBytesMax: 0,
    payloadBytesMax: 0,
    frameBytesMax: 0,
    subscriptionsMax: 0,
    presenceBytesMax: 0,
    snapshotBytesMax: 0,
  };
  return readPlain(reader, event, [
    ['session', 'uint64'],
    ['serverVersion', 'string'],
    ['durability', 'string'],
    ['heartbeatMs', 'uint'],
    ['inFlightBytesMax', 'uint'],
    ['payloadBytesMax', 'uint'],
    ['frameBytesMax', 'uint'],
    ['subscriptionsMax', 'uint'],
    ['presenceBytesMax', 'uint'],
    ['snapshotBytesMax', 'uint'],
  ]);
}

function decodeSubscribed(reader: Reader): Subscribed {
  const event: Subscribed = {
    kind: 'subscribed',
    request: 0,
    document: 0,
    epoch: 0n,
    head: 0,
    lastSequence: 0,
    lostHistory: false,
    presence: [],
  };
  fields(reader, (field) => {
    if (field === 1) event.request = reader.uint();
    else if (field === 2) event.document = reader.uint();
    else if (field === 3) event.epoch = reader.fixed64();
    else if (field === 4) event.head = reader.uint();
    else if (field === 5) event.lastSequence = reader.uint();
    else if (field === 6) event.lostHistory = reader.bool();
    else if (field === 7) event.presence.push(decodePresence(reader.message()));
    else return false;
    return true;
  });
  return event;
}

function decodeRecords(reader: Reader): Records {
  const event: Records = { kind: 'records', document: 0, records: [] };
  fields(reader, (field) => {
    if (field === 1) event.document = reader.uint();
    else if (field === 2) decodeRun(reader.message(), event.records);
    else return false;
    return true;
  });
  return event;
}

function decodeRun(reader: Reader, into: WireRecord[]): void {
  let producer: Uint8Array = none;
  let sequence = 0;
  let offset = 0;
  let time = 0;
  let stub = false;
  const offsetGaps: number[] = [];
  const timeGaps: number[] = [];
  const deltas: Delta[] = [];
  fields(reader, (field) => {
    if (field === 1) producer = reader.bytes();
    else if (field === 2) sequence = reader.uint();
    else if (field === 3) offset = reader.uint();
    else if (field === 4) time = reader.uint();
    else if (field === 5) reader.uints(offsetGaps);
    else if (field === 6) reader.uints(timeGaps);
    else if (field === 7) deltas.push(decodeDelta(reader.message()));
    else if (field === 8) stub = reader.bool();
    else return false;
    return true;
  });
  checkProducer(producer);
  if (deltas.length === 0 || sequence === 0 || offset === 0)
    throw new ProtocolError('a run has no records, or begins at sequence or offset 0');
  for (const gaps of [offsetGaps, timeGaps])
    if (gaps.length !== 0 && gaps.length !== deltas.length - 1)
      throw new ProtocolError(`a run of ${deltas.length} records has ${gaps.length} gaps`);
  deltas.forEach(({ codec, payload }, i) => {
    if (i > 0) {
      offset += 1 + (offsetGaps[i - 1] ?? 0);
      time += timeGaps[i - 1] ?? 0;
    }
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(sequence + i) || !Number.isSafeInteger(time))
      throw new ProtocolError('a number is larger than 2^53-1');
    into.push({ offset, producer, sequence: sequence + i, time, codec, payload: stub ? null : payload });
  });
}

function decodeDelta(reader: Reader): Delta {
  const delta: Delta = { codec: 0, payload: none };
  readPlain(reader, delta, [
    ['codec', 'uint'],
    ['payload', 'bytes'],
  ]);
  return delta;
}

function decodePresence(reader: Reader): PresenceUpdate {
  const event: PresenceUpdate = { kind: 'presence', document: 0, key: none, producer: none, data: none, gone: false };
  readPlain(reader, event, [
    ['document', 'uint'],
    ['key', 'bytes'],
    ['producer', 'bytes'],
    ['data', 'bytes'],
    ['gone', 'bool'],
  ]);
  checkProducer(event.producer);
  return event;
}

function checkProducer(producer: Uint8Array): void {
  if (producer.length !== 16) throw new ProtocolError(`a producer id has ${producer.length} bytes; it must have 16`);
}

function decodeError(reader: Reader): ErrorEvent {
  const event: ErrorEvent = {
    kind: 'error',
    code: 0,
    message: '',
    request: 0,
    document: 0,
    retryAfterMs: 0,
    expectedSequence: 0,
    throughSequence: 0,
    reason: 0,
  };
  readPlain(reader, event, [
    ['code', 'uint'],
    ['message', 'string'],
    ['request', 'uint'],
    ['document', 'uint'],
    ['retryAfterMs', 'uint'],
    ['expectedSequence', 'uint'],
    ['throughSequence', 'uint'],
    ['reason', 'uint'],
  ]);
  // What a newer relay adds is met as the plainest of its kind.
  if (event.code > Code.unauthenticated) event.code = Code.unknown;
  if (event.reason > Reason.snapshot) event.reason = Reason.unspecified;
  return event;
}

function decodeGoingAway(reader: Reader): GoingAway {
  const event: GoingAway = { kind: 'goingAway', reconnectAfterMs: 0, address: '', reason: '' };
  return readPlain(reader, event, [
    ['reconnectAfterMs', 'uint'],
    ['address', 'string'],
    ['reason', 'string'],
  ]);
}

function decodePack(reader: Reader): Pack {
  const event: Pack = { kind: 'pack', document: 0, data: none };
  return readPlain(reader, event, [
    ['document', 'uint'],
    ['data', 'bytes'],
  ]);
}

function decodePing(reader: Reader): Ping {
  const event: Ping = { kind: 'ping', nonce: 0n };
  fields(reader, (field) => {
    if (field !== 1) return false;
    event.nonce = reader.uint64();
    return true;
  });
  return event;
}
