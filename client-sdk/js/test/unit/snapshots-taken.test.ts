// A subscription that begins with snapshots: what is asked for, what is handed over, and what is done about bad ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decompress } from 'fzstd';

import { fromHex, toHex } from '../../src/bytes.js';
import { chainNext, digest } from '../../src/chain.js';
import type { SubscribeOptions } from '../../src/document.js';
import { BadSnapshotError, type WeirError } from '../../src/errors.js';
import { inspectPack, packDecoder } from '../../src/pack.js';
import { inflate } from '../../src/pack/inflate.js';
import { MemoryStore } from '../../src/store/memory.js';
import type { WeirSnapshot } from '../../src/snapshots.js';
import type { WeirClientOptions } from '../../src/client-options.js';
import { answerSubscribe, bytes, caughtUp, handle, records, run, scene, welcome } from '../support/conversation.js';
import { type Event, type Fields } from '../support/network.js';
import { settled } from '../support/settled.js';
import { readVectors } from '../support/vectors.js';
import { zstdFrame } from '../support/zstd.js';

const other = 'bb'.repeat(16);
const chain = 'c1'.repeat(32);

function header(content: Uint8Array, more: Fields = {}): Event {
  const { length: size } = content;
  return { snapshot: { document: handle, offset: 400, hash: toHex(digest(content)), size, chain, ...more } };
}

function chunk(data: Uint8Array, more: Fields = {}): Event {
  return { snapshotChunk: { document: handle, data: toHex(data), ...more } };
}

/** Plain, in pieces of this size. */
function chunks(content: Uint8Array, size: number): Event[] {
  const result: Event[] = [];
  for (let position = 0; position < content.length; position += size)
    result.push(
      chunk(content.subarray(position, position + size), { position, last: position + size >= content.length }),
    );
  return result;
}

async function opening(options: SubscribeOptions = { snapshots: true }, ofClient: Partial<WeirClientOptions> = {}) {
  const stage = scene({ packs: packDecoder, ...ofClient });
  const session = stage.client.subscribe('d', options);
  const happened: [string, unknown][] = [];
  const errors: WeirError[] = [];
  session.on('snapshot', (snapshot) => happened.push(['snapshot', snapshot]));
  session.on('records', (some) => happened.push(['records', some.map(({ offset }) => offset)]));
  session.on('caught-up', () => happened.push(['caught-up', session.cursor?.offset]));
  session.on('cut', (offset) => happened.push(['cut', offset]));
  session.on('error', (error) => errors.push(error));
  await welcome(stage.network);
  const subscribe = await answerSubscribe(stage.network.last, { head: 500 });
  const snapshots = (): WeirSnapshot[] =>
    happened.flatMap(([what, about]) => (what === 'snapshot' ? [about as WeirSnapshot] : []));
  return { ...stage, session, happened, snapshots, errors, subscribe };
}

test('it is handed over before the records after it, and the chain goes on from it', async () => {
  const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  const { network, session, happened, snapshots, subscribe, errors } = await opening();
  assert.equal(subscribe.snapshots, true);
  const after = records(run(other, 7, 401, ['aa']));
  network.last.say(header(content, { codec: 16, fidelity: 1, verified: true, time: 99 }), ...chunks(content, 300));
  network.last.say(after, caughtUp(500));
  await settled();
  assert.deepEqual(
    happened.map(([what]) => what),
    ['snapshot', 'records', 'caught-up'],
  );
  const { bytes: taken, hash, ...rest } = snapshots()[0]!;
  assert.deepEqual(Buffer.from(taken), Buffer.from(content));
  assert.deepEqual(hash, digest(content));
  assert.deepEqual(rest, { offset: 400, base: 0, codec: 16, fidelity: 'lossless', verified: true, time: 99 });
  const expected = chainNext(bytes(chain), bytes(other), 7, 0, digest(bytes('aa')));
  assert.deepEqual(session.cursor, { epoch: 7n, offset: 401, chain: expected });
  assert.deepEqual(errors, []);
});

test('chunks may come compressed, and an empty snapshot is one', async () => {
  const content = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251);
  const { network, snapshots, errors } = await opening();
  const [first, second] = [content.subarray(0, 4000), content.subarray(4000)];
  network.last.say(header(content));
  network.last.say(chunk(zstdFrame(first), { unpackedSize: 4000 }), chunk(second, { position: 4000, last: true }));
  await settled();
  assert.deepEqual(Buffer.from(snapshots()[0]!.bytes), Buffer.from(content));
  const nothing = new Uint8Array(0);
  network.last.say(header(nothing, { offset: 401 }), chunk(nothing, { last: true }));
  await settled();
  assert.equal(snapshots()[1]!.bytes.length, 0);
  assert.deepEqual(errors, []);
});

