// Encrypted documents between clients and a relay that is honest: what is gathered, numbered anew, kept, shown and compared.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import type { DocumentSession, SubscribeOptions, WeirRecord } from '../../src/document.js';
import { encryption, TamperedError, UnsealedError } from '../../src/encryption.js';
import { BadSnapshotError, CodecError, PayloadTooLargeError, type WeirError } from '../../src/errors.js';
import { snapshotter, type SnapshotState } from '../../src/snapshotter.js';
import type { WeirStore } from '../../src/store/store.js';
import { cipherFor, key, runtimeOf, sealed } from '../support/author.js';
import { answerSubscribe, bytes, handle, scene, welcome } from '../support/conversation.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork, type FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet, settled } from '../support/settled.js';

const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');
function stage() {
  const network = new FakeNetwork();
  return { network, relay: new FakeRelay(network) };
}

interface Peer {
  client: WeirClient;
  session: DocumentSession;
  runtime: FakeRuntime;
  read: string[];
  errors: WeirError[];
}

function join(network: FakeNetwork, name: string, options: SubscribeOptions = {}, store?: WeirStore): Peer {
  const runtime = runtimeOf(name);
  const kept = store === undefined ? {} : { store };
  const client = new WeirClient({ url: 'ws://relay', space: 's', runtime, webSocket: network.Socket, backoffFirstMs: 10, ...kept });
  const session = client.subscribe('d', { encryption: sealed(), ...options });
  const peer: Peer = { client, session, runtime, read: [], errors: [] };
  session.on('records', (all) => peer.read.push(...all.map(({ payload }) => hex(payload))));
  session.on('error', (error) => peer.errors.push(error));
  return peer;
}

// ---- publishing ----

