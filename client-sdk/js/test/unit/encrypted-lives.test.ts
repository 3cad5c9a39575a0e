// An encrypted document on a device that dies again and again, at moments that chance picks: each persisted delta arrives once
// and in order, whatever was gathered with what; and neither the device nor the relay ever has one that is not sealed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import type { WeirClientOptions } from '../../src/client-options.js';
import type { DocumentSession } from '../../src/document.js';
import { cipherFor, runtimeOf, sealed } from '../support/author.js';
import { bytes } from '../support/conversation.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

const producer = bytes('d1'.repeat(16));
/** What no sealed byte is likely to hold: it would show if it were anywhere in plain. */
const mark = 'plaintext in the clear ';
const deltaOf = (number: number): Uint8Array => new TextEncoder().encode(mark + number);
const numberOf = (payload: Uint8Array): number => Number(new TextDecoder().decode(payload).slice(mark.length));

/** All that a client hands over until it has everything, own ones too: it is a reader without a store. */
async function readAll(network: FakeNetwork, from: string): Promise<number[]> {
  const reader = new WeirClient({ url: 'ws://relay', space: 's', runtime: runtimeOf(from), webSocket: network.Socket });
  const session = reader.subscribe('d', { encryption: sealed() });
  session.on('error', (error) => assert.fail(error));
  const read: number[] = [];
  session.on('records', (all) => read.push(...all.map(({ payload }) => numberOf(payload!))));
  await session.whenCaughtUp();
  await reader.close();
  return read;
}

function nothingInPlain(device: Device, relay: FakeRelay): void {
  const holds = (payload: Uint8Array): boolean => Buffer.from(payload).includes(mark.slice(0, 9));
  const { outbox, records, state } = device.contents.load('s\0d');
  for (const { payload, codec } of [...outbox, ...records]) assert.ok(codec === 2 && !holds(payload), 'the store has only what is sealed');
  for (const record of records) assert.ok(!('opened' in record));
  assert.ok(!(state?.pieces ?? []).some(holds));
  for (const payload of relay.payloads('s', 'd')) assert.ok(!holds(payload), 'the relay has only what is sealed');
}

/** Numbers in the outbox of the store, by what is sealed there. */
async function waiting(device: Device): Promise<number[]> {
  const numbers: number[] = [];
  for (const { payload } of device.contents.load('s\0d').outbox) {
    const sequence = Number(new DataView(payload.buffer, payload.byteOffset + 16).getBigUint64(0));
    const from = { producer: payload.subarray(0, 16), sequence, codec: 2, payload: payload.subarray(27) };
    const { deltas, error } = await cipherFor().openRecord(from);
    assert.equal(error, null);
    numbers.push(...deltas.map((delta) => numberOf(delta.payload)));
  }
  return numbers;
}

for (let seed = 1; seed <= 25; seed++)
  test(`a device that dies again and again (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const network = new FakeNetwork();
    const relay = new FakeRelay(network);
    const device = new Device(producer, random);
    const options: Partial<WeirClientOptions> = { webSocket: network.Socket, backoffFirstMs: 10 };
    let persisted = 0;
    let published = 0;
    const open = (runtime: FakeRuntime): { client: WeirClient; session: DocumentSession } => {
      const client = new WeirClient({ url: 'ws://relay', space: 's', runtime, store: device.open(), ...options });
      client.on('producer-changed', (_, cause) => assert.fail(cause));
      const session = client.subscribe('d', { encryption: sealed() });
      session.on('error', (error) => assert.fail(error));
      return { client, session };
    };
    for (let life = 0; life < 5; life++) {
      const runtime = new FakeRuntime();
      const { client, session } = open(runtime);
      for (let step = below(30); step > 0; step--) {
        for (let burst = 1 + below(4); burst > 0; burst--) void session.publish(deltaOf(++published)).catch(() => undefined);
        const mine = published;
        void session.whenPersisted().then(
          () => (persisted = Math.max(persisted, mine)),
          () => undefined,
        );
        if (random() < 0.1) relay.down();
        if (random() < 0.3) relay.up = true;
        await quiet(below(8));
        if (random() < 0.2) await runtime.advance(50);
      }
      device.crash();
      client.disconnect();
      await quiet(5);
      nothingInPlain(device, relay);
      relay.up = true;
      // What was not persisted may be gone; what the store or the relay has is what counts from here on.
      published = Math.max(persisted, ...(await waiting(device)), ...(await readAll(network, 'f1')));
    }
    const { client, session } = open(new FakeRuntime());
    const seen: number[] = [];
    session.on('records', (all) => seen.push(...all.flatMap(({ payload }) => (payload === null ? [] : [numberOf(payload)]))));
    await session.whenCaughtUp();
    await session.whenStored();
    await quiet();
    const there = await readAll(network, 'f2');
    assert.deepEqual(there, Array.from({ length: there.length }, (_, i) => i + 1));
    assert.ok(there.length >= persisted, `${there.length} arrived of ${persisted}`);
    assert.equal(new Set(seen).size, seen.length, 'nothing is handed over twice');
    assert.equal(session.pendingCount, 0);
    nothingInPlain(device, relay);
    await client.close();
  });
