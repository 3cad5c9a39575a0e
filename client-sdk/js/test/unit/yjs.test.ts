// The Yjs provider, over a relay in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { WeirClient } from '../../src/client.js';
import type { WeirClientOptions } from '../../src/client-options.js';
import { OutboxFullError } from '../../src/errors.js';
import { splitUpdate, WeirProvider, type WeirProviderOptions } from '../../src/yjs.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

interface Stage {
  relay: FakeRelay;
  runtime: FakeRuntime;
  join(doc?: Y.Doc, options?: WeirProviderOptions, of?: Partial<WeirClientOptions>): WeirProvider;
  leave(): void;
}

function stage(): Stage {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const runtime = new FakeRuntime();
  const providers: WeirProvider[] = [];
  return {
    relay,
    runtime,
    join(doc = new Y.Doc(), options = {}, of = {}) {
      const client = new WeirClient({ url: 'ws://relay', webSocket: network.Socket, runtime, backoffFirstMs: 10, ...of });
      const provider = new WeirProvider('', 's', 'd', doc, { awareness: null, ...options, client });
      providers.push(provider);
      return provider;
    },
    leave() {
      for (const provider of providers) {
        provider.awareness?.destroy();
        provider.destroy();
        provider.client.close();
      }
    },
  };
}

const text = (provider: WeirProvider): string => provider.doc.getText('t').toString();
const type = (provider: WeirProvider, at: number, what: string): void => provider.doc.getText('t').insert(at, what);

test('two providers converge; saved follows the durable ack', async () => {
  const { join, leave, relay } = stage();
  const [a, b] = [join(), join()];
  const saved: boolean[] = [];
  const synced: boolean[] = [];
  a.on('saved', (now) => saved.push(now));
  a.on('sync', (now) => synced.push(now));
  type(a, 0, 'hello');
  assert.equal(a.pendingCount, 1);
  assert.equal(a.saved, false);
  await Promise.all([a.whenSynced(), b.whenSynced(), a.whenSaved()]);
  type(b, 0, '¡');
  await b.whenSaved();
  await quiet();
  assert.equal(text(a), '¡hello');
  assert.equal(text(b), '¡hello');
  assert.deepEqual(saved, [false, true]);
  assert.deepEqual(synced, [true]);
  assert.equal(relay.payloads('s', 'd').length, 2);
  leave();
});

test('each update is a delta of its own', async () => {
  const { join, leave, relay } = stage();
  const a = join();
  for (const letter of 'abc') type(a, 0, letter);
  await a.whenSaved();
  assert.equal(relay.payloads('s', 'd').length, 3);
  leave();
});

test('edits made offline arrive after the reconnect, on both sides', async () => {
  const { join, leave, relay, runtime } = stage();
  const [a, b] = [join(), join()];
  await Promise.all([a.whenSynced(), b.whenSynced()]);
  relay.down();
  assert.equal(a.synced, false);
  type(a, 0, 'a');
  type(b, 0, 'b');
  await runtime.advance(100);
  relay.up = true;
  await runtime.advance(1000);
  await Promise.all([a.whenSynced(), b.whenSynced(), a.whenSaved(), b.whenSaved()]);
  await quiet();
  assert.equal(text(a), text(b));
  assert.equal(text(a).length, 2);
  leave();
});

test('content the document had before goes up once, and only what the relay lacks', async () => {
  const { join, leave, relay } = stage();
  const doc = new Y.Doc();
  doc.getText('t').insert(0, 'kept in the browser');
  const a = join(doc);
  assert.equal(a.saved, false);
  await a.whenSaved();
  assert.equal(relay.payloads('s', 'd').length, 1);

  // The next visit: a copy from the browser's own store, with one edit that the relay has not seen.
  const copy = new Y.Doc();
  const b = join(copy);
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc), 'the browser store');
  type(b, 0, '!');
  await b.whenSaved();
  await quiet();
  const payloads = relay.payloads('s', 'd');
  assert.equal(payloads.length, 2);
  assert.ok(payloads[1]!.length < 40, `${payloads[1]!.length} bytes`);
  assert.equal(text(a), '!kept in the browser');

  // And a visit with nothing new, not even a deletion: nothing goes up.
  const again = join(
    (() => {
      const third = new Y.Doc();
      Y.applyUpdate(third, Y.encodeStateAsUpdate(copy));
      return third;
    })(),
  );
  await again.whenSaved();
  await quiet();
  assert.equal(relay.payloads('s', 'd').length, 2);
  leave();
});

