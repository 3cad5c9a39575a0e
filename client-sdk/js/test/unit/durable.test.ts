// A client with a store: what outlives it, and what the relay then has.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import type { DocumentSession, SubscribeOptions } from '../../src/document.js';
import type { WeirError } from '../../src/errors.js';
import { StorageFullError } from '../../src/store/errors.js';
import { MemoryStore } from '../../src/store/memory.js';
import {
  answerSubscribe,
  bytes,
  caughtUp,
  inShort,
  records,
  refused,
  run,
  scene,
  stored,
  welcome,
} from '../support/conversation.js';
import { Device } from '../support/lives.js';
import { quiet } from '../support/settled.js';

const producer = bytes('d1'.repeat(16));
const other = 'bb'.repeat(16);
const hex = (payload: Uint8Array | null): string => Buffer.from(payload ?? []).toString('hex');

interface Heard {
  session: DocumentSession;
  /** What came from the store and the relay, by event. */
  heard: [string, string[]][];
}

function open(client: WeirClient, options: SubscribeOptions = {}): Heard {
  const session = client.subscribe('d', options);
  const heard: [string, string[]][] = [];
  session.on('state', (pieces) => heard.push(['state', pieces.map(hex)]));
  session.on('records', (all) => heard.push(['records', all.map(({ payload }) => hex(payload))]));
  session.on('pending', (deltas) => heard.push(['pending', deltas.map(({ payload }) => hex(payload))]));
  return { session, heard };
}

test('a delta is sent only when it is stored, under the sequence it is stored with', async () => {
  const store = new MemoryStore('m', producer);
  const held: (() => void)[] = [];
  const write = store.write.bind(store);
  store.write = (changes) => new Promise((resolve) => held.push(() => void write(changes).then(resolve)));
  const { client, network } = scene({ store });
  const { session } = open(client);
  assert.equal((await welcome(network)).producer, 'd1'.repeat(16));
  await answerSubscribe(network.last);
  const persisted: string[] = [];
  void session.publish(bytes('aa'));
  void session.whenPersisted().then(() => persisted.push('aa'));
  await quiet();
  assert.deepEqual(network.last.take(), []);
  assert.deepEqual(persisted, []);
  assert.equal(session.pendingCount, 1);
  while (held.length > 0) {
    held.shift()!();
    await quiet();
  }
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['aa']]);
  assert.deepEqual(persisted, ['aa']);
  assert.equal((await store.load('s\0d')).outbox[0]!.sequence, 1);
});

test('another life: the same bytes under the same sequences, the cursor, and what was read', async () => {
  const device = new Device(producer);
  const first = scene({ store: device.open() });
  const before = open(first.client);
  await welcome(first.network);
  await answerSubscribe(first.network.last);
  for (const payload of ['a1', 'a2', 'a3']) void before.session.publish(bytes(payload));
  await quiet();
  first.network.last.say(records(run(other, 1, 4, ['99'])), stored(1, 5));
  first.network.last.say(records(run('d1'.repeat(16), 1, 5, ['a1'], true)));
  first.network.last.say(stored(2, 6)); // and dies before that one is read back
  await quiet();
  device.crash();

  const second = scene({ store: device.open() });
  const after = open(second.client);
  await welcome(second.network);
  assert.deepEqual(after.heard, [
    ['records', ['99', 'a1']],
    ['pending', ['a2', 'a3']],
  ]);
  assert.equal(after.session.pendingCount, 1);
  const subscribe = await answerSubscribe(second.network.last, { head: 6, lastSequence: 2 });
  assert.equal((subscribe.cursor as { offset: number }).offset, 5);
  assert.deepEqual(inShort(second.network.last.takeOne('publish')), [3, false, ['a3']]);
  // It may come without its payload: it is known here.
  second.network.last.say(records(run('d1'.repeat(16), 2, 6, ['a2'], true)), caughtUp(6), stored(3, 7));
  second.network.last.say(records(run('d1'.repeat(16), 3, 7, ['a3'], true)));
  await quiet();
  assert.equal(after.session.pendingCount, 0);
  assert.equal(after.session.cursor?.offset, 7);
  const kept = device.contents.load('s\0d');
  assert.deepEqual(kept.outbox, []);
  assert.deepEqual(
    kept.records.map(({ payload }) => hex(payload)),
    ['99', 'a1', 'a2', 'a3'],
  );
  assert.equal(kept.place?.storedThrough, 3);
});

test('what is published before the store has answered goes behind what it has', async () => {
  const device = new Device(producer);
  const first = scene({ store: device.open() });
  void open(first.client).session.publish(bytes('01'));
  await quiet();
  device.crash();
  const second = scene({ store: device.open() });
  const { session } = open(second.client);
  void session.publish(bytes('02'));
  await session.whenPersisted();
  await welcome(second.network);
  await answerSubscribe(second.network.last);
  assert.deepEqual(inShort(second.network.last.takeOne('publish')), [1, false, ['01', '02']]);
});

