// What was sealed as it was written, one by one, and is gathered again before it is sent; or cut, for a relay that takes less.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import { encryption } from '../../src/encryption.js';
import type { WeirError } from '../../src/errors.js';
import type { DocumentSession } from '../../src/document.js';
import type { WeirStore } from '../../src/store/store.js';
import { WeirProvider } from '../../src/yjs.js';
import * as Y from 'yjs';
import { key, runtimeOf, sealed } from '../support/author.js';
import { bytes } from '../support/conversation.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork, type FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet, settled } from '../support/settled.js';

const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');

function stage() {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const device = new Device(bytes('d1'.repeat(16)));
  const errors: WeirError[] = [];
  const join = (store?: WeirStore): { client: WeirClient; session: DocumentSession; runtime: FakeRuntime } => {
    const runtime = runtimeOf(store === undefined ? 'a1' : 'd1');
    const kept = store === undefined ? {} : { store };
    const client = new WeirClient({ url: 'ws://relay', space: 's', runtime, webSocket: network.Socket, backoffFirstMs: 10, ...kept });
    client.on('error', (error) => errors.push(error)).on('producer-changed', (_, cause) => errors.push(cause));
    const session = client.subscribe('d', { encryption: sealed() });
    session.on('error', (error) => errors.push(error));
    return { client, session, runtime };
  };
  const read = async (): Promise<string[]> => {
    const client = new WeirClient({ url: 'ws://relay', space: 's', runtime: runtimeOf('f1'), webSocket: network.Socket });
    const session = client.subscribe('d', { encryption: sealed() });
    session.on('error', (error) => errors.push(error));
    const all: string[] = [];
    session.on('records', (records) => all.push(...records.map(({ payload }) => hex(payload))));
    await session.whenCaughtUp();
    await client.close();
    return all;
  };
  return { network, relay, device, errors, join, read };
}

const payloads = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => (from + i).toString(16).padStart(8, '0'));

async function writeEach(session: DocumentSession, all: string[]): Promise<Promise<unknown>[]> {
  const done: Promise<unknown>[] = [];
  for (const payload of all) {
    done.push(session.publish(bytes(payload)));
    await settled(); // sealed, alone
  }
  return done;
}

for (const kept of [true, false])
  test(`written offline one by one, ${kept ? 'with' : 'without'} a store: few records, each delta answered, in order`, async () => {
    const { relay, device, errors, join, read } = stage();
    const { session, runtime, client } = join(kept ? device.open() : undefined);
    await session.whenCaughtUp();
    const first = await writeEach(session, payloads(2));
    await Promise.all(first);
    relay.down();
    const done = await writeEach(session, payloads(600, 2));
    assert.equal(session.pendingCount, 600);
    if (kept) assert.ok(device.contents.load('s\0d').outbox.length >= 600);
    relay.up = true;
    await runtime.advance(1000);
    await Promise.all(done);
    await quiet();
    assert.equal(session.pendingCount, 0);
    assert.equal(relay.payloads('s', 'd').length, 2 + 2);
    assert.deepEqual(await read(), payloads(602));
    if (kept) assert.deepEqual(device.contents.load('s\0d').outbox, []);
    void session.publish(bytes('ff'));
    await session.whenStored();
    assert.deepEqual(errors, []);
    await client.close();
  });

test('a provider with a store, typed into offline: merged like what is typed into one that has none', async () => {
  const { network, relay, device } = stage();
  relay.up = false;
  const runtime = runtimeOf('d1');
  const client = new WeirClient({ url: 'ws://relay', space: 's', runtime, webSocket: network.Socket, backoffFirstMs: 10, store: device.open() });
  const doc = new Y.Doc();
  const provider = new WeirProvider('', 's', 'd', doc, { client, encryption: encryption({ id: 1, key }), awareness: null });
  await provider.whenLoaded();
  for (let i = 0; i < 512; i++) {
    doc.getText('text').insert(i, 'x');
    await settled();
  }
  relay.up = true;
  await runtime.advance(1000);
  await provider.whenSaved();
  const all = relay.payloads('s', 'd');
  assert.equal(all.length, 1);
  assert.ok(all[0]!.length <= 512, `${all[0]!.length} bytes for 512 keystrokes`);
  await provider.destroy();
  await client.close();
});

test('a relay that takes less than was sealed together: it is cut, also what an earlier life has left', async () => {
  for (const life of ['the same life', 'the next']) {
    const { relay, device, errors, join, read } = stage();
    relay.up = false;
    relay.payloadBytesMax = 2000;
    const noise = Array.from({ length: 40 }, () => hex(crypto.getRandomValues(new Uint8Array(500))));
    let { session, runtime, client } = join(device.open());
    await session.whenLoaded();
    for (const payload of noise) void session.publish(bytes(payload)).catch(() => undefined);
    await session.whenPersisted();
    assert.equal(device.contents.load('s\0d').outbox.length, 1, 'sealed together');
    if (life === 'the next') {
      device.crash();
      client.disconnect();
      ({ session, runtime, client } = join(device.open()));
      await session.whenLoaded();
      assert.equal(session.pendingCount, 40);
    }
    relay.up = true;
    await runtime.advance(1000);
    await session.whenStored();
    await quiet();
    assert.ok(relay.payloads('s', 'd').length >= 14, life);
    assert.deepEqual(await read(), noise);
    assert.deepEqual(errors, []);
    await client.close();
  }
});

for (let seed = 1; seed <= 15; seed++)
  test(`the device dies, or loses the connection, while it gathers (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const { relay, errors, join, read, ...rest } = stage();
    const device = new Device(rest.device.contents.producer!, random);
    let written = 0;
    let { session, runtime, client } = join(device.open());
    for (let round = 0; round < 6; round++) {
      relay.down();
      await session.whenLoaded();
      const more = payloads(1 + Math.floor(random() * 30), written);
      await writeEach(session, more);
      await session.whenPersisted();
      written += more.length;
      relay.up = true;
      await runtime.advance(1000);
      for (let turns = Math.floor(random() * 30); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      if (random() < 0.5) continue;
      device.crash();
      client.disconnect();
      ({ session, runtime, client } = join(device.open()));
    }
    relay.up = true;
    await runtime.advance(1000);
    await session.whenStored();
    assert.deepEqual(await read(), payloads(written));
    assert.deepEqual(errors, []);
    await client.close();
  });
