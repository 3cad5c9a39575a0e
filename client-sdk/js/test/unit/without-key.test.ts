// Encrypted documents in the hands of a client that was given no key: nothing that is written there may reach the relay.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import type { DocumentSession, SubscribeOptions } from '../../src/document.js';
import { UnknownKeyError } from '../../src/encryption.js';
import type { WeirError } from '../../src/errors.js';
import { snapshotter } from '../../src/snapshotter.js';
import type { WeirStore } from '../../src/store/store.js';
import { sealed } from '../support/author.js';
import { answerSubscribe, bytes, caughtUp, inShort, records, run, scene, welcome } from '../support/conversation.js';
import { kinds } from '../support/kinds.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet, settled } from '../support/settled.js';
import { FakeBrowser } from '../support/tabs.js';

const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');

interface Peer {
  client: WeirClient;
  session: DocumentSession;
  read: string[];
  errors: WeirError[];
}

function stage() {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const runtime = new FakeRuntime();
  const clientOf = (store?: WeirStore): WeirClient => {
    const kept = store === undefined ? {} : { store };
    return new WeirClient({ url: 'ws://relay', space: 's', runtime, webSocket: network.Socket, backoffFirstMs: 10, ...kept });
  };
  const join = (options: SubscribeOptions = {}, store?: WeirStore): Peer => {
    const client = clientOf(store);
    const session = client.subscribe('d', options);
    const peer: Peer = { client, session, read: [], errors: [] };
    session.on('records', (all) => peer.read.push(...all.map(({ codec, payload, own }) => (own ? 'own' : codec === 2 ? 'sealed' : hex(payload)))));
    session.on('error', (error) => peer.errors.push(error));
    return peer;
  };
  const inRelay = (): string => relay.payloads('s', 'd').map(hex).join(' ');
  return { network, relay, runtime, clientOf, join, inRelay };
}

const names = (errors: WeirError[]): string[] => errors.map(({ name }) => name);

/** Somebody with the key has written something. */
async function written(join: (options: SubscribeOptions) => Peer, payloads = ['aa']): Promise<Peer> {
  const ada = join({ encryption: sealed() });
  await ada.session.whenCaughtUp();
  for (const payload of payloads) await ada.session.publish(bytes(payload));
  return ada;
}

test('what is written without the key waits, is counted, and is never sent; nor is presence', async () => {
  const { join, inRelay, relay } = stage();
  const ada = await written(join);
  const shown: string[] = [];
  ada.session.on('presence', (changes) => shown.push(...changes.map(({ data }) => hex(data))));
  const stranger = join({ presence: true, snapshotter: snapshotter({ make: () => ({ bytes: bytes('c0ffeec0ffee') }), compare: () => 'valid' }) });
  await stranger.session.whenCaughtUp();
  assert.deepEqual(stranger.read, ['sealed']);
  assert.deepEqual(names(stranger.errors), ['UnknownKeyError']);
  assert.match(stranger.errors[0]!.message, /^s\/d: it is encrypted: give `encryption`/);
  await stranger.session.whenStored(); // nothing waits
  void stranger.session.publish(bytes('c0ffeec0ffee'));
  stranger.session.setPresence(bytes('c0ffeec0ffee'));
  await assert.rejects(stranger.session.whenStored(), UnknownKeyError);
  assert.equal(stranger.session.pendingCount, 1);
  relay.wantSnapshot('s', 'd', 1);
  await ada.session.publish(bytes('bb'));
  await quiet();
  assert.ok(!inRelay().includes('c0ffeec0ffee'));
  assert.equal(relay.snapshotOf('s', 'd'), null, 'nor is a snapshot of what it sees');
  assert.deepEqual(shown, []);
  assert.deepEqual(ada.errors, []);
  assert.equal(stranger.errors.length, 1, 'told once');
});

test('written before anything of the document was seen: held until it was, and who has the key sends it from the store', async () => {
  const { join, inRelay, relay, runtime } = stage();
  const ada = await written(join);
  relay.down();
  const device = new Device(bytes('d1'.repeat(16)));
  const offline = join({}, device.open());
  void offline.session.publish(bytes('c0ffeec0ffee')).catch(() => undefined);
  await offline.session.whenPersisted();
  relay.up = true;
  await runtime.advance(1000);
  await offline.session.whenCaughtUp();
  await quiet();
  assert.deepEqual(names(offline.errors), ['UnknownKeyError']);
  assert.equal(offline.session.pendingCount, 1);
  assert.ok(!inRelay().includes('c0ffeec0ffee'));
  await offline.client.close();
  device.crash();

  const known = join({ encryption: sealed() }, device.open());
  await known.session.whenStored();
  await quiet();
  assert.deepEqual(ada.read, ['own', 'c0ffeec0ffee']);
  assert.ok(!inRelay().includes('c0ffeec0ffee'));
  assert.deepEqual([...ada.errors, ...known.errors], []);
});

test('in a plain document the first delta waits until all that is there was read, and later ones do not', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d');
  void session.publish(bytes('0a'));
  await welcome(network);
  await answerSubscribe(network.last, { head: 2 });
  network.last.say(records(run('0c'.repeat(16), 1, 1, ['aa'])));
  await settled();
  assert.deepEqual(network.last.take(), []);
  network.last.say(records(run('0c'.repeat(16), 2, 2, ['bb'])), caughtUp(2));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['0a']]);
  void session.publish(bytes('0b'));
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  await answerSubscribe(network.last, { head: 9, lastSequence: 1 });
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['0a', '0b']]);
});

