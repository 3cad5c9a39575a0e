// What only Loro has: a snapshot that carries a state of its own, roots that are there once they are asked for, an EphemeralStore.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EphemeralStore, LoroDoc } from 'loro-crdt';

import { WeirClient } from '../../src/client.js';
import { compareLoro } from '../../src/loro-compare.js';
import { LoroProvider } from '../../src/loro.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

function doc(peer: `${number}`, edit: (doc: LoroDoc) => void): LoroDoc {
  const made = new LoroDoc();
  made.setPeerId(peer);
  edit(made);
  made.commit();
  return made;
}
const copyOf = (one: LoroDoc, mode: 'snapshot' | 'update' = 'snapshot'): LoroDoc => {
  const copy = new LoroDoc();
  copy.import(one.export({ mode }));
  return copy;
};

/** Snapshots whose checksum is left as it is are refused: Loro's own, over all behind the first 22 bytes. */
function forged(snapshot: Uint8Array, from: string, to: string): LoroDoc[] {
  const bytes = Buffer.from(snapshot);
  const made: LoroDoc[] = [];
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
    const other = Buffer.from(bytes);
    other.write(to, at);
    try {
      const one = new LoroDoc();
      one.import(other);
      made.push(one);
    } catch {
      // As it should be.
    }
  }
  return made;
}

test('the same operations under other words are another document, and under the same ids too', () => {
  const pay = (to: string) => (one: LoroDoc) => one.getText('text').insert(0, `pay 100 to ${to}`);
  const [own, other] = [doc('1', pay('Ada')), doc('1', pay('Eve'))];
  assert.equal(own.oplogVersion().compare(other.oplogVersion()), 0);
  assert.equal(compareLoro(own, other), 'invalid');
  assert.equal(compareLoro(own, copyOf(own)), 'valid');
  for (const one of forged(own.export({ mode: 'snapshot' }), 'Ada', 'Eve')) assert.equal(compareLoro(own, one), 'invalid');
});

test('operations that were cut into other changes are the same ones', () => {
  const keys = 'The quick brown fox jumps over the lazy dog';
  const updates: Uint8Array[] = [];
  const author = new LoroDoc();
  author.subscribeLocalUpdates((update) => updates.push(update));
  const text = author.getText('text');
  for (let i = 0; i < 3000; i++) {
    if (i % 7 === 6) text.delete(text.length - 1, 1);
    else if (i % 11 === 10) text.delete(0, 1);
    else text.insert(text.length, keys[i % keys.length]!);
    if (i % 3 === 0) author.commit();
  }
  author.commit();
  const batch = new LoroDoc();
  batch.importBatch(updates);
  const single = new LoroDoc();
  for (const update of updates) single.import(update);
  for (const one of [batch, single, copyOf(batch, 'update'), copyOf(single)]) {
    assert.equal(compareLoro(author, one), 'valid');
    assert.equal(compareLoro(one, author), 'valid');
  }
});

test('roots that were only asked for, and a document that forgot what it was', () => {
  const own = doc('1', (one) => one.getText('text').insert(0, 'a'));
  const curious = copyOf(own);
  curious.getMap('never written');
  curious.getCounter('neither');
  assert.equal(compareLoro(own, curious), 'valid');
  assert.equal(compareLoro(copyOf(curious), own), 'valid');
  const shallow = new LoroDoc();
  shallow.import(own.export({ mode: 'shallow-snapshot', frontiers: own.frontiers() }));
  if (shallow.isShallow()) assert.equal(compareLoro(own, shallow), 'unknown');
});

function stage() {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const runtime = new FakeRuntime();
  const join = (ephemeral?: EphemeralStore, one = new LoroDoc()): LoroProvider => {
    const client = new WeirClient({ url: 'ws://relay', space: 's', webSocket: network.Socket, runtime, backoffFirstMs: 10 });
    return new LoroProvider(client, 'd', one, ephemeral === undefined ? {} : { ephemeral });
  };
  return { relay, runtime, join };
}

test('what another transport brings into the document goes to the relay', async () => {
  const { join } = stage();
  const [a, b] = [join(), join()];
  await quiet();
  const foreign = doc('77', (one) => one.getText('text').insert(0, 'by hand'));
  a.doc.import(foreign.export({ mode: 'update' }));
  await quiet();
  assert.equal(b.doc.getText('text').toString(), 'by hand');
  assert.ok(a.saved);
  for (const one of [a, b]) void (one.destroy(), one.client.close());
});

test('uncommitted edits are committed by what comes in, by whenSaved and by destroy', async () => {
  const { join, relay } = stage();
  const [a, b] = [join(), join()];
  await quiet();
  a.doc.getText('text').insert(0, 'a');
  b.doc.getText('text').insert(0, 'b');
  b.doc.commit();
  await quiet();
  assert.equal(relay.payloads('s', 'd').length, 2);
  a.doc.getText('text').insert(0, 'c');
  await a.whenSaved();
  await quiet();
  assert.equal(relay.payloads('s', 'd').length, 3);
  assert.equal(b.doc.getText('text').length, 3);
  for (const one of [a, b]) void (one.destroy(), one.client.close());
});

test('entries of an EphemeralStore are seen by others, through reconnects, and go with whoever set them', async () => {
  const { join, relay, runtime } = stage();
  const stores = [0, 1, 2].map(() => new EphemeralStore(30_000));
  const [one, two, three] = stores as [EphemeralStore, EphemeralStore, EphemeralStore];
  one.set('ada', { at: 3 });
  const [a, b] = [join(one), join(two)];
  await quiet();
  two.set('ben', { at: 9 });
  await quiet();
  const c = join(three);
  await quiet();
  for (const store of stores) assert.deepEqual(store.getAllStates(), { ada: { at: 3 }, ben: { at: 9 } });
  one.set('ada', { at: 4 });
  await quiet();
  assert.deepEqual(three.get('ada'), { at: 4 });
  relay.down();
  assert.deepEqual(three.getAllStates(), {});
  assert.deepEqual(one.getAllStates(), { ada: { at: 4 } });
  relay.up = true;
  await runtime.advance(1000);
  await quiet(80);
  for (const store of stores) assert.deepEqual(store.getAllStates(), { ada: { at: 4 }, ben: { at: 9 } });
  b.session.setPresence(Uint8Array.of(255, 255, 255));
  await quiet();
  assert.deepEqual(three.getAllStates(), { ada: { at: 4 } });
  a.destroy();
  await quiet();
  assert.deepEqual(three.getAllStates(), {});
  for (const provider of [a, b, c]) void (provider.destroy(), provider.client.close());
  stores.forEach((store) => store.destroy());
});