test('layers come from the bottom up, and the cursor follows', async () => {
  const [low, high] = [bytes('0a0b'), bytes('0c')];
  const { network, session, snapshots, errors } = await opening();
  network.last.say(header(low, { offset: 250, chain: '25'.repeat(32) }), ...chunks(low, 10));
  await settled();
  assert.equal(session.cursor?.offset, 250);
  network.last.say(header(high, { offset: 400, base: 250 }), ...chunks(high, 10));
  await settled();
  assert.deepEqual(
    snapshots().map(({ offset, base }) => [offset, base]),
    [
      [250, 0],
      [400, 250],
    ],
  );
  assert.equal(toHex(session.cursor!.chain), chain);
  assert.deepEqual(errors, []);
});

test('who has read what a layer lies on is sent the layer alone', async () => {
  const from = { epoch: 7n, offset: 300, chain: bytes('30'.repeat(32)) };
  const { network, session, snapshots, errors } = await opening({ snapshots: true, from });
  network.last.say(header(bytes('0c'), { offset: 400, base: 250 }), ...chunks(bytes('0c'), 10));
  await settled();
  assert.equal(snapshots().length, 1);
  assert.equal(session.cursor?.offset, 400);
  assert.deepEqual(errors, []);
});

const content = bytes('0102030405060708');
const bad: { [what: string]: Event[] } = {
  'other bytes': [header(content), chunk(bytes('0102030405060709'), { last: true })],
  'too few bytes': [header(content), chunk(content.subarray(0, 7), { last: true })],
  'too many bytes': [header(content, { size: 7 }), chunk(content, { last: true })],
  'a chunk twice': [header(content), chunk(content.subarray(0, 4)), chunk(content.subarray(0, 4))],
  'a chunk left out': [header(content), chunk(content.subarray(4), { position: 4, last: true })],
  'an empty chunk': [header(content), chunk(bytes(''))],
  'a chunk of nothing': [chunk(content, { last: true })],
  'another that begins in it': [header(content), header(content)],
  'records in it': [header(content), records(run(other, 1, 401, ['aa']))],
  'its end missing': [header(content), caughtUp(500)],
  'a cut in it': [header(content), { cut: { document: handle, offset: 300 } }],
  'a base that was not sent': [header(content, { base: 100 })],
  'a size that nobody has': [header(content, { size: 2 ** 40 })],
  'compressed rubbish': [header(content), chunk(content, { unpackedSize: 8, last: true })],
  'more claimed than announced': [header(content), chunk(zstdFrame(content), { unpackedSize: 9, last: true })],
  'a frame with less in it': [header(content), chunk(zstdFrame(content.subarray(1)), { unpackedSize: 8, last: true })],
  'a bomb': [
    header(content),
    chunk(zstdFrame({ byte: 0, count: 1 << 28 }, 8), { unpackedSize: 8, last: true }),
  ],
  'a bomb that announces itself': [
    header(content, { size: 1 << 28 }),
    chunk(zstdFrame({ byte: 0, count: 1 << 28 }), { unpackedSize: 1 << 28, last: true }),
  ],
};

for (const [what, events] of Object.entries(bad))
  test(`${what}: nothing of it is taken, and the records are asked for`, async () => {
    const { network, session, happened, errors } = await opening();
    network.last.say(...events);
    await settled();
    assert.deepEqual(happened, []);
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof BadSnapshotError, String(errors[0]));
    assert.equal(session.cursor?.offset, 0);
    const [unsubscribe, subscribe, ...more] = network.last.take();
    assert.deepEqual(unsubscribe, { unsubscribe: { document: handle } });
    assert.equal(subscribe?.subscribe?.snapshots, false);
    assert.equal(subscribe?.subscribe?.from, 0);
    assert.deepEqual(more, []);
    network.last.say(...chunks(content, 3), caughtUp(500)); // still of the old subscription
    const { request } = subscribe.subscribe;
    network.last.say({ subscribed: { request, document: handle, epoch: 7, head: 1, lastSequence: 0 } });
    network.last.say(records(run(other, 1, 1, ['aa'])), caughtUp(1));
    await settled();
    assert.deepEqual(happened, [
      ['records', [1]],
      ['caught-up', 1],
    ]);
    assert.equal(errors.length, 1);
  });

test('one that was not asked for is refused; compressed chunks without a decoder too', async () => {
  const plain = await opening({});
  assert.equal(plain.subscribe.snapshots, false);
  plain.network.last.say(header(content), ...chunks(content, 8));
  await settled();
  assert.ok(plain.errors[0] instanceof BadSnapshotError);
  const { client, network } = scene();
  const errors: WeirError[] = [];
  client.subscribe('d', { snapshots: true }).on('error', (error) => errors.push(error));
  await welcome(network);
  await answerSubscribe(network.last);
  network.last.say(header(content), chunk(zstdFrame(content), { unpackedSize: 8, last: true }));
  await settled();
  assert.ok(errors[0] instanceof BadSnapshotError);
});

