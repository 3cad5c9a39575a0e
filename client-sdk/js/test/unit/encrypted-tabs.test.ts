// Tabs that share a client, and a document that is encrypted: the tab with the connection seals and opens for all.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DocumentSession, SubscribeOptions } from '../../src/document.js';
import { UnsealedError } from '../../src/encryption.js';
import type { WeirError } from '../../src/errors.js';
import { WeirClient } from '../../src/client.js';
import { runtimeOf, sealed } from '../support/author.js';
import { bytes } from '../support/conversation.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';
import { FakeBrowser, type FakeTab } from '../support/tabs.js';

const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');
function stage(seed = 1) {
  const random = randomFrom(seed);
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const device = new Device(new Uint8Array(16).fill(0xd1), random);
  return { random, network, relay, device, browser: new FakeBrowser(device, network, random) };
}

interface Reader {
  tab: FakeTab;
  session: DocumentSession;
  records: string[];
  pending: string[];
  errors: WeirError[];
}

function open(tab: FakeTab, options: SubscribeOptions = { encryption: sealed() }): Reader {
  const session = tab.client.subscribe('d', options);
  const reader: Reader = { tab, session, records: [], pending: [], errors: [] };
  session.on('records', (all) => reader.records.push(...all.map(({ payload, own }) => (own ? 'own' : hex(payload)))));
  session.on('pending', (all) => reader.pending.push(...all.map(({ payload }) => hex(payload))));
  session.on('error', (error) => reader.errors.push(error));
  return reader;
}

/** What somebody else reads of it. */
async function readAll(network: FakeNetwork): Promise<string[]> {
  const client = new WeirClient({ url: 'ws://relay', space: 's', runtime: runtimeOf('f1'), webSocket: network.Socket });
  const session = client.subscribe('d', { encryption: sealed() });
  session.on('error', (error) => assert.fail(error));
  const read: string[] = [];
  session.on('records', (all) => read.push(...all.map(({ payload }) => hex(payload))));
  await session.whenCaughtUp();
  await client.close();
  return read;
}

test('one tab seals for all; the others see it at once, and a later tab what was in the store', async () => {
  const { browser, relay, device, network } = stage();
  const tabs = [browser.open(), browser.open(), browser.open()];
  const readers = tabs.map((tab) => open(tab));
  await Promise.all(readers.map(({ session }) => session.whenCaughtUp()));
  const writer = readers[2]!;
  const done = ['c0ffee01', 'c0ffee02', 'c0ffee03'].map((payload) => writer.session.publish(bytes(payload)));
  await writer.session.whenPersisted();
  await Promise.all(done);
  await quiet();
  assert.deepEqual(readers[0]!.pending, ['c0ffee01', 'c0ffee02', 'c0ffee03']);
  assert.deepEqual(readers[0]!.records, ['c0ffee01', 'c0ffee02', 'c0ffee03']);
  assert.ok(writer.records.every((record) => record === 'own'));
  const later = open(browser.open());
  await later.session.whenLoaded();
  assert.deepEqual(later.records, ['c0ffee01', 'c0ffee02', 'c0ffee03']);
  assert.deepEqual(await readAll(network), ['c0ffee01', 'c0ffee02', 'c0ffee03']);
  const kept = device.contents.load('s\0d');
  for (const payload of [...kept.records, ...kept.outbox].map((one) => hex(one.payload)).concat(relay.payloads('s', 'd').map(hex)))
    assert.ok(!payload.includes('c0ffee'));
  assert.deepEqual(readers.flatMap(({ errors }) => errors), []);
});

test('a leading tab without the keys sends nothing in plain, and says what to do; `guarding` gives them to it', async () => {
  for (const guarding of [undefined, () => ({ encryption: sealed() })]) {
    const { browser, relay } = stage();
    const leader = browser.open(guarding === undefined ? {} : { guarding });
    await quiet();
    assert.ok(leader.client.leads);
    const reader = open(browser.open());
    const published = reader.session.publish(bytes('c0ffee'));
    if (guarding === undefined) await assert.rejects(published, /not encrypted in each tab/);
    else await published;
    assert.ok(!relay.payloads('s', 'd').some((payload) => hex(payload).includes('c0ffee')));
    assert.equal(relay.payloads('s', 'd').length, guarding === undefined ? 0 : 1);
  }
});

test('a tab that would write in plain what another has encrypted does not open it', async () => {
  const { browser } = stage();
  const first = open(browser.open());
  await first.session.whenCaughtUp();
  const second = open(browser.open(), {});
  await assert.rejects(second.session.whenLoaded(), /not encrypted in each tab/);
  assert.deepEqual(first.errors, []);
});

test('errors keep their class from tab to tab', async () => {
  const { browser, network } = stage();
  const readers = [open(browser.open()), open(browser.open())];
  await Promise.all(readers.map(({ session }) => session.whenCaughtUp()));
  const plain = new WeirClient({ url: 'ws://relay', space: 's', runtime: runtimeOf('ee'), webSocket: network.Socket });
  await plain.subscribe('d').publish(bytes('ff'));
  await quiet();
  for (const { errors } of readers) assert.ok(errors[0] instanceof UnsealedError);
  await plain.close();
});

for (let seed = 1; seed <= 20; seed++)
  test(`tabs come, write and die: each persisted delta once, in each tab’s order (seed ${seed})`, async () => {
    const { random, network, relay, device, browser } = stage(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const guarding = (): SubscribeOptions => ({ encryption: sealed() });
    let readers: (Reader & { name: string; given: number })[] = [];
    const persisted = new Set<string>();
    let names = 0;
    const join = (): void => {
      const name = (++names).toString(16).padStart(2, '0');
      readers.push(Object.assign(open(browser.open({ guarding })), { name, given: 0 }));
    };
    join();
    for (let step = 0; step < 40; step++) {
      const one = readers[below(readers.length)]!;
      const chance = random();
      if (chance < 0.6) {
        const payload = one.name + (++one.given).toString(16).padStart(4, '0');
        void one.session.publish(bytes(payload)).catch(() => undefined);
        const through = one.given;
        void one.session.whenPersisted().then(
          () => {
            for (let i = 1; i <= through; i++) persisted.add(one.name + i.toString(16).padStart(4, '0'));
          },
          () => undefined,
        );
      } else if (chance < 0.7 && readers.length < 5) join();
      else if (chance < 0.78 && readers.length > 1) {
        readers = readers.filter((reader) => reader !== one);
        one.tab.kill();
      } else if (chance < 0.85) relay.down();
      if (random() < 0.4) relay.up = true;
      await quiet(below(6));
    }
    relay.up = true;
    for (const { tab } of readers) await tab.runtime.advance(60_000);
    await Promise.all(readers.map(({ session }) => session.whenStored()));
    await quiet();
    const there = await readAll(network);
    assert.equal(new Set(there).size, there.length, 'nothing is there twice');
    for (const payload of persisted) assert.ok(there.includes(payload), `${payload} was persisted`);
    for (const name of new Set(there.map((payload) => payload.slice(0, 2)))) {
      const numbers = there.filter((payload) => payload.startsWith(name));
      assert.deepEqual(numbers, [...numbers].sort(), 'in its order');
    }
    assert.deepEqual(readers.flatMap(({ errors }) => errors), []);
    assert.ok(device.contents.load('s\0d').records.every(({ codec }) => codec === 2));
  });