test('a deletion the relay has not seen goes up too, though no state vector shows it', async () => {
  const { join, leave } = stage();
  const a = join();
  type(a, 0, 'abc');
  await a.whenSaved();
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(a.doc));
  copy.getText('t').delete(0, 1);
  const b = join(copy);
  await b.whenSaved();
  await quiet();
  assert.equal(text(a), 'bc');
  leave();
});

test('a relay that lost everything gets it back from one of the clients', async () => {
  const { join, leave, relay, runtime } = stage();
  const [a, b] = [join(), join()];
  type(a, 0, 'precious');
  await a.whenSaved();
  await quiet();
  relay.loseEverything();
  type(a, 8, '!');
  await runtime.advance(100);
  relay.up = true;
  await runtime.advance(1000);
  await Promise.all([a.whenSaved(), b.whenSaved(), a.whenSynced(), b.whenSynced()]);
  await quiet();
  const c = join();
  await c.whenSynced();
  assert.equal(text(c), 'precious!');
  assert.equal(text(b), 'precious!');
  leave();
});

test('bytes that are no Yjs update are left out and said; the rest is applied', async () => {
  const { join, leave } = stage();
  const a = join();
  const errors: string[] = [];
  a.on('error', (error) => errors.push(error.message));
  const b = join();
  void b.session.publish(Uint8Array.of(255, 255, 255));
  type(b, 0, 'fine');
  await b.whenSaved();
  await quiet();
  assert.equal(text(a), 'fine');
  assert.match(errors[0]!, /not a Yjs update/);
  leave();
});

test('awareness: seen by the others, gone with its owner, seen again after a reconnect', async () => {
  const { join, leave, relay, runtime } = stage();
  const [a, b] = [0, 1].map(() => {
    const doc = new Y.Doc();
    return join(doc, { awareness: new Awareness(doc) });
  }) as [WeirProvider, WeirProvider];
  a.awareness!.setLocalState({ name: 'Ada' });
  await Promise.all([a.whenSynced(), b.whenSynced()]);
  await quiet();
  const seen = (): unknown => b.awareness!.getStates().get(a.doc.clientID);
  assert.deepEqual(seen(), { name: 'Ada' });
  a.awareness!.setLocalStateField('cursor', 3);
  await quiet();
  assert.deepEqual(seen(), { name: 'Ada', cursor: 3 });
  relay.down();
  assert.equal(seen(), undefined);
  relay.up = true;
  await runtime.advance(1000);
  await quiet();
  assert.deepEqual(seen(), { name: 'Ada', cursor: 3 });
  a.awareness!.setLocalState(null);
  await quiet();
  assert.equal(seen(), undefined);
  a.awareness!.setLocalState({ name: 'Ada again' });
  await quiet();
  assert.deepEqual(seen(), { name: 'Ada again' });
  a.destroy();
  a.client.close();
  await quiet();
  assert.equal(seen(), undefined);
  leave();
});

test('an update larger than the relay takes goes in pieces', async () => {
  const { join, leave, relay } = stage();
  relay.payloadBytesMax = 2000;
  const doc = new Y.Doc();
  const map = doc.getMap<string>('m');
  doc.transact(() => {
    for (let i = 0; i < 1000; i++) map.set(`key ${i}`, `value ${i}`);
  });
  const a = join(doc);
  await a.whenSaved();
  const b = join();
  await b.whenSynced();
  assert.deepEqual(b.doc.getMap('m').toJSON(), map.toJSON());
  assert.ok(relay.payloads('s', 'd').length > 10);
  leave();
});

test('pieces of an update are the update', () => {
  const source = new Y.Doc();
  for (let peer = 0; peer < 5; peer++) {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(source));
    const content = doc.getText('t');
    for (let i = 0; i < 300; i++) content.insert((i * 7919) % (content.length + 1), `${i}`);
    for (let i = 0; i < 150; i++) content.delete((i * 104729) % (content.length - 1), 1);
    doc.getMap('m').set(`peer ${peer}`, { nested: [1, 'zwei', null] });
    Y.applyUpdate(source, Y.encodeStateAsUpdate(doc));
  }
  const update = Y.encodeStateAsUpdate(source);
  for (const bytesMax of [300, 1000, update.length - 1]) {
    const pieces = splitUpdate(update, bytesMax);
    assert.ok(pieces.length > 1 && pieces.every((piece) => piece.length <= bytesMax));
    const copy = new Y.Doc();
    for (const piece of pieces.slice().reverse()) Y.applyUpdate(copy, piece);
    assert.ok(Y.equalSnapshots(Y.snapshot(copy), Y.snapshot(source)));
    assert.equal(copy.getText('t').toString(), source.getText('t').toString());
  }
  assert.deepEqual(splitUpdate(update, update.length), [update]);
});

