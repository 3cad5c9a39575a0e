// A device whose client dies again and again, at moments that chance picks, and whose relay goes and comes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import type { WeirClientOptions } from '../../src/client-options.js';
import { bytes } from '../support/conversation.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

const producer = bytes('d1'.repeat(16));
const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');

for (let seed = 1; seed <= 40; seed++)
  test(`a device that dies again and again: each persisted delta once, in order (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const network = new FakeNetwork();
    const relay = new FakeRelay(network);
    const device = new Device(producer, random);
    const options: Partial<WeirClientOptions> = { webSocket: network.Socket, backoffFirstMs: 10 };
    const persisted: string[] = [];
    let published = 0;
    for (let life = 0; life < 6; life++) {
      const runtime = new FakeRuntime();
      const client = new WeirClient({ url: 'ws://relay', space: 's', runtime, store: device.open(), ...options });
      client.on('producer-changed', (_, cause) => assert.fail(cause));
      const session = client.subscribe('d');
      for (let step = below(40); step > 0; step--) {
        const payload = (++published).toString(16).padStart(4, '0');
        void session.publish(bytes(payload)).catch(() => undefined);
        const mine = published;
        void session.whenPersisted().then(
          () => {
            while (persisted.length < mine) persisted.push((persisted.length + 1).toString(16).padStart(4, '0'));
          },
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
      // What was not persisted may be gone; what the store has is what counts from here on.
      published = Math.max(persisted.length, Number.parseInt(newest(device, relay), 16));
    }
    relay.up = true;
    const client = new WeirClient({
      url: 'ws://relay',
      space: 's',
      runtime: new FakeRuntime(),
      store: device.open(),
      ...options,
    });
    const session = client.subscribe('d');
    const seen: string[] = [];
    session.on('records', (all) =>
      seen.push(...all.map(({ payload }) => hex(payload)).filter((payload) => payload !== '')),
    );
    await session.whenCaughtUp();
    await session.whenStored();
    await quiet();
    const there = relay.payloads('s', 'd').map((payload) => payload.toString('hex'));
    assert.deepEqual(
      there,
      Array.from({ length: there.length }, (_, i) => (i + 1).toString(16).padStart(4, '0')),
    );
    assert.ok(there.length >= persisted.length, `${there.length} arrived of ${persisted.length}`);
    const kept = device.contents.load('s\0d').records.map(({ payload }) => hex(payload));
    assert.deepEqual(kept, there);
    assert.equal(new Set(seen).size, seen.length, 'nothing is handed over twice');
    await client.close();
  });

/** The last delta that this device's store or the relay has. */
function newest(device: Device, relay: FakeRelay): string {
  const waiting = device.contents.load('s\0d').outbox.map(({ payload }) => hex(payload));
  const there = relay.payloads('s', 'd').map((payload) => payload.toString('hex'));
  return [...waiting, ...there, '0000'].sort().at(-1)!;
}