test('an application opens offline, and closing gives up nothing', async () => {
  const device = new Device(producer);
  const first = scene({ store: device.open(), connect: false });
  const { session } = open(first.client);
  void session.publish(bytes('0a'));
  session.close();
  await first.client.close();
  assert.deepEqual(
    device.contents.load('s\0d').outbox.map(({ payload }) => hex(payload)),
    [],
  ); // closed before it was taken

  const second = scene({ store: device.open(), connect: false });
  const again = open(second.client);
  await again.session.whenLoaded();
  void again.session.publish(bytes('0b'));
  await again.session.whenPersisted();
  await second.client.close();
  const third = scene({ store: device.open(), connect: false });
  const { session: last, heard } = open(third.client);
  await last.whenLoaded();
  assert.deepEqual(heard, [['pending', ['0b']]]);
  assert.equal(last.pendingCount, 1);
});

test('a refused producer: the new id is kept, and what waits goes again under it after a crash', async () => {
  const device = new Device(producer);
  const stage = scene({ store: device.open() });
  const { session } = open(stage.client);
  await welcome(stage.network);
  await answerSubscribe(stage.network.last);
  void session.publish(bytes('aa'));
  await quiet();
  stage.network.last.say(refused({ code: 10, reason: 4, throughSequence: 1 }));
  await quiet();
  device.crash();
  assert.notDeepEqual(device.contents.producer, producer);
  const next = scene({ store: device.open() });
  open(next.client);
  assert.equal((await welcome(next.network)).producer, hex(device.contents.producer));
  await answerSubscribe(next.network.last);
  assert.deepEqual(inShort(next.network.last.takeOne('publish')), [1, false, ['aa']]);
});

test('a document that was not open when the producer changed is numbered anew when it is', async () => {
  const device = new Device(producer);
  const key = 's\0d';
  device.contents.apply([
    {
      kind: 'place',
      document: key,
      place: {
        producer: bytes('ee'.repeat(16)),
        epoch: 7n,
        offset: 3,
        chain: new Uint8Array(32),
        storedThrough: 4,
        storedOffset: 3,
        everStored: true,
        stateWanted: false,
      },
    },
    {
      kind: 'outbox',
      document: key,
      deltas: [{ sequence: 5, base: false, codec: 0, payload: bytes('aa'), author: null }],
    },
  ]);
  const { client, network } = scene({ store: device.open() });
  open(client);
  await welcome(network);
  await answerSubscribe(network.last, { head: 3 });
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['aa']]);
  assert.equal(device.contents.load(key).outbox[0]?.sequence, 1);
});

test('lost history, and a crash before the state was offered: the next life offers it', async () => {
  const device = new Device(producer);
  const first = scene({ store: device.open() });
  const { session } = open(first.client, { state: () => bytes('f0') });
  await welcome(first.network);
  await answerSubscribe(first.network.last);
  void session.publish(bytes('aa'));
  await quiet();
  first.network.last.say(stored(1, 1), records(run('d1'.repeat(16), 1, 1, ['aa'], true)));
  await quiet();
  first.network.last.drop();
  await first.runtime.advance(1000);
  await welcome(first.network);
  await answerSubscribe(first.network.last, { epoch: 8, lostHistory: true, head: 2 });
  await quiet();
  device.crash();

  const second = scene({ store: device.open() });
  const next = open(second.client, { state: () => bytes('f0') });
  await welcome(second.network);
  assert.deepEqual(next.heard, [['records', ['aa']]]); // what the other history held is still here
  await answerSubscribe(second.network.last, { epoch: 8, head: 2 });
  assert.deepEqual(second.network.last.take(), []);
  second.network.last.say(records(run(other, 1, 2, ['99'])), caughtUp(2));
  await quiet();
  assert.deepEqual(inShort(second.network.last.takeOne('publish')), [1, false, ['f0']]);
  second.network.last.say(stored(1, 3));
  await quiet();
  assert.equal(next.session.pendingCount, 0);
  assert.equal(device.contents.load('s\0d').place?.stateWanted, false);
});

test('a deleted document leaves nothing in the store', async () => {
  const device = new Device(producer);
  const { client, network } = scene({ store: device.open() });
  const { session } = open(client);
  session.on('error', () => undefined);
  await welcome(network);
  await answerSubscribe(network.last);
  void session.publish(bytes('aa')).catch(() => undefined);
  network.last.say(records(run(other, 1, 1, ['99'])));
  await quiet();
  network.last.say(refused({ code: 5, reason: 1 }));
  await quiet();
  const { place, outbox, records: kept } = device.contents.load('s\0d');
  assert.deepEqual([place, outbox, kept], [null, [], []]);
});