for (const [throws, reported] of [
  [new Error('not for me'), false],
  [new BadSnapshotError('not a document', { code: 15 }), true],
] as const)
  test(`an application that cannot take it gets the records${reported ? ', and the relay hears of it' : ''}`, async () => {
    const { network, session, happened, errors } = await opening({
      snapshots: () => {
        throw throws;
      },
    });
    network.last.say(header(content), ...chunks(content, 8));
    await settled();
    assert.deepEqual(happened, []);
    assert.ok(errors[0] instanceof BadSnapshotError);
    assert.equal(session.cursor?.offset, 0);
    const sent = network.last.take();
    const attests = sent.filter(({ attest }) => attest !== undefined);
    assert.deepEqual(
      attests,
      reported ? [{ attest: { document: handle, offset: 400, hash: toHex(digest(content)), valid: false } }] : [],
    );
    assert.equal(sent.at(-1)?.subscribe?.snapshots, false);
  });

test('behind a cut it subscribes again, once, and is sent what stands for the records', async () => {
  const { network, session, happened, errors } = await opening();
  network.last.say(records(run(other, 1, 1, ['aa'])), { cut: { document: handle, offset: 300 } });
  await settled();
  assert.deepEqual(
    network.last.take().map((event) => Object.keys(event)[0]),
    ['unsubscribe', 'subscribe'],
  );
  const again = network.sockets.at(-1)!;
  const cursor = session.cursor;
  assert.equal(cursor?.offset, 1);
  again.say({ subscribed: { request: 2, document: handle, epoch: 7, head: 500, lastSequence: 0 } });
  again.say(header(content), ...chunks(content, 8), caughtUp(500));
  await settled();
  assert.deepEqual(
    happened.map(([what]) => what),
    ['records', 'snapshot', 'caught-up'],
  );
  again.say({ cut: { document: handle, offset: 350 } }); // of what it has read: nothing is missing
  await settled();
  assert.deepEqual(network.last.take(), []);
  assert.equal(session.cursor?.offset, 400);
  assert.deepEqual(errors, []);
});

test('a relay that has nothing in place of what it cut is believed', async () => {
  const { network, session, happened } = await opening();
  const cut: Event = { cut: { document: handle, offset: 300 } };
  network.last.say(cut);
  await settled();
  network.last.take();
  network.last.say({ subscribed: { request: 2, document: handle, epoch: 7, head: 500, lastSequence: 0 } });
  network.last.say(cut, records(run(other, 9, 301, ['aa'])));
  await settled();
  assert.deepEqual(network.last.take(), []);
  assert.deepEqual(happened, [
    ['cut', 300],
    ['records', [301]],
  ]);
  assert.equal(session.cursor, null);
});

test('what was read from a snapshot is kept in the store, and read from there the next time', async () => {
  const store = new MemoryStore();
  const first = await opening({ snapshots: true }, { store });
  first.network.last.say(header(content), ...chunks(content, 8), records(run(other, 1, 401, ['aa'])), caughtUp(401));
  await settled();
  await first.session.whenPersisted();
  const cursor = first.session.cursor;
  await first.client.close();
  const second = await opening({ snapshots: true }, { store });
  assert.deepEqual(second.session.cursor, cursor);
  assert.equal((second.subscribe.cursor as Fields).offset, 401);
  assert.deepEqual(
    second.happened.map(([what]) => what),
    ['snapshot', 'records'],
  );
  const { bytes: kept, offset, base } = second.snapshots()[0]!;
  assert.deepEqual([toHex(kept), offset, base], [toHex(content), 400, 0]);
});

test('a zstd frame is unpacked to its size, and anything else is refused', () => {
  const plain = Uint8Array.from({ length: 300_000 }, (_, i) => (i >> 3) % 256);
  const frame = zstdFrame(plain);
  assert.deepEqual(Buffer.from(inflate(frame, plain.length)), Buffer.from(plain));
  const repeated = inflate(zstdFrame({ byte: 7, count: 200_000 }), 200_000);
  assert.ok(repeated.every((byte) => byte === 7));
  for (const damaged of [frame.slice(0, -1), frame.slice(1), new Uint8Array(Buffer.concat([frame, Buffer.of(0)])), new Uint8Array(0)])
    assert.throws(() => inflate(damaged, plain.length));
  assert.throws(() => inflate(zstdFrame({ byte: 0, count: 10 }), 1 << 30));
  const vector = readVectors<{ name: string; hex: string }>('packs.json').find(({ name }) => name === 'two authors');
  const pack = fromHex(vector!.hex);
  const body = pack.subarray(inspectPack(pack).headerBytes); // compressed in earnest
  const content = decompress(body);
  assert.deepEqual(Buffer.from(inflate(body, content.length)), Buffer.from(content));
});
