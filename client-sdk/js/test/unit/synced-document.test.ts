// Documents of every kind that there is an adapter for, over a relay in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import { encryption } from '../../src/encryption.js';
import { Code, OutboxFullError, PayloadTooLargeError, type WeirError } from '../../src/errors.js';
import type { SyncedDocument, SyncedOptions } from '../../src/synced-document.js';
import { key } from '../support/author.js';
import { kinds, type Copy, type Kind } from '../support/kinds.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { mulberry } from '../support/random.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';
import { FakeBrowser } from '../support/tabs.js';

interface Joined {
  copy: Copy;
  synced: SyncedDocument<any>;
  errors: WeirError[];
}

interface Joining extends SyncedOptions {
  copy?: Copy;
  device?: Device;
  connect?: boolean;
  outboxBytesMax?: number;
}

function stage(kind: Kind) {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const runtime = new FakeRuntime();
  const all: Joined[] = [];
  const join = ({ copy = kind.copy(), device, connect, outboxBytesMax, ...options }: Joining = {}): Joined => {
    const client = new WeirClient({
      url: 'ws://relay',
      space: 's',
      webSocket: network.Socket,
      runtime,
      backoffFirstMs: 10,
      connect: connect ?? true,
      ...(device === undefined ? {} : { store: device.open() }),
      ...(outboxBytesMax === undefined ? {} : { outboxBytesMax }),
    });
    const synced = copy.sync(client, 'd', options);
    const errors: WeirError[] = [];
    synced.on('error', (error) => errors.push(error));
    all.push({ copy, synced, errors });
    return all.at(-1)!;
  };
  const leave = (): void => {
    for (const { synced } of all) {
      synced.destroy();
      void synced.client.close();
    }
  };
  return { relay, runtime, join, leave };
}

const told = (joined: Joined): unknown[] => [joined.errors.map(({ message }) => message), joined.synced.pendingCount, joined.synced.saved];

