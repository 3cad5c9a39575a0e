// Devices with a store on disk are killed again and again in the middle of their work, and so is the relay. Whatever a device
// was told is in its store is in the log exactly once, in order, under one producer; and each store holds what the log holds.
//
// WEIR_KILLS says how often, WEIR_SEED repeats what chance decided here (not what the operating system did).
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { DeviceProcess } from './device-process.mjs';
import { exportedRecords } from './exported.mjs';
import { startRelay } from './relay.mjs';
import { openStore } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { until } from './until.mjs';

const kills = Number(process.env.WEIR_KILLS ?? 20);
const seed = Number(process.env.WEIR_SEED ?? Math.floor(Math.random() * 2 ** 32));
const random = randomFrom(seed);
const below = (bound) => Math.floor(random() * bound);

let relay;
let folder;
const devices = [];
before(async () => {
  relay = await startRelay();
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-devices-'));
});
after(async () => {
  await Promise.all(devices.map((device) => device.kill()));
  await relay.end();
  await rm(folder, { recursive: true, force: true });
});

function makeDevice(name) {
  const device = new DeviceProcess('device.mjs', path.join(folder, name), [relay.url, 'plan']);
  devices.push(device);
  return device;
}

test(`devices and their relay, killed ${kills} times (WEIR_SEED=${seed})`, async () => {
  const all = [makeDevice('a'), makeDevice('b')];
  all.forEach((device) => device.start(1_000_000));
  for (let i = 0; i < kills; i++) {
    const device = all[below(all.length)];
    const enough = device.persisted + 1 + below(150);
    await until('enough is persisted', () => device.persisted >= enough);
    const relayToo = random() < 0.4;
    if (relayToo) await relay.kill();
    if (random() < 0.8) {
      await device.kill();
      device.start(1_000_000);
    }
    if (relayToo) await relay.start();
  }
  await Promise.all(all.map((device) => device.kill()));
  all.forEach((device) => device.start(10));
  await until('everything is stored', () => all.every(({ over }) => over));

  const log = await exportedRecords(relay, 'devices', 'plan');
  console.log(`${kills} kills, ${log.length} deltas in the log (seed ${seed})`);
  const producers = new Set(log.map(({ producer }) => producer));
  assert.equal(producers.size, all.length);
  for (const device of all) {
    assert.deepEqual(device.complaints, []);
    const own = log.filter(({ payload }) => payload[0] === device.name.charCodeAt(0));
    const numbers = own.map(({ payload }) => payload.readUInt32LE(1));
    assert.deepEqual(
      numbers,
      Array.from({ length: own.length }, (_, i) => i + 1),
      `${device.name}: each once, in order`,
    );
    assert.ok(own.length >= device.persisted && own.length >= device.stored, `${device.name}: nothing is missing`);
    assert.deepEqual(
      own.map(({ sequence }) => sequence),
      numbers,
    );
    assert.ok(own.every(({ payload }) => payload.subarray(5).every((byte) => byte === payload.readUInt32LE(1) % 256)));
  }
  for (const { folder: where, name } of all) {
    const store = await openStore(where);
    const { state, records, outbox } = await store.load('devices\0plan');
    await store.close();
    // What was read last may be the other's last deltas, published after this one had caught up.
    const kept = [...(state?.pieces ?? []), ...records.map(({ payload }) => payload)].map((payload) =>
      Buffer.from(payload).toString('hex'),
    );
    assert.deepEqual(
      kept,
      log.slice(0, kept.length).map(({ payload }) => payload.toString('hex')),
      `${name}: the store holds the log`,
    );
    assert.ok(outbox.length === 0 || kept.length < log.length);
  }
});
