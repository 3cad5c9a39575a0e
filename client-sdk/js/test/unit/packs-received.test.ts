// A client that takes packs: what it asks for, what it hands over, and what it does about a pack that is not right.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromHex, toHex } from '../../src/bytes.js';
import { BadPackError, type WeirError } from '../../src/errors.js';
import { inspectPack, packDecoder, unpack } from '../../src/pack.js';
import { answerSubscribe, caughtUp, epoch, handle, records, run, scene, welcome } from '../support/conversation.js';
import { readVectors } from '../support/vectors.js';
import type { WeirRecord } from '../../src/document.js';
import { settled } from '../support/settled.js';

const typing = readVectors<{ name: string; start: string; chain: string; hex: string }>('packs.json').find(
  ({ name }) => name === 'two authors',
);
assert.ok(typing);
const pack = fromHex(typing.hex);
const expected = unpack(pack).map(({ offset, producer, sequence, time, codec, payload }) => ({
  offset,
  producer,
  sequence,
  time,
  codec,
  payload,
}));
const { first, last } = inspectPack(pack);
const before = { epoch: BigInt(epoch), offset: first - 1, chain: fromHex(typing.start) };

async function catchingUp(from = before, producer = new Uint8Array(16).fill(9)) {
  const stage = scene({ packs: packDecoder, producer });
  const session = stage.client.subscribe('d', { from });
  const read: WeirRecord[] = [];
  const errors: WeirError[] = [];
  session.on('records', (some) => read.push(...some));
  session.on('error', (error) => errors.push(error));
  const hello = await welcome(stage.network);
  await answerSubscribe(stage.network.last, { head: last });
  return { ...stage, session, read, errors, hello };
}

test('it says that it can unpack, and hands over what was packed', async () => {
  const { hello, network, session, read, errors } = await catchingUp();
  assert.deepEqual(hello.packs, [1]);
  network.last.say({ pack: { document: handle, data: typing.hex } }, caughtUp(last));
  await settled();
  assert.deepEqual(
    read,
    expected.map((record) => ({ ...record, own: false })),
  );
  assert.equal(session.cursor?.offset, last);
  assert.equal(toHex(session.cursor?.chain ?? new Uint8Array()), typing.chain);
  assert.ok(session.caughtUp);
  const after = 'bb'.repeat(16);
  network.last.say(records(run(after, 1, last + 5, ['cc'])));
  await settled();
  assert.equal(read.length, expected.length + 1);
  assert.deepEqual(errors, []);
});

test('its own records in a pack are its own, and come with payload', async () => {
  const author = expected[0]?.producer ?? new Uint8Array();
  const { network, read } = await catchingUp(before, author.slice());
  network.last.say({ pack: { document: handle, data: typing.hex } });
  await settled();
  assert.equal(read.filter(({ own }) => own).length, expected.filter(({ producer }) => toHex(producer) === toHex(author)).length);
  assert.ok(read.every(({ payload }) => payload !== null));
});

for (const [what, data, from] of [
  ['a damaged pack', typing.hex.slice(0, -2) + (typing.hex.endsWith('00') ? '01' : '00'), before],
  ['bytes that are none', 'ff00', before],
  ['the pack of another history', typing.hex, { ...before, chain: new Uint8Array(32).fill(1) }],
] as const)
  test(`${what} is refused as a whole, and the records are fetched without packs`, async () => {
    const { network, runtime, read, errors } = await catchingUp(from);
    network.last.say({ pack: { document: handle, data } }, caughtUp(last));
    await settled();
    assert.deepEqual(read, []);
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof BadPackError);
    const connections = network.sockets.length;
    while (network.sockets.length === connections) await runtime.advance(100);
    const hello = await welcome(network);
    assert.deepEqual(hello.packs, []);
    const subscribe = await answerSubscribe(network.last, { head: last });
    assert.equal((subscribe.cursor as { offset: number }).offset, first - 1);
    network.last.say(records(run('bb'.repeat(16), 1, first, ['cc'])));
    await settled();
    assert.equal(read.length, 1);
    assert.equal(errors.length, 1);
  });

test('without a decoder no pack is asked for', async () => {
  const { client, network } = scene();
  client.subscribe('d');
  assert.deepEqual((await welcome(network)).packs, []);
});
