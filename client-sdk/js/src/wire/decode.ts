// A ServerFrame's bytes to events. Unknown events and fields are skipped: a newer server serves this client.

import { Code, ProtocolError, Reason } from '../errors.js';
import {
  decodeAttestationWanted,
  decodeSnapshot,
  decodeSnapshotChunk,
  decodeSnapshotStored,
  historyDecoder,
} from './decode-snapshots.js';
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
import { fields, listOf, message } from './fields.js';
import { Reader } from './reader.js';

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

// ---- records ----

const decodeDelta = message<Delta>({}, { codec: 'uint', payload: 'bytes' });

/** Records of one producer, one behind the other. */
interface Run {
  producer: Uint8Array;
  sequence: number;
  offset: number;
  time: number;
  offsetGaps: number[];
  timeGaps: number[];
  deltas: Delta[];
  stub: boolean;
}
const uints = (reader: Reader, into: number[]): void => reader.uints(into);
const decodeRun = message<Run>(
  {},
  {
    producer: 'bytes',
    sequence: 'uint',
    offset: 'uint',
    time: 'uint',
    offsetGaps: uints,
    timeGaps: uints,
    deltas: listOf(decodeDelta),
    stub: 'bool',
  },
);

function readRun(reader: Reader, into: WireRecord[]): void {
  const { producer, sequence, offsetGaps, timeGaps, deltas, stub, ...first } = decodeRun(reader.message());
  checkProducer(producer);
  if (deltas.length === 0 || sequence === 0 || first.offset === 0)
    throw new ProtocolError('a run has no records, or begins at sequence or offset 0');
  for (const gaps of [offsetGaps, timeGaps])
    if (gaps.length !== 0 && gaps.length !== deltas.length - 1)
      throw new ProtocolError(`a run of ${deltas.length} records has ${gaps.length} gaps`);
  let { offset, time } = first;
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

function checkProducer(producer: Uint8Array): void {
  if (producer.length !== 16) throw new ProtocolError(`a producer id has ${producer.length} bytes; it must have 16`);
}

// ---- presence, errors ----

const readPresence = message<PresenceUpdate>(
  { kind: 'presence' },
  { document: 'uint', key: 'bytes', producer: 'bytes', data: 'bytes', gone: 'bool' },
);

function decodePresence(reader: Reader): PresenceUpdate {
  const event = readPresence(reader);
  checkProducer(event.producer);
  return event;
}

const readError = message<ErrorEvent>(
  { kind: 'error' },
  {
    code: 'uint',
    message: 'string',
    request: 'uint',
    document: 'uint',
    retryAfterMs: 'uint',
    expectedSequence: 'uint',
    throughSequence: 'uint',
    reason: 'uint',
  },
);

function decodeError(reader: Reader): ErrorEvent {
  const event = readError(reader);
  // What a newer relay adds is met as the plainest of its kind.
  if (event.code > Code.unauthenticated) event.code = Code.unknown;
  if (event.reason > Reason.snapshot) event.reason = Reason.unspecified;
  return event;
}

// ---- all of them, by the field that they have in an event ----

const decoders: { [field: number]: (reader: Reader) => ServerEvent } = {
  1: message<Welcome>(
    { kind: 'welcome' },
    {
      session: 'uint64',
      serverVersion: 'string',
      durability: 'string',
      heartbeatMs: 'uint',
      inFlightBytesMax: 'uint',
      payloadBytesMax: 'uint',
      frameBytesMax: 'uint',
      subscriptionsMax: 'uint',
      presenceBytesMax: 'uint',
      snapshotBytesMax: 'uint',
    },
  ),
  2: message<Subscribed>(
    { kind: 'subscribed' },
    {
      request: 'uint',
      document: 'uint',
      epoch: 'fixed64',
      head: 'uint',
      lastSequence: 'uint',
      lostHistory: 'bool',
      presence: listOf(decodePresence),
    },
  ),
  3: message<Records>({ kind: 'records' }, { document: 'uint', records: readRun }),
  4: message<CaughtUp>({ kind: 'caughtUp' }, { document: 'uint', offset: 'uint' }),
  5: message<Stored>({ kind: 'stored' }, { document: 'uint', throughSequence: 'uint', offset: 'uint' }),
  6: decodePresence,
  7: decodeError,
  8: message<GoingAway>({ kind: 'goingAway' }, { reconnectAfterMs: 'uint', address: 'string', reason: 'string' }),
  9: message<Ping>({ kind: 'ping' }, { nonce: 'uint64' }),
  10: message<Cut>({ kind: 'cut' }, { document: 'uint', offset: 'uint' }),
  11: message<Omit<Pack, 'decoded'>>({ kind: 'pack' }, { document: 'uint', data: 'bytes' }),
  12: decodeSnapshot,
  13: decodeSnapshotChunk,
  14: message<SnapshotWanted>({ kind: 'snapshotWanted' }, { document: 'uint', leaseMs: 'uint' }),
  15: decodeAttestationWanted,
  16: decodeSnapshotStored,
  17: historyDecoder(readRun),
};