test('deltas that wait are sealed together, and each is answered', async () => {
  const { network, relay } = stage();
  const ada = join(network, 'a1');
  const bob = join(network, 'b1');
  await Promise.all([ada.session.whenCaughtUp(), bob.session.whenCaughtUp()]);
  const payloads = Array.from({ length: 600 }, (_, i) => i.toString(16).padStart(4, '0'));
  const done = payloads.map((payload) => ada.session.publish(bytes(payload)));
  assert.equal(ada.session.pendingCount, 600);
  const results = await Promise.all(done);
  await quiet();
  assert.equal(ada.session.pendingCount, 0);
  assert.deepEqual(bob.read, payloads);
  assert.deepEqual([...new Set(results.map(({ offset }) => offset))], [1, 2], 'two records');
  assert.equal(relay.payloads('s', 'd').length, 2);
  assert.ok(relay.payloads('s', 'd')[0]!.length < 2000, 'and smaller than what is in it');
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('what is typed while there is no relay goes in as few records as may be', async () => {
  const { network, relay } = stage();
  relay.up = false;
  const ada = join(network, 'a1');
  for (let i = 0; i < 100; i++) {
    void ada.session.publish(Uint8Array.of(i));
    await settled();
  }
  assert.equal(ada.session.pendingCount, 100);
  relay.up = true;
  await ada.runtime.advance(100);
  await ada.session.whenStored();
  assert.equal(relay.payloads('s', 'd').length, 1);
});

test('a delta larger than 256 KiB goes alone, one larger than the relay takes not at all', async () => {
  const { network, relay } = stage();
  const ada = join(network, 'a1');
  const bob = join(network, 'b1');
  await ada.session.whenCaughtUp();
  const large = crypto.getRandomValues(new Uint8Array(65_000));
  for (let i = 0; i < 5; i++) void ada.session.publish(large);
  void ada.session.publish(new Uint8Array(300_000));
  await assert.rejects(ada.session.publish(new Uint8Array(relay.payloadBytesMax)), PayloadTooLargeError);
  await ada.session.whenStored();
  await quiet();
  assert.deepEqual(
    bob.read.map(({ length }) => length / 2),
    [...Array<number>(5).fill(65_000), 300_000],
  );
  assert.equal(relay.payloads('s', 'd').length, 3);
});

test('codec 2 is not the application’s', async () => {
  const { client } = scene({ connect: false });
  const plain = client.subscribe('plain');
  const encrypted = client.subscribe('encrypted', { encryption: sealed() });
  for (const session of [plain, encrypted]) await assert.rejects(session.publish(bytes('aa'), { codec: 2 }), CodecError);
});

test('the same bytes go again after the connection was lost', async () => {
  const opened = scene();
  const mine = opened.client.subscribe('d', { encryption: sealed() });
  await welcome(opened.network);
  await answerSubscribe(opened.network.last);
  void mine.publish(bytes('aa'));
  await quiet();
  const first = opened.network.last.takeOne('publish');
  opened.network.last.drop();
  await opened.runtime.advance(1000);
  await welcome(opened.network);
  await answerSubscribe(opened.network.last);
  await quiet();
  assert.deepEqual(opened.network.last.takeOne('publish'), first);
});

// ---- numbered anew ----

test('lost history: what waits is sealed anew behind the state, and readers see no gap', async () => {
  const { network, relay } = stage();
  const ada = join(network, 'a1', { state: () => bytes('5a5a') });
  for (const payload of ['01', '02', '03']) await ada.session.publish(bytes(payload));
  await quiet();
  relay.loseEverything();
  void ada.session.publish(bytes('04'));
  await quiet();
  relay.up = true;
  await ada.runtime.advance(100);
  await quiet();
  await ada.session.whenStored();
  void ada.session.publish(bytes('05'));
  await ada.session.whenStored();
  const bob = join(network, 'b1');
  await bob.session.whenCaughtUp();
  assert.deepEqual(bob.read, ['5a5a', '04', '05']);
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

for (let seed = 1; seed <= 15; seed++)
  test(`a device dies while the relay loses everything again and again (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const { network, relay } = stage();
    const device = new Device(bytes('d1'.repeat(16)), random);
    let published = 0;
    const persisted = new Set<string>();
    const known = new Set<string>();
    const live = (): Peer => {
      const state = (): Uint8Array[] => [...known].map((one) => bytes(one));
      const peer = join(network, '', { state }, device.open());
      peer.session.on('pending', (all) => all.forEach(({ payload }) => known.add(hex(payload))));
      peer.session.on('records', (all) => all.forEach(({ payload }) => payload !== null && known.add(hex(payload))));
      return peer;
    };
    for (let life = 0; life < 5; life++) {
      known.clear();
      const peer = live();
      await peer.session.whenLoaded();
      for (let step = below(20); step > 0; step--) {
        const payload = (++published).toString(16).padStart(4, '0');
        known.add(payload);
        void peer.session.publish(bytes(payload)).catch(() => undefined);
        void peer.session.whenPersisted().then(
          () => persisted.add(payload),
          () => undefined,
        );
        if (random() < 0.15) relay.loseEverything();
        if (random() < 0.4) relay.up = true;
        await quiet(below(6));
        if (random() < 0.3) await peer.runtime.advance(50);
      }
      device.crash();
      peer.client.disconnect();
      await quiet(5);
      assert.deepEqual(peer.errors, []);
    }
    known.clear();
    relay.up = true;
    const last = live();
    await last.session.whenCaughtUp();
    await quiet();
    await last.session.whenStored();
    const reader = join(network, 'f1');
    await reader.session.whenCaughtUp();
    for (const payload of persisted) assert.ok(reader.read.includes(payload), `${payload} was persisted, and is not there`);
    assert.deepEqual([...last.errors, ...reader.errors], []);
    await last.client.close();
  });

// ---- a store ----

test('a compacted document is sealed in the store, and comes back opened', async () => {
  const { network } = stage();
  const device = new Device(bytes('d1'.repeat(16)));
  const compact = (pieces: readonly Uint8Array[], records: readonly { payload: Uint8Array }[]): Uint8Array[] => [
    Buffer.concat([...pieces, ...records.map(({ payload }) => payload)]),
  ];
  const ada = join(network, 'a1');
  const bob = join(network, '', { compact }, device.open());
  await bob.session.whenCaughtUp();
  for (let i = 0; i < 600; i++) await ada.session.publish(bytes('c0ffee'));
  await ada.session.publish(bytes('beef'));
  while (device.contents.load('s\0d').state === null) await quiet(1);
  await quiet();
  const { state, records } = device.contents.load('s\0d');
  assert.ok(state !== null && state.through > 500);
  assert.ok(!hex(state.pieces[0]!).includes('c0ffee'));
  assert.equal(state.through + records.length, 601);
  device.crash();
  await bob.client.close();

  const again = join(network, '', { compact }, device.open());
  let text = '';
  again.session.on('state', (pieces) => (text += pieces.map(hex).join('')));
  await again.session.whenLoaded();
  assert.equal(text + again.read.join(''), 'c0ffee'.repeat(600) + 'beef');
});

test('a client that is closed while it compacts waits until that is sealed and stored', async () => {
  const { network } = stage();
  const device = new Device(bytes('d1'.repeat(16)));
  const ada = join(network, 'a1');
  await ada.session.whenCaughtUp();
  for (let i = 0; i < 600; i++) await ada.session.publish(bytes('c0ffee'));
  const begun = new Promise<WeirClient>((resolve) => {
    const compact = (): Uint8Array[] => (resolve(bob.client), [bytes('c0ffee')]);
    const bob = join(network, '', { compact }, device.open());
  });
  await (await begun).close();
  const { state } = device.contents.load('s\0d');
  assert.ok(state !== null && !hex(state.pieces[0]!).includes('c0ffee'));
});

test('a store whose key is not here ends the document, and keeps everything', async () => {
  const { network, relay } = stage();
  const device = new Device(bytes('d1'.repeat(16)));
  relay.up = false;
  const ada = join(network, '', {}, device.open());
  void ada.session.publish(bytes('aa')).catch(() => undefined);
  await ada.session.whenPersisted();
  device.crash();
  ada.client.disconnect();
  const stranger = join(network, '', { encryption: encryption({ id: 9, key: new Uint8Array(32) }) }, device.open());
  await assert.rejects(stranger.session.whenLoaded(), /under key 1/);
  await stranger.client.close();
  relay.up = true;
  const again = join(network, '', {}, device.open());
  await again.session.whenStored();
  assert.equal(relay.payloads('s', 'd').length, 1);
});

// ---- keys ----

test('a new key: what is written from then on is under it, and who has both reads all', async () => {
  const { network } = stage();
  const newer = new Uint8Array(32).fill(0x33);
  const keys = sealed();
  const ada = join(network, 'a1', { encryption: keys });
  await ada.session.publish(bytes('01'));
  keys.setKey(2, newer);
  await ada.session.publish(bytes('02'));
  const bob = join(network, 'b1', { encryption: encryption({ id: 2, key: newer, find: (id) => (id === 1 ? key : null) }) });
  const eve = join(network, 'e1');
  await bob.session.whenCaughtUp();
  await quiet();
  assert.deepEqual(bob.read, ['01', '02']);
  assert.deepEqual(eve.read, ['01']);
  assert.match(eve.errors[0]?.message ?? '', /under key 2/);
});

test('another key for an id that was used already: it is the one that is used', async () => {
  const { network } = stage();
  const keys = sealed();
  const ada = join(network, 'a1', { encryption: keys });
  await ada.session.publish(bytes('01'));
  const right = new Uint8Array(32).fill(0x44);
  keys.setKey(1, right);
  await ada.session.publish(bytes('02'));
  const bob = join(network, 'b1', { encryption: encryption({ id: 1, key: right }) });
  await bob.session.whenCaughtUp();
  await quiet();
  assert.deepEqual(bob.read, ['02']);
});

test('keys that are none are refused at once', () => {
  assert.throws(() => encryption({ id: 1, key: new Uint8Array(16) }), /32 bytes/);
  assert.throws(() => encryption({ id: -1, key }), /no key id/);
  assert.throws(() => encryption({ id: 1.5, key }), /no key id/);
});

// ---- presence ----

test('presence is sealed, and an old value is not shown again', async () => {
  const { network, client } = scene();
  const session = client.subscribe('d', { encryption: sealed(), presence: true });
  await welcome(network, { presenceBytesMax: 4096 });
  await answerSubscribe(network.last);
  session.setPresence(bytes('0abc0abc0abc0abc'));
  await quiet();
  const { data } = network.last.takeOne('presence');
  assert.ok(!String(data).includes('0abc0abc0abc0abc'));
  const opened = await cipherFor().openPresence(bytes(String(data)));
  assert.equal(hex(opened!.data), '0abc0abc0abc0abc');
  session.withdrawPresence();
  assert.equal(network.last.takeOne('presence').data, '');

  const ada = 'aa'.repeat(16);
  const cipher = cipherFor();
  const value = async (clock: number, shown: string, by = ada): Promise<string> => hex(await cipher.sealPresence(bytes(by), clock, bytes(shown)));
  const show = (data: string, producer = ada): void =>
    network.last.say({ presence: { document: handle, key: '01', producer, data } });
  const shown = (): string[] => [...session.presence.values()].map((one) => hex(one.data));
  const [first, second] = [await value(1, '01'), await value(2, '02')];
  show(first);
  await quiet();
  assert.deepEqual(shown(), ['01']);
  show(second);
  show(first);
  await quiet();
  assert.deepEqual(shown(), ['02'], 'the older one came again');
  show(await value(3, '03'), 'bb'.repeat(16));
  await quiet();
  assert.deepEqual(shown(), ['02'], 'of somebody else');
  show('ffff');
  await quiet();
  assert.deepEqual(shown(), [], 'what cannot be opened is nothing');
});

// ---- snapshots, history ----

function drawing(name: string, network: FakeNetwork, state: () => SnapshotState): Peer & { taken: string[]; attested: boolean[] } {
  const taken: string[] = [];
  const attested: boolean[] = [];
  const peer = join(network, name, {
    snapshots: ({ bytes: content, codec }) => void taken.push(`${codec} ${hex(content)}`),
    snapshotter: snapshotter({
      make: state,
      compare: (own, snapshot, records: readonly WeirRecord[]) => {
        const there = hex(snapshot.bytes) + records.map(({ payload }) => hex(payload)).join('');
        return there === hex(own.bytes) ? 'valid' : 'invalid';
      },
    }),
  });
  peer.session.on('attested', ({ valid }) => attested.push(valid));
  return Object.assign(peer, { taken, attested });
}

test('a snapshot is sealed; another compares what is in it, a newcomer takes it, and what is made up is refused', async () => {
  const { network, relay } = stage();
  const ada = drawing('a1', network, () => ({ bytes: bytes(ada.read.join('')), codec: 16 }));
  const bob = drawing('b1', network, () => ({ bytes: bytes(bob.read.join('')), codec: 16 }));
  const cyd = join(network, 'c1');
  await Promise.all([ada, bob, cyd].map(({ session }) => session.whenCaughtUp()));
  for (const payload of ['01', '02', '03']) await cyd.session.publish(bytes(payload));
  await quiet();
  relay.wantSnapshot('s', 'd', 0);
  await quiet();
  const made = relay.snapshotOf('s', 'd')!;
  assert.equal(made.codec, 2);
  assert.equal(made.offset, 3);
  assert.ok(!made.bytes.toString('hex').includes('010203'));
  await cyd.session.publish(bytes('04'));
  await quiet();
  relay.wantAttestation('s', 'd', 1);
  await quiet(60);
  assert.deepEqual(relay.attested('s', 'd'), [true]);

  const device = new Device(bytes('d1'.repeat(16)));
  const snapshots: string[] = [];
  const take = { snapshots: ({ bytes: content }: { bytes: Uint8Array }): void => void snapshots.push(hex(content)) };
  const newcomer = join(network, '', take, device.open());
  await newcomer.session.whenCaughtUp();
  assert.deepEqual(snapshots, ['010203']);
  assert.deepEqual(newcomer.read, ['04']);
  await newcomer.session.whenPersisted();
  assert.ok(!device.contents.load('s\0d').records.some(({ payload }) => hex(payload).includes('010203')));
  device.crash();
  newcomer.client.disconnect();
  const again = join(network, '', take, device.open());
  await again.session.whenLoaded();
  assert.deepEqual(snapshots, ['010203', '010203']);
  again.client.disconnect();

  // A relay that makes one up, and one that shows it in another place.
  for (const [forged, why] of [
    [{ offset: 3, codec: 0, bytes: Buffer.from('0102', 'hex') }, UnsealedError],
    [{ ...made, offset: 4 }, TamperedError],
  ] as const) {
    relay.setSnapshot('s', 'd', forged);
    const reader = drawing('e1', network, () => ({ bytes: bytes('') }));
    await reader.session.whenCaughtUp();
    await quiet();
    assert.deepEqual(reader.taken, []);
    assert.ok(reader.errors[0] instanceof BadSnapshotError);
    assert.ok(reader.errors[0].cause instanceof why);
    assert.deepEqual(reader.read, ['01', '02', '03', '04'], 'the records came in its place');
    await reader.client.close();
    relay.wantAttestation('s', 'd', 1);
    await quiet(60);
    assert.equal(relay.attested('s', 'd').at(-1), false);
  }
});

test('what was can be read with the key', async () => {
  const { network } = stage();
  const ada = join(network, 'a1');
  for (const payload of ['01', '02', '03']) await ada.session.publish(bytes(payload));
  const read: string[] = [];
  for await (const { records, refused } of ada.client.history('d', { encryption: sealed() })) {
    read.push(...records.map(({ payload }) => hex(payload)));
    assert.deepEqual(refused, []);
  }
  assert.deepEqual(read, ['01', '02', '03']);
});