test('the copy here is compacted by what the application makes of it', async () => {
  const device = new Device(producer);
  const { client, network } = scene({ store: device.open() });
  const merged: number[] = [];
  open(client, {
    compact: (pieces, kept) => {
      merged.push(pieces.length, kept.length);
      return [bytes('c0de'), Uint8Array.of(merged.length)];
    },
  });
  await welcome(network, { frameBytesMax: 1 << 22 });
  await answerSubscribe(network.last);
  const say = (from: number, count: number): void => {
    const payloads = Array.from({ length: count }, (_, i) => (from + i).toString(16).padStart(4, '0'));
    network.last.say(records(run(other, from, from, payloads)));
  };
  say(1, 400);
  await quiet();
  assert.deepEqual(merged, []);
  say(401, 200);
  await quiet();
  assert.deepEqual(merged, [0, 600]);
  say(601, 501);
  await quiet();
  assert.deepEqual(merged, [0, 600, 2, 501]);
  say(1102, 1);
  await quiet();
  device.crash();
  const next = scene({ store: device.open(), connect: false });
  const { session, heard } = open(next.client);
  await session.whenLoaded();
  assert.deepEqual(heard, [
    ['state', ['c0de', '04']],
    ['records', ['044e']],
  ]);
});

test('a compaction that takes long is not overtaken by another', async () => {
  const device = new Device(producer);
  const { client, network } = scene({ store: device.open() });
  const ends: (() => void)[] = [];
  const covered: number[] = [];
  open(client, {
    compact: async (pieces, kept) => {
      covered.push((pieces[0]?.length ?? 0) + kept.length);
      await new Promise<void>((resolve) => ends.push(resolve));
      return [new Uint8Array((pieces[0]?.length ?? 0) + kept.length)];
    },
  });
  await welcome(network, { frameBytesMax: 1 << 22 });
  await answerSubscribe(network.last);
  for (let first = 1; first < 3000; first += 600) {
    network.last.say(records(run(other, first, first, new Array<string>(600).fill('aa'))));
    await quiet();
  }
  assert.deepEqual(covered, [600]);
  ends[0]!();
  await quiet();
  network.last.say(records(run(other, 3001, 3001, ['bb'])));
  await quiet();
  assert.deepEqual(covered, [600, 3001]);
  ends[1]!();
  await quiet();
  const { state, records: kept } = device.contents.load('s\0d');
  assert.deepEqual([state?.through, state?.pieces[0]?.length, kept.length], [3001, 3001, 0]);
});

test('no room: a named error, the edits go over the wire, and are stored when there is room again', async () => {
  const device = new Device(producer);
  const { client, network, runtime } = scene({ store: device.open() });
  const errors: WeirError[] = [];
  client.on('error', (error) => errors.push(error));
  const { session } = open(client);
  await welcome(network);
  await answerSubscribe(network.last);
  device.failure = new StorageFullError('device: no room');
  let persisted = false;
  void session.publish(bytes('aa'));
  void session.whenPersisted().then(() => (persisted = true));
  await quiet();
  void session.publish(bytes('bb'));
  await quiet();
  assert.deepEqual(
    errors.map(({ name }) => name),
    ['StorageFullError'],
  );
  assert.equal(session.pendingCount, 2);
  assert.deepEqual(
    network.last.take().map(({ publish }) => inShort(publish!)[2]),
    [['aa'], ['bb']],
  );
  network.last.say(stored(1, 1));
  await quiet();
  assert.equal(session.pendingCount, 1);
  assert.equal(persisted, false);
  await runtime.advance(6000);
  assert.equal(persisted, false);
  device.failure = null;
  await runtime.advance(6000);
  assert.equal(persisted, true);
  assert.equal(errors.length, 1);
  assert.deepEqual(
    device.contents.load('s\0d').outbox.map(({ payload }) => hex(payload)),
    ['aa', 'bb'],
  );
  assert.equal(device.contents.load('s\0d').place?.storedThrough, 1);
});

test('two clients cannot have one store at once', async () => {
  const store = new MemoryStore('m', producer);
  const first = scene({ store });
  assert.throws(() => scene({ store }), { name: 'StoreLockedError' });
  await first.client.close();
  await scene({ store }).client.close();
});

test('a store that cannot be read is told, and the client goes on without it', async () => {
  const store = new MemoryStore('m', producer);
  store.load = () => Promise.reject(new Error('bad sector'));
  const { client, network } = scene({ store });
  const { session } = open(client);
  const errors: string[] = [];
  session.on('error', ({ name, message }) => errors.push(`${name}: ${message}`));
  await welcome(network);
  await answerSubscribe(network.last, { lastSequence: 7 });
  void session.publish(bytes('aa'));
  await quiet();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [8, false, ['aa']]);
  assert.deepEqual(errors, ['StoreError: s/d: bad sector']);
  await assert.rejects(session.whenPersisted(), /bad sector/, 'nothing is kept');
});