test('sealed records stay in a store whose client has no key, however much is read, and are found again', async () => {
  const { join, inRelay } = stage();
  const ada = await written(join, Array.from({ length: 600 }, (_, i) => i.toString(16).padStart(4, '0')));
  const device = new Device(bytes('d1'.repeat(16)));
  const compact = (): Uint8Array[] => [bytes('00')];
  const stranger = join({ compact }, device.open());
  await stranger.session.whenCaughtUp();
  await quiet();
  assert.equal(device.contents.load('s\0d').state, null);
  await stranger.client.close();
  device.crash();
  const again = join({ compact }, device.open());
  await again.session.whenLoaded();
  assert.deepEqual(names(again.errors), ['UnknownKeyError'], 'before the relay has said anything');
  void again.session.publish(bytes('c0ffeec0ffee')).catch(() => undefined);
  await again.session.whenPersisted();
  await again.client.close();
  device.crash();
  const known = join({ encryption: sealed() }, device.open());
  await known.session.whenLoaded();
  assert.equal(known.read.length, 600);
  await known.session.whenStored();
  await quiet();
  assert.equal(ada.read.at(-1), 'c0ffeec0ffee');
  assert.ok(!inRelay().includes('c0ffeec0ffee'));
  assert.deepEqual(known.errors, []);
});

test('a store of a client with the key, opened without: nothing goes, though all that was read is compacted', async () => {
  const { join, inRelay, relay, runtime } = stage();
  await written(join, Array.from({ length: 600 }, (_, i) => i.toString(16).padStart(4, '0')));
  const device = new Device(bytes('d1'.repeat(16)));
  const known = join({ encryption: sealed(), compact: () => [bytes('00')] }, device.open());
  await known.session.whenCaughtUp();
  while (device.contents.load('s\0d').state === null) await quiet(1);
  await quiet();
  const { state, records: tail } = device.contents.load('s\0d');
  device.contents.apply([{ kind: 'state', document: 's\0d', through: state!.through + tail.length, pieces: state!.pieces }]);
  relay.down();
  void known.session.publish(bytes('beef')).catch(() => undefined);
  await known.session.whenPersisted();
  await known.client.close();
  device.crash();
  relay.up = true;
  const before = inRelay();
  const stranger = join({}, device.open());
  void stranger.session.publish(bytes('c0ffeec0ffee')).catch(() => undefined);
  await stranger.session.whenPersisted();
  await runtime.advance(1000);
  await stranger.session.whenCaughtUp();
  await quiet();
  assert.deepEqual(names(stranger.errors), ['UnknownKeyError']);
  assert.equal(inRelay(), before);
  await stranger.client.close();
  device.crash();
  const again = join({ encryption: sealed() }, device.open());
  await again.session.whenStored();
  assert.deepEqual(again.errors, []);
  const reader = join({ encryption: sealed() });
  await reader.session.whenCaughtUp();
  await quiet();
  assert.deepEqual(reader.read.slice(-2), ['beef', 'c0ffeec0ffee']);
  assert.deepEqual(reader.errors, []);
});

test('a snapshot alone shows that a document is encrypted', async () => {
  const { join, relay } = stage();
  await written(join);
  relay.setSnapshot('s', 'd', { offset: 1, codec: 2, bytes: Buffer.from('sealed') });
  const stranger = join({ snapshots: true });
  void stranger.session.publish(bytes('c0ffeec0ffee'));
  await stranger.session.whenCaughtUp();
  await quiet();
  assert.deepEqual(names(stranger.errors), ['UnknownKeyError']);
  assert.equal(stranger.session.pendingCount, 1);
  assert.equal(relay.payloads('s', 'd').length, 1);
});

for (const kind of kinds)
  test(`${kind.name}: edits without the key stay here, and are told`, async () => {
    const { clientOf, inRelay } = stage();
    const ada = kind.copy();
    const theirs = ada.sync(clientOf(), 'd', { encryption: sealed() });
    ada.write('secret');
    await theirs.whenSaved();
    const copy = kind.copy();
    copy.write('before');
    const synced = copy.sync(clientOf(), 'd');
    const errors: WeirError[] = [];
    synced.on('error', (error) => errors.push(error));
    await synced.whenSynced();
    copy.write('after');
    await assert.rejects(synced.whenSaved(), UnknownKeyError);
    await quiet();
    assert.equal(synced.saved, false);
    assert.ok(synced.pendingCount > 0);
    assert.deepEqual(names(errors), ['UnknownKeyError']);
    assert.deepEqual(copy.words(), ['after', 'before']);
    assert.ok(!/6166746572|6265666f7265/.test(inRelay()));
    for (const one of [theirs, synced]) one.destroy();
  });

test('tabs without a key: each is told, one that comes later too', async () => {
  const { join, network, inRelay } = stage();
  await written(join);
  const device = new Device(bytes('d1'.repeat(16)));
  const browser = new FakeBrowser(device, network, randomFrom(1));
  const open = (): Peer => {
    const session = browser.open().client.subscribe('d', {});
    const peer = { session, read: [], errors: [] } as unknown as Peer;
    session.on('error', (error) => peer.errors.push(error));
    return peer;
  };
  const tabs = [open(), open()];
  await Promise.all(tabs.map(({ session }) => session.whenCaughtUp()));
  void tabs[1]!.session.publish(bytes('c0ffeec0ffee'));
  await tabs[1]!.session.whenPersisted();
  await quiet();
  tabs.push(open());
  await tabs[2]!.session.whenCaughtUp();
  for (const { session, errors } of tabs) {
    assert.deepEqual(names(errors), ['UnknownKeyError']);
    assert.ok(errors[0] instanceof UnknownKeyError);
    await assert.rejects(session.whenStored(), UnknownKeyError);
    assert.equal(session.pendingCount, 1);
  }
  assert.ok(!inRelay().includes('c0ffeec0ffee'));
});