test('a long text is cut within itself, never within a character, and is put together again', () => {
  const source = new Y.Doc();
  const content = source.getText('t');
  content.insert(0, 'before after');
  content.insert(7, `x${'\u{1f600}\u00e4'.repeat(1000)}`);
  source.getArray('a').push(Array.from({ length: 3000 }, (_, i) => i));
  content.delete(100, 51);
  const update = Y.encodeStateAsUpdate(source);
  for (const bytesMax of [100, 101, 102, 103, 1000]) {
    const pieces = splitUpdate(update, bytesMax);
    assert.ok(pieces.every((piece) => piece.length <= bytesMax));
    const copy = new Y.Doc();
    for (const piece of pieces) Y.applyUpdate(copy, piece);
    assert.equal(copy.getText('t').toString(), content.toString());
    assert.deepEqual(copy.getArray('a').toJSON(), source.getArray('a').toJSON());
    assert.deepEqual(Y.encodeStateAsUpdate(copy), update);
  }
});

for (const mebibytes of [1.5, 3])
  test(`a paste of ${mebibytes} MiB reaches the others, and what is typed after it`, async () => {
    const { join, leave, relay } = stage();
    relay.payloadBytesMax = 1024 * 1024;
    const [early, b] = [join(), join()];
    type(early, 0, `${'paste '.repeat((mebibytes * 1024 * 1024) / 6)}before the relay has said how much it takes `);
    await early.whenSaved();
    type(early, 3, 'y'.repeat(mebibytes * 1024 * 1024));
    type(early, 1, 'typed afterwards');
    await early.whenSaved();
    await quiet();
    assert.ok(text(b) === text(early) && text(b).includes('typed afterwards'));
    leave();
  });

test('pieces that turn out to be larger than this relay takes are cut again', async () => {
  const { join, leave, relay } = stage();
  relay.payloadBytesMax = 1000;
  const [a, b] = [join(), join()];
  type(a, 0, 'x'.repeat(10_000));
  await a.whenSaved();
  await quiet();
  assert.equal(text(b), text(a));
  leave();
});

test('what cannot be cut stays here; all that is typed afterwards goes out, and the rest once it is taken out', async () => {
  const { join, leave, relay } = stage();
  relay.payloadBytesMax = 1000;
  const docs = [new Y.Doc(), new Y.Doc()];
  const [a, b] = docs.map((doc) => join(doc, { awareness: new Awareness(doc) })) as [WeirProvider, WeirProvider];
  await Promise.all([a.whenSynced(), b.whenSynced()]);
  const errors: Error[] = [];
  a.on('error', (error) => errors.push(error));
  a.awareness!.setLocalStateField('user', { name: 'Ada' });
  type(a, 0, 'hello');
  await quiet();
  const before = a.doc.clientID;
  a.doc.getMap('m').set('picture', new Uint8Array(2000));
  await quiet();
  assert.match(errors.map(({ message }) => message).join(), /^s\/d: .* cannot be cut/);
  assert.notEqual(a.doc.clientID, before);
  assert.deepEqual(a.awareness!.states.get(a.doc.clientID), { user: { name: 'Ada' } }, 'editors look for it there');
  assert.deepEqual([...b.awareness!.states.keys()].sort(), [a.doc.clientID, b.doc.clientID].sort());
  type(a, 5, ' there');
  a.doc.getMap('m').set('other', 1);
  await quiet();
  assert.equal(text(b), 'hello there');
  assert.deepEqual(b.doc.getMap('m').toJSON(), { other: 1 });
  assert.equal(a.saved, false);
  await assert.rejects(a.whenSaved(), /cannot be cut/);
  a.doc.getMap('m').delete('picture');
  await a.whenSaved();
  await quiet();
  type(a, 0, 'and ');
  await a.whenSaved();
  await quiet();
  assert.ok(a.saved && errors.length === 1);
  assert.deepEqual(Y.encodeStateVector(b.doc), Y.encodeStateVector(a.doc));
  assert.deepEqual(b.doc.getMap('m').toJSON(), { other: 1 });
  assert.equal(text(b), 'and hello there');
  leave();
});

