import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromHex, toHex } from '../../src/bytes.js';
import { chainNext, chainStart, digest } from '../../src/chain.js';
import { ProtocolError } from '../../src/errors.js';
import { decodeServerFrame } from '../../src/wire/decode.js';
import { encodeClientEvent } from '../../src/wire/encode.js';
import type { ClientEvent } from '../../src/wire/events.js';
import { mulberry } from '../support/random.js';
import {
  fromVector,
  holdsTooLarge,
  readVectors,
  schema,
  type ChainVector,
  type FrameVector,
} from '../support/vectors.js';

const frames = readVectors<FrameVector>('frames.json');
const tolerated = readVectors<FrameVector>('tolerated.json');
const malformed = readVectors<FrameVector>('malformed.json');

interface AnyEvent {
  kind: string;
  document?: number;
  records?: unknown[];
}

/** Here a stub is a record without a payload, so that stubs and others may stay in one event: neighbours are joined. */
function joined(events: readonly AnyEvent[]): AnyEvent[] {
  const result: AnyEvent[] = [];
  for (const event of events) {
    const last = result.at(-1);
    if (event.kind === 'records' && last?.kind === 'records' && last.document === event.document)
      last.records?.push(...(event.records ?? []));
    else result.push(event);
  }
  return result;
}

function expected(events: FrameVector['events']): AnyEvent[] {
  return joined(
    events.map((event) => {
      const { stub, ...rest } = fromVector(event) as AnyEvent & { stub?: boolean };
      if (stub === true) rest.records = rest.records?.map((record) => ({ ...(record as object), payload: null })) ?? [];
      return rest;
    }),
  );
}

test('client events are encoded to the golden bytes', () => {
  let checked = 0;
  for (const { name, from, hex, events } of frames) {
    if (from !== 'client') continue;
    if (holdsTooLarge(events)) {
      assert.throws(() => events.map((event) => encodeClientEvent(fromVector(event) as ClientEvent)), RangeError, name);
      continue;
    }
    const encoded = events.map((event) => toHex(encodeClientEvent(fromVector(event) as ClientEvent))).join('');
    assert.equal(encoded, hex, name);
    checked++;
  }
  assert.ok(checked >= 8);
});

for (const [file, vectors] of Object.entries({ frames, tolerated })) {
  test(`server frames of ${file} are decoded to their events`, () => {
    let checked = 0;
    for (const { name, from, hex, events } of vectors) {
      if (from !== 'server') continue;
      if (holdsTooLarge(events)) {
        assert.throws(() => decodeServerFrame(fromHex(hex)), ProtocolError, name);
        continue;
      }
      assert.deepEqual(joined(decodeServerFrame(fromHex(hex))), expected(events), name);
      checked++;
    }
    assert.ok(checked > 0);
  });
}

test('malformed server frames are refused as a whole', () => {
  // Where the same bytes are malformed whoever sends them, the client's are tried as well.
  const ofServer = malformed.filter(({ from }) => from === 'server');
  assert.ok(ofServer.length > 0);
  for (const { name, hex } of ofServer) assert.throws(() => decodeServerFrame(fromHex(hex)), ProtocolError, name);
});

test('the chain follows the vectors', () => {
  for (const { space, document, start, records } of readVectors<ChainVector>('chain.json')) {
    let chain = chainStart(space, document);
    assert.equal(toHex(chain), start);
    for (const record of records) {
      const sequence = BigInt(record.sequence);
      const payloadDigest = digest(fromHex(record.payload));
      if (sequence <= BigInt(Number.MAX_SAFE_INTEGER)) {
        chain = chainNext(chain, fromHex(record.producer), Number(sequence), record.codec, payloadDigest);
        assert.equal(toHex(chain), record.chain);
      } else chain = fromHex(record.chain);
    }
  }
});

test("another implementation of protobuf reads what is written, from the project's own .proto", () => {
  const ClientFrame = schema().lookupType('weir.v1.ClientFrame');
  const events: ClientEvent[] = [
    {
      kind: 'publish',
      document: 2 ** 53 - 1,
      epoch: 2n ** 64n - 1n,
      firstSequence: 3,
      deltas: [
        { codec: 16, payload: Uint8Array.of(1, 2) },
        { codec: 0, payload: new Uint8Array(300) },
      ],
      base: true,
    },
    {
      kind: 'subscribe',
      request: 1,
      space: 'ä',
      document: '/',
      from: 1,
      cursor: { epoch: 5n, offset: 0, chain: new Uint8Array(0) },
      presence: true,
      snapshots: false,
      recreate: true,
    },
    { kind: 'pong', nonce: 2n ** 64n - 1n },
  ];
  const bytes = Buffer.concat(events.map(encodeClientEvent));
  const read = ClientFrame.toObject(ClientFrame.decode(bytes), { longs: String, bytes: String }) as {
    events: unknown[];
  };
  assert.deepEqual(read.events, [
    {
      publish: {
        document: '9007199254740991',
        epoch: '18446744073709551615',
        firstSequence: '3',
        deltas: [{ codec: 16, payload: 'AQI=' }, { payload: Buffer.alloc(300).toString('base64') }],
        base: true,
      },
    },
    {
      subscribe: {
        request: '1',
        space: 'ä',
        document: '/',
        from: 1,
        cursor: { epoch: '5' },
        presence: true,
        recreate: true,
      },
    },
    { pong: { nonce: '18446744073709551615' } },
  ]);
});

test('random server frames of another implementation are read as it means them', () => {
  const ServerFrame = schema().lookupType('weir.v1.ServerFrame');
  const random = mulberry(7);
  const number = (): number => Math.floor(random() * 2 ** Math.floor(random() * 53));
  const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
  for (let round = 0; round < 500; round++) {
    const stored = { document: number(), throughSequence: number(), offset: number() };
    const count = 1 + Math.floor(random() * 4);
    const gaps = Array.from({ length: count - 1 }, () => Math.floor(random() * 1000));
    const payloads = Array.from({ length: count }, () => bytes(Math.floor(random() * 200)));
    const run = {
      producer: bytes(16),
      firstSequence: 1 + round,
      firstOffset: 10,
      time: 5,
      offsetGaps: gaps,
      timeGaps: [],
      deltas: payloads.map((payload) => ({ codec: 0, payload })),
    };
    const frame = ServerFrame.encode(
      ServerFrame.fromObject({ events: [{ stored }, { records: { document: 4, runs: [run] } }] }),
    ).finish();
    let offset = 10;
    const records = payloads.map((payload, i) => {
      if (i > 0) offset += 1 + gaps[i - 1]!;
      return { offset, producer: run.producer, sequence: 1 + round + i, time: 5, codec: 0, payload };
    });
    assert.deepEqual(decodeServerFrame(new Uint8Array(frame)), [
      { kind: 'stored', ...stored },
      { kind: 'records', document: 4, records },
    ]);
  }
});

test('no bytes whatever make the reader do anything but answer or refuse', () => {
  const random = mulberry(99);
  const seeds = frames.map(({ hex }) => fromHex(hex)).filter((bytes) => bytes.length > 0);
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = seeds[Math.floor(random() * seeds.length)]!.slice();
    for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    const cut = random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
    try {
      decodeServerFrame(cut);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 1000);
});
