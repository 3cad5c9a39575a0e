// Yjs in encrypted documents: what is sealed together is merged first, and says the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Y from 'yjs';

import { WeirClient } from '../../src/client.js';
import type { WeirError } from '../../src/errors.js';
import { compareYjsStates, mergeYjsDeltas, WeirProvider, yjsState, type WeirProviderOptions } from '../../src/yjs.js';
import { updateV2Codec, yjsUpdateOf } from '../../src/yjs-updates.js';
import { cipherFor, runtimeOf, sealed } from '../support/author.js';
import { Device, randomFrom } from '../support/lives.js';
import { FakeNetwork } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

function join(network: FakeNetwork, name: string, options: WeirProviderOptions = {}): WeirProvider & { errors: WeirError[] } {
  const { store } = options;
  const client = new WeirClient({
    ...{ url: 'ws://relay', webSocket: network.Socket, runtime: runtimeOf(name), backoffFirstMs: 10 },
    ...(store === undefined ? {} : { store }),
  });
  const provider = new WeirProvider('', 's', 'd', new Y.Doc(), { awareness: null, encryption: sealed(), ...options, client });
  const errors: WeirError[] = [];
  provider.on('error', (error) => errors.push(error));
  return Object.assign(provider, { errors });
}

const text = ({ doc }: WeirProvider): string => doc.getText('t').toString();

/** Edits of any kind, by chance: each an update. */
function edits(doc: Y.Doc, random: () => number, count: number): void {
  const below = (bound: number): number => Math.floor(random() * bound);
  const body = doc.getText('t');
  const list = doc.getArray<unknown>('list');
  const map = doc.getMap<unknown>('map');
  for (let i = 0; i < count; i++) {
    const chance = random();
    if (chance < 0.5) body.insert(below(body.length + 1), 'etaoin'[below(6)]!);
    else if (chance < 0.65 && body.length > 0) body.delete(below(body.length), 1);
    else if (chance < 0.75 && body.length > 1) body.format(0, below(body.length), { bold: random() < 0.5 });
    else if (chance < 0.85) map.set(`key ${below(3)}`, chance < 0.8 ? below(100) : new Y.Map([['in', below(9)]]));
    else if (list.length > 0 && chance < 0.9) list.delete(below(list.length), 1);
    else list.insert(below(list.length + 1), [chance < 0.95 ? `item ${below(100)}` : new Uint8Array([below(256)])]);
  }
}

function updatesOf(doc: Y.Doc, edit: () => void): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const collect = (update: Uint8Array): void => void updates.push(update);
  doc.on('update', collect);
  edit();
  doc.off('update', collect);
  return updates;
}

for (let seed = 1; seed <= 30; seed++)
  test(`merged updates are the updates, of several people too (seed ${seed})`, () => {
    const random = randomFrom(seed);
    const people = [new Y.Doc(), new Y.Doc(), new Y.Doc()];
    const all: Uint8Array[] = [];
    const merged: Uint8Array[] = [];
    for (let round = 0; round < 12; round++) {
      const person = people[Math.floor(random() * 3)]!;
      const updates = updatesOf(person, () => edits(person, random, 2 + Math.floor(random() * 30)));
      all.push(...updates);
      const deltas = mergeYjsDeltas(updates.map((payload) => ({ codec: 0, payload })));
      assert.deepEqual(deltas.map(({ codec }) => codec), [updateV2Codec]);
      merged.push(yjsUpdateOf(deltas[0]!)!);
      const other = people[Math.floor(random() * 3)]!;
      if (other !== person) Y.applyUpdate(other, merged.at(-1)!);
    }
    const plain = new Y.Doc();
    for (const update of all) Y.applyUpdate(plain, update);
    const { bytes } = yjsState(plain);
    const backwards = new Y.Doc();
    for (const update of [...merged].reverse()) Y.applyUpdate(backwards, update);
    assert.equal(compareYjsStates(bytes, yjsState(backwards).bytes, []), 'valid');
    assert.equal(compareYjsStates(bytes, Y.encodeStateAsUpdate(new Y.Doc()), merged), 'valid');
  });

test('deltas of another codec, or that are no updates, are sealed as they are', () => {
  const other = [{ codec: 0, payload: new Uint8Array([0, 0]) }, { codec: 16, payload: new Uint8Array([1]) }];
  assert.equal(mergeYjsDeltas(other), other);
  assert.throws(() => mergeYjsDeltas([{ codec: 0, payload: new Uint8Array([9, 9]) }, other[0]!]));
});

test('providers converge over merged records, and what is in the relay is a fraction', async () => {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const [ada, bob] = [join(network, 'a1'), join(network, 'b1')];
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);
  let bytes = 0;
  ada.doc.on('update', (update: Uint8Array) => (bytes += update.length));
  for (const letter of 'what is typed in one breath, '.repeat(60)) ada.doc.getText('t').insert(text(ada).length, letter);
  await ada.whenSaved();
  await quiet();
  assert.equal(text(bob), text(ada));
  const records = relay.payloads('s', 'd');
  assert.ok(records.length <= 4);
  assert.ok(records.reduce((sum, { length }) => sum + length, 0) < bytes / 10);
  const opened = await cipherFor().openRecord({ producer: new Uint8Array(16).fill(0xa1), sequence: 1, codec: 2, payload: records[0]! });
  assert.deepEqual(opened.deltas.map(({ codec }) => codec), [updateV2Codec]);

  const newcomer = join(network, 'c1');
  await newcomer.whenSynced();
  assert.equal(text(newcomer), text(ada));
  assert.deepEqual([...ada.errors, ...bob.errors, ...newcomer.errors], []);
});

test('a store keeps what was merged, and a compacted copy of it', async () => {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const device = new Device(new Uint8Array(16).fill(0xd1));
  relay.up = false;
  const ada = join(network, '', { store: device.open() });
  await ada.whenLoaded();
  for (const letter of 'written where there is no relay') ada.doc.getText('t').insert(text(ada).length, letter);
  assert.equal(ada.pendingCount, 31);
  await ada.whenPersisted();
  device.crash();
  ada.client.disconnect();
  relay.up = true;
  const again = join(network, '', { store: device.open() });
  await again.whenLoaded();
  assert.equal(text(again), 'written where there is no relay');
  assert.equal(again.pendingCount, 31);
  await again.whenSaved();
  assert.equal(again.pendingCount, 0);
  const bob = join(network, 'b1');
  await bob.whenSynced();
  assert.equal(text(bob), text(again));
  assert.deepEqual([...ada.errors, ...again.errors, ...bob.errors], []);
});

test('a snapshot is right when what was merged behind it is read', async () => {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const [ada, bob] = [join(network, 'a1'), join(network, 'b1')];
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);
  for (const letter of 'before it ') ada.doc.getText('t').insert(text(ada).length, letter);
  await ada.whenSaved();
  await quiet();
  relay.wantSnapshot('s', 'd', 0);
  await quiet();
  assert.ok(relay.snapshotOf('s', 'd') !== null);
  for (const letter of 'and after it') ada.doc.getText('t').insert(text(ada).length, letter);
  await ada.whenSaved();
  await quiet();
  relay.wantAttestation('s', 'd', 1);
  await quiet(60);
  assert.deepEqual(relay.attested('s', 'd'), [true]);
});