// ---- snapshots ----

test('a newcomer reads a snapshot that one provider made and another verified, and the records after it', async () => {
  const { join, leave, relay } = stage();
  const [a, b] = [join(), join(new Y.Doc({ gc: false }))];
  await quiet();
  for (let i = 0; i < 20; i++) type(a, 0, 'word ');
  a.doc.getText('t').delete(3, 40);
  await quiet();
  relay.wantSnapshot('s', 'd', 0);
  await quiet();
  const { offset } = relay.snapshotOf('s', 'd')!;
  assert.equal(offset, relay.payloads('s', 'd').length);
  type(b, 5, 'later ');
  type(a, 0, 'first ');
  await quiet();
  relay.wantAttestation('s', 'd', 1);
  await quiet(40);
  assert.deepEqual(relay.attested('s', 'd'), [true]);
  const c = join();
  const read: number[] = [];
  c.session.on('records', (records) => read.push(...records.map((record) => record.offset)));
  await quiet();
  assert.ok(c.synced);
  assert.equal(text(c), text(a));
  assert.deepEqual(read, [offset + 1, offset + 2]);
  assert.deepEqual(c.session.cursor, a.session.cursor);
  type(c, 0, 'c ');
  await quiet();
  assert.equal(text(a), text(c));
  assert.ok(c.saved);
  leave();
});

test("a newcomer's own content goes up, and only that", async () => {
  const { join, leave, relay } = stage();
  const a = join();
  await quiet();
  type(a, 0, 'shared');
  await quiet();
  relay.wantSnapshot('s', 'd', 0);
  await quiet();
  const doc = new Y.Doc();
  doc.getText('mine').insert(0, 'kept at home');
  const before = relay.payloads('s', 'd').length;
  const c = join(doc);
  await quiet();
  assert.equal(text(c), 'shared');
  assert.ok(c.saved);
  assert.equal(relay.payloads('s', 'd').length, before + 1);
  assert.equal(a.doc.getText('mine').toString(), 'kept at home');
  leave();
});

test('a forged snapshot is called bad, and one that is no update is reported and not taken', async () => {
  const { join, leave, relay } = stage();
  const a = join();
  await quiet();
  type(a, 0, 'pay 100 to Ada');
  await quiet();
  const bytes = Buffer.from(Y.encodeStateAsUpdate(a.doc));
  bytes.write('Eve', bytes.indexOf('Ada'));
  relay.setSnapshot('s', 'd', { offset: 1, bytes });
  relay.wantAttestation('s', 'd', 0);
  await quiet();
  assert.deepEqual(relay.attested('s', 'd'), [false]);
  relay.setSnapshot('s', 'd', { offset: 1, bytes: Buffer.from([255, 255, 255]) });
  const errors: unknown[] = [];
  const b = join();
  b.on('error', (error) => errors.push(error));
  await quiet();
  assert.equal(text(b), 'pay 100 to Ada');
  assert.equal(errors.length, 1);
  assert.deepEqual(relay.attested('s', 'd'), [false, false]);
  const off = join(new Y.Doc(), { snapshots: false });
  await quiet();
  relay.wantAttestation('s', 'd', 2);
  relay.wantSnapshot('s', 'd', 2);
  await quiet();
  assert.equal(text(off), 'pay 100 to Ada');
  assert.deepEqual(relay.attested('s', 'd'), [false, false]);
  leave();
});

test('one thing that is larger than the relay takes is told by whenSaved, which does not wait for ever', async () => {
  const { join, leave, relay } = stage();
  relay.payloadBytesMax = 1000;
  const a = join();
  await a.whenSynced();
  const errors: unknown[] = [];
  a.on('error', (error) => errors.push(error));
  a.doc.getMap('m').set('picture', new Uint8Array(2000));
  await assert.rejects(a.whenSaved(), /2\d\d\d bytes/);
  assert.equal(errors.length, 1);
  assert.equal(a.saved, false);
  leave();
});

test('one update that is larger than all that may wait is told, and not tried again at once for ever', async () => {
  const { join, leave } = stage();
  const a = join(new Y.Doc(), {}, { outboxBytesMax: 100 });
  const errors: string[] = [];
  a.on('error', ({ name }) => errors.push(name));
  await a.whenSynced();
  type(a, 0, 'x'.repeat(200));
  await assert.rejects(a.whenSaved(), OutboxFullError);
  assert.deepEqual(errors, ['OutboxFullError']);
  leave();
});
