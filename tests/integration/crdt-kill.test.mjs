// Devices that keep an Automerge or a Loro document in a store are killed in the middle of their work, and so is the relay. Whatever a device
// was told is in its store is in the document, and no entry of a device is missing before one that is there.
//
// WEIR_KILLS says how often, WEIR_SEED repeats what chance decided here (not what the operating system did).
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { numbered } from './crdt-numbers.mjs';
import { DeviceProcess } from './device-process.mjs';
import { startRelay } from './relay.mjs';
import { WeirClient } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { until } from './until.mjs';

const kills = Number(process.env.WEIR_KILLS ?? 10);
const seed = Number(process.env.WEIR_SEED ?? Math.floor(Math.random() * 2 ** 32));
const random = randomFrom(seed);
const below = (bound) => Math.floor(random() * bound);

let relay;
let folder;
const devices = [];
before(async () => {
  relay = await startRelay();
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-crdt-devices-'));
});
after(async () => {
  await Promise.all(devices.map((device) => device.kill()));
  await relay.end();
  await rm(folder, { recursive: true, force: true });
});

function makeDevice(kind, name) {
  const device = new DeviceProcess('crdt-device.mjs', path.join(folder, kind, name), [relay.url, kind]);
  devices.push(device);
  return device;
}

for (const kind of Object.keys(numbered))
  test(`${kind}: two devices and their relay, killed ${kills} times (WEIR_SEED=${seed})`, async () => {
    const all = [makeDevice(kind, 'a'), makeDevice(kind, 'b')];
    all.forEach((device) => device.start(1_000_000));
    for (let i = 0; i < kills; i++) {
      const device = all[below(all.length)];
      const enough = device.persisted + 1 + below(100);
      await until('enough is persisted', () => device.persisted >= enough);
      const relayToo = random() < 0.4;
      if (relayToo) await relay.kill();
      await device.kill();
      device.start(1_000_000);
      if (relayToo) await relay.start();
    }
    await Promise.all(all.map((device) => device.kill()));
    all.forEach((device) => device.start(10));
    await until('everything is saved', () => all.every(({ over }) => over));

    const client = new WeirClient({ url: relay.url, space: 'killed', webSocket: WebSocket });
    const { synced, entries } = numbered[kind](client, kind);
    await synced.whenSynced();
    for (const { name, persisted, complaints } of all) {
      assert.deepEqual(complaints, []);
      const numbers = entries().filter(([entry]) => entry.startsWith(`${name}:`)).map(([, number]) => number).sort((x, y) => x - y);
      assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, i) => i + 1));
      assert.ok(numbers.length >= persisted, `${name}: ${numbers.length} entries, and ${persisted} were persisted`);
    }
    console.log(`${kind}: ${kills} kills, ${entries().length} entries (seed ${seed})`);
    synced.destroy();
    await client.close();
  });