for (const kind of kinds) {
  test(`${kind.name}: two converge, saved follows the durable ack, each shows itself to the other`, async () => {
    const { join, leave } = stage(kind);
    const [a, b] = [join(), join()];
    const saved: boolean[] = [];
    a.synced.on('saved', (now) => saved.push(now));
    a.copy.write('hello');
    assert.equal(a.synced.saved, false);
    await Promise.all([a.synced.whenSynced(), b.synced.whenSynced(), a.synced.whenSaved()]);
    b.copy.write('world');
    a.synced.setPresence({ name: 'Ada', at: [1, 2] });
    await b.synced.whenSaved();
    await quiet();
    assert.deepEqual(a.copy.words(), ['hello', 'world']);
    assert.deepEqual(b.copy.seen(), a.copy.seen());
    assert.deepEqual(saved, [false, true]);
    assert.deepEqual([...b.synced.others.values()], [{ name: 'Ada', at: [1, 2] }]);
    assert.equal(a.synced.others.size, 0);
    a.synced.setPresence(null);
    await quiet();
    assert.equal(b.synced.others.size, 0);
    leave();
  });

  test(`${kind.name}: edits made without a relay, and content from before, arrive on both sides and once`, async () => {
    const { join, leave, relay, runtime } = stage(kind);
    const before = kind.copy();
    before.write('from elsewhere');
    const [a, b] = [join({ copy: before }), join()];
    assert.equal(a.synced.saved, false);
    await Promise.all([a.synced.whenSaved(), b.synced.whenSynced()]);
    await quiet();
    assert.equal(relay.payloads('s', 'd').length, 1);
    relay.down();
    assert.equal(a.synced.synced, false);
    a.copy.write('a');
    b.copy.write('b');
    await runtime.advance(100);
    relay.up = true;
    await runtime.advance(1000);
    await Promise.all([a.synced.whenSynced(), b.synced.whenSynced(), a.synced.whenSaved(), b.synced.whenSaved()]);
    await quiet();
    assert.deepEqual(a.copy.seen(), b.copy.seen());
    assert.deepEqual(a.copy.words(), ['a', 'b', 'from elsewhere']);
    const again = join({ copy: a.copy });
    await again.synced.whenSaved();
    assert.equal(relay.payloads('s', 'd').length, 3);
    leave();
  });

  test(`${kind.name}: encrypted, the relay sees nothing of it, and snapshots are made and verified all the same`, async () => {
    const { join, leave, relay } = stage(kind);
    const options = { encryption: encryption({ id: 1, key }) };
    const [a, b] = [join(options), join(options)];
    a.copy.write('a secret');
    a.synced.setPresence({ name: 'a secret' });
    await Promise.all([a.synced.whenSaved(), b.synced.whenSynced()]);
    await quiet();
    assert.deepEqual(b.copy.seen(), a.copy.seen());
    assert.deepEqual([...b.synced.others.values()], [{ name: 'a secret' }]);
    relay.wantSnapshot('s', 'd', 0);
    await quiet();
    relay.wantAttestation('s', 'd', 1);
    await quiet();
    assert.deepEqual(relay.attested('s', 'd'), [true]);
    const c = join(options);
    await c.synced.whenSynced();
    assert.deepEqual(c.copy.seen(), a.copy.seen());
    for (const bytes of [...relay.payloads('s', 'd'), relay.snapshotOf('s', 'd')!.bytes]) assert.ok(!bytes.includes('secret'));
    assert.deepEqual([...a.errors, ...b.errors, ...c.errors], []);
    leave();
  });

  test(`${kind.name}: what was written offline outlives one process after the other`, async () => {
    const { join, leave, relay } = stage(kind);
    const device = new Device(new Uint8Array(16).fill(7));
    for (const word of ['one', 'two']) {
      const { copy, synced } = join({ device, connect: false });
      await synced.whenLoaded();
      copy.write(word);
      await synced.whenPersisted();
      device.crash();
    }
    const third = join({ device });
    await third.synced.whenLoaded();
    assert.deepEqual(third.copy.words(), ['one', 'two']);
    await third.synced.whenSaved();
    await third.synced.whenSynced();
    assert.equal(relay.payloads('s', 'd').length, 2);
    assert.deepEqual(told(third), [[], 0, true]);
    leave();
  });

  test(`${kind.name}: content from elsewhere and edits upon it outlive a process that never saw the relay, and go up once`, async () => {
    const { join, leave, relay } = stage(kind);
    const device = new Device(new Uint8Array(16).fill(9));
    const copy = kind.copy();
    copy.write('from elsewhere');
    const first = join({ device, connect: false, copy });
    copy.write('before the store was read');
    await first.synced.whenLoaded();
    copy.write('and after');
    await first.synced.whenPersisted();
    const { pendingCount } = first.synced;
    device.crash();
    const second = join({ device, connect: false, copy });
    await second.synced.whenLoaded();
    assert.equal(second.synced.pendingCount, pendingCount);
    copy.write('again');
    await second.synced.whenPersisted();
    device.crash();
    const third = join({ device });
    await third.synced.whenSaved();
    assert.deepEqual(third.copy.seen(), copy.seen());
    assert.equal(relay.payloads('s', 'd').length, pendingCount + 1);
    leave();
  });

  test(`${kind.name}: opens without the relay with what it read, compacted; and gives it back to a relay that lost everything`, async () => {
    const { join, leave, relay } = stage(kind);
    const device = new Device(new Uint8Array(16).fill(8));
    const author = join();
    const reader = join({ device });
    await reader.synced.whenSynced();
    for (let i = 0; i < 600; i++) author.copy.write(`word ${i}`);
    await author.synced.whenSaved();
    await quiet(200);
    const kept = device.contents.load('s\0d');
    assert.ok(kept.state !== null && kept.records.length < 300, `${kept.records.length}`);
    device.crash();
    relay.loseEverything();
    const later = join({ device });
    await later.synced.whenLoaded();
    assert.deepEqual(later.copy.seen(), author.copy.seen());
    relay.up = true;
    const another = join({ device: undefined });
    await another.synced.whenSynced();
    assert.deepEqual(another.copy.words(), []);
    device.crash();
    const back = join({ device });
    await back.synced.whenSynced();
    await back.synced.whenSaved();
    await quiet(60);
    assert.deepEqual(another.copy.seen(), author.copy.seen());
    assert.deepEqual(back.errors, []);
    leave();
  });

  test(`${kind.name}: a snapshot is made when asked, verified by another, and read by a newcomer`, async () => {
    const { join, leave, relay } = stage(kind);
    const [a, b] = [join(), join()];
    await quiet();
    const random = mulberry(4);
    for (let i = 0; i < 40; i++) a.copy.edit((count) => Math.floor(random() * count));
    await a.synced.whenSaved();
    relay.wantSnapshot('s', 'd', 0);
    await quiet();
    const { offset } = relay.snapshotOf('s', 'd')!;
    assert.equal(offset, relay.payloads('s', 'd').length);
    b.copy.write('later');
    a.copy.write('and later');
    await quiet();
    relay.wantAttestation('s', 'd', 1);
    await quiet(100);
    assert.deepEqual(relay.attested('s', 'd'), [true]);
    const c = join();
    const read: number[] = [];
    c.synced.session.on('records', (records) => read.push(...records.map((record) => record.offset)));
    await quiet(60);
    assert.deepEqual(c.copy.seen(), a.copy.seen());
    assert.deepEqual(read, [offset + 1, offset + 2]);
    assert.ok(c.synced.saved);
    c.copy.write('c');
    await quiet();
    assert.deepEqual(a.copy.seen(), c.copy.seen());
    leave();
  });

  test(`${kind.name}: another's snapshot is called bad, one that cannot be read is reported and not taken, nor a record`, async () => {
    const { join, leave, relay } = stage(kind);
    const a = join();
    const other = kind.copy();
    other.write('never published');
    await quiet();
    a.copy.write('published');
    await quiet();
    const [part] = other.crdt().state() as Uint8Array[];
    relay.setSnapshot('s', 'd', { offset: 1, bytes: Buffer.from(part!) });
    relay.wantAttestation('s', 'd', 0);
    await quiet();
    assert.deepEqual(relay.attested('s', 'd'), [false]);
    relay.setSnapshot('s', 'd', { offset: 1, bytes: Buffer.from([255, 255, 255]) });
    const b = join();
    await quiet();
    assert.deepEqual(b.copy.words(), ['published']);
    assert.deepEqual(b.errors.map(({ name }) => name), ['BadSnapshotError']);
    assert.deepEqual(relay.attested('s', 'd'), [false, false]);
    await b.synced.session.publish(Uint8Array.of(255, 255));
    await quiet();
    a.copy.write('after it');
    await quiet();
    assert.deepEqual(b.copy.seen(), a.copy.seen());
    assert.deepEqual(a.errors.map(({ name }) => name), ['UnreadableRecordError']);
    leave();
  });

  test(`${kind.name}: what finds no room, or is too large, is told, and goes up when it can`, async () => {
    const { join, leave, relay, runtime } = stage(kind);
    const a = join({ connect: false, outboxBytesMax: 300 });
    for (let i = 0; i < 40; i++) a.copy.write(`word ${i}, and a little more`);
    await quiet();
    assert.ok(a.synced.pendingCount >= 40 || kind.name === 'Loro');
    assert.ok(a.errors.length > 0 && a.errors.every((error) => error instanceof OutboxFullError));
    a.synced.client.connect();
    await runtime.advance(100);
    for (let i = 0; i < 40; i++) await quiet();
    assert.equal(a.synced.pendingCount, 0);
    const b = join();
    await quiet(100);
    assert.deepEqual(b.copy.seen(), a.copy.seen());

    relay.payloadBytesMax = 600;
    const c = join();
    await c.synced.whenSynced();
    c.copy.write(Array.from({ length: 900 }, (_, i) => String.fromCharCode(97 + ((i * i * 7) % 26))).join(''));
    await quiet();
    if (c.errors.length > 0) {
      assert.ok(c.errors[0] instanceof PayloadTooLargeError && c.errors[0].code === Code.invalidArgument);
      assert.equal(c.synced.saved, false);
      await assert.rejects(c.synced.whenSaved(), PayloadTooLargeError); // that was told, not only that there is something
      relay.payloadBytesMax = 10_000;
      c.synced.client.disconnect();
      c.synced.client.connect();
      await c.synced.whenSynced();
    }
    await c.synced.whenSaved();
    await quiet(60);
    assert.deepEqual(c.copy.seen(), a.copy.seen());
    leave();
  });
}

for (const kind of kinds)
  test(`${kind.name}: tabs that share a client, and one that leads next`, async () => {
    const network = new FakeNetwork();
    const relay = new FakeRelay(network);
    const browser = new FakeBrowser(new Device(new Uint8Array(16).fill(5), randomFrom(1)), network, randomFrom(1));
    const tabs = [0, 1, 2].map(() => {
      const tab = browser.open();
      const copy = kind.copy();
      return { tab, copy, synced: copy.sync(tab.client, 'd') };
    });
    await Promise.all(tabs.map(({ synced }) => synced.whenSynced()));
    relay.down();
    tabs[1]!.copy.write('without a relay');
    await quiet();
    assert.deepEqual(tabs[2]!.copy.words(), ['without a relay']);
    await tabs[1]!.synced.whenPersisted();
    const leader = tabs.find(({ tab }) => tab.client.leads)!;
    leader.tab.kill();
    await quiet();
    relay.up = true;
    const left = tabs.filter((one) => one !== leader);
    left[0]!.copy.write('and after');
    for (const { tab } of left) await tab.runtime.advance(60_000);
    await Promise.all(left.map(({ synced }) => synced.whenSaved()));
    await quiet();
    assert.deepEqual(left[0]!.copy.seen(), left[1]!.copy.seen());
    assert.deepEqual(left[1]!.copy.words(), ['and after', 'without a relay']);
    for (const { synced, tab } of left) {
      synced.destroy();
      await tab.client.close();
    }
  });
