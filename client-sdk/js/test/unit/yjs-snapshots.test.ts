// When are two states of a Yjs document the same document? Garbage collected or not, cut into structs one way or
// another: yes. With one character, one deletion, one struct of somebody else's making: no.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Y from 'yjs';

import { compareYjsStates, yjsState } from '../../src/yjs-snapshots.js';
import { mulberry } from '../support/random.js';

const state = (doc: Y.Doc): Uint8Array => Y.encodeStateAsUpdate(doc);

/** A document, and every update that was made in it. */
function author(client: number, gc = true): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc({ gc });
  doc.clientID = client;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  return { doc, updates };
}

function replayed(updates: readonly Uint8Array[], gc: boolean): Y.Doc {
  const doc = new Y.Doc({ gc });
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

/** Two authors who type, delete, format and nest at random, now and then without having heard of each other. */
function session(seed: number): Uint8Array[] {
  const random = mulberry(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const people = [author(1, false), author(2, true)];
  const all: Uint8Array[] = [];
  const heard = [0, 0];
  for (let step = 0; step < 120; step++) {
    const who = below(2);
    const { doc, updates } = people[who]!;
    if (random() < 0.3) {
      for (const update of all.slice(heard[who])) Y.applyUpdate(doc, update);
      heard[who] = all.length;
    }
    const from = updates.length;
    edit(doc, below);
    all.push(...updates.slice(from));
    updates.length = from;
  }
  return all;
}

function edit(doc: Y.Doc, below: (count: number) => number): void {
  const text = doc.getText('text');
  const map = doc.getMap<unknown>('map');
  const list = doc.getArray<unknown>('list');
  const tree = doc.getXmlFragment('tree');
  const kind = below(11);
  const at = (length: number): number => below(length + 1);
  if (kind <= 2) text.insert(at(text.length), ['a', 'word ', '😀', 'ü'][below(4)]!);
  else if (kind === 3 && text.length > 2) text.delete(below(text.length - 2), 2);
  else if (kind === 4 && text.length > 3) text.format(below(text.length - 3), 3, { bold: below(2) === 0 ? true : null });
  else if (kind === 5) map.set(`key${below(4)}`, below(3) === 0 ? new Y.Text('inner') : below(100));
  else if (kind === 6) map.delete(`key${below(4)}`);
  else if (kind === 7) list.insert(at(list.length), [below(9), { deep: [below(9)] }, Uint8Array.of(below(9))]);
  else if (kind === 8 && list.length > 2) list.delete(below(list.length - 2), 2);
  else if (kind === 9) {
    const element = new Y.XmlElement('p');
    element.setAttribute('class', `c${below(3)}`);
    element.insert(0, [new Y.XmlText(`text ${below(99)}`)]);
    tree.insert(at(tree.length), [element]);
  } else if (tree.length > 0) {
    const child = tree.get(below(tree.length));
    const inner = child instanceof Y.XmlElement ? child.get(0) : null;
    if (inner instanceof Y.XmlText && below(2) === 0) {
      inner.insert(0, 'more ');
      inner.format(0, 2, { em: {} });
    } else tree.delete(below(tree.length), 1);
  }
}

test('the same document, whoever collected garbage and wherever the snapshot was taken', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const updates = session(seed);
    const cut = Math.floor((updates.length * (seed % 10)) / 9);
    for (const ownGc of [true, false])
      for (const theirGc of [true, false]) {
        const own = state(replayed(updates, ownGc));
        const snapshot = state(replayed(updates.slice(0, cut), theirGc));
        assert.equal(compareYjsStates(own, snapshot, updates.slice(cut)), 'valid', `seed ${seed}`);
      }
  }
});

test('a document edited here and there is the one that was edited elsewhere, formatting and all', () => {
  const ada = author(1);
  const ben = author(2, false);
  const sync = (): void => {
    Y.applyUpdate(ben.doc, state(ada.doc));
    Y.applyUpdate(ada.doc, state(ben.doc));
  };
  const text = (doc: Y.Doc): Y.Text => doc.getMap('root').get('text') as Y.Text;
  ada.doc.getMap('root').set('text', new Y.Text('the quick brown fox'));
  sync();
  text(ada.doc).format(4, 5, { bold: true });
  text(ben.doc).format(0, 9, { bold: true });
  text(ben.doc).delete(2, 4);
  sync();
  text(ada.doc).format(0, 10, { bold: null });
  sync();
  sync();
  assert.equal(compareYjsStates(state(ada.doc), state(ben.doc), []), 'valid');
  assert.equal(compareYjsStates(state(ben.doc), state(ada.doc), []), 'valid');
});

test('every snapshot that lacks an update or has another one is found', () => {
  let checked = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const updates = session(seed);
    const own = state(replayed(updates, seed % 2 === 0));
    for (let lost = 0; lost < updates.length; lost += 7) {
      const rest = updates.filter((_, i) => i !== lost);
      const snapshot = replayed(rest, seed % 3 === 0);
      if (compareYjsStates(own, state(snapshot), []) === 'valid')
        assert.deepEqual(Y.encodeStateAsUpdate(replayed(rest, false)), Y.encodeStateAsUpdate(replayed(updates, false)));
      else checked++;
    }
    const foreign = new Y.Doc();
    for (const update of updates) Y.applyUpdate(foreign, update);
    foreign.getText('text').insert(0, '!');
    assert.equal(compareYjsStates(own, state(foreign), []), 'invalid');
  }
  assert.ok(checked > 60, `${checked}`);
});

/** Changes bytes of an update that mean `from`, which must be there once, to `to`. */
function forged(update: Uint8Array, from: string, to: string): Uint8Array {
  const bytes = Buffer.from(update);
  const at = bytes.indexOf(from);
  assert.ok(at >= 0 && bytes.indexOf(from, at + 1) < 0);
  bytes.write(to, at);
  return new Uint8Array(bytes);
}

test('one other character under the same clocks', () => {
  for (const gc of [true, false]) {
    const { doc } = author(1, gc);
    doc.getText('text').insert(0, 'pay 100 to Ada');
    doc.getText('text').insert(14, ' and more'); // merged with the first
    doc.getMap('map').set('amount', 'hundred');
    doc.getText('text').delete(4, 1);
    const own = state(doc);
    assert.equal(compareYjsStates(own, own, []), 'valid');
    for (const [from, to] of [
      ['Ada', 'Eve'],
      ['more', 'mora'],
      ['hundred', 'hundert'],
      ['amount', 'amounz'],
      ['text', 'texs'],
    ] as const)
      assert.equal(compareYjsStates(own, forged(own, from, to), []), 'invalid', from);
  }
});

test('a deletion dropped, and one added', () => {
  for (const gc of [true, false]) {
    const { doc, updates } = author(1, gc);
    doc.getText('text').insert(0, 'a secret');
    doc.getText('text').delete(2, 6);
    const own = state(doc);
    assert.equal(compareYjsStates(own, updates[0]!, []), 'invalid');
    assert.equal(compareYjsStates(own, updates[0]!, [updates[1]!]), 'valid');
    assert.equal(compareYjsStates(updates[0]!, own, []), 'invalid');
  }
});

test('deletions and structs for later are found, though nothing of them is to be seen', () => {
  const { doc } = author(1);
  doc.getText('text').insert(0, 'hello');
  const own = state(doc);
  const later = new Y.Doc();
  Y.applyUpdate(later, own);
  later.clientID = 7;
  const before = Y.encodeStateVector(later);
  later.getText('text').insert(5, ' world');
  const between = Y.encodeStateVector(later);
  later.getText('text').insert(11, '!');
  const gap = Y.encodeStateAsUpdate(later, between); // lacks what it stands on
  assert.equal(compareYjsStates(own, Y.mergeUpdates([own, gap]), []), 'invalid');
  later.getText('text').delete(5, 6);
  const deletes = Y.encodeStateAsUpdate(later, Y.encodeStateVector(later)); // only deletions
  assert.equal(compareYjsStates(own, Y.mergeUpdates([own, deletes]), []), 'invalid');
  assert.ok(before.length > 0);
});

test('a tombstone that lost its place takes with it what others wrote beside it', () => {
  const { doc } = author(1, false);
  doc.getText('text').insert(0, 'abc');
  doc.getText('text').delete(1, 1);
  const own = state(doc);
  const stripped = new Y.Doc({ gc: false });
  Y.applyUpdate(stripped, own);
  const structs = stripped.store.clients.get(1)!;
  const index = structs.findIndex(({ deleted }) => deleted);
  const { id, length } = structs[index]!;
  structs[index] = new Y.GC(id, length);
  assert.equal(compareYjsStates(own, state(stripped), []), 'invalid');
  assert.equal(compareYjsStates(state(stripped), own, []), 'invalid');
});

test('what waits for a struct that is nowhere leaves the question open, and equal states equal', () => {
  const { doc, updates } = author(1);
  doc.getText('text').insert(0, 'a');
  doc.getText('text').insert(1, 'b');
  doc.getText('text').insert(2, 'c');
  const incomplete = new Y.Doc();
  for (const update of [updates[0]!, updates[2]!]) Y.applyUpdate(incomplete, update);
  const own = state(incomplete);
  assert.equal(compareYjsStates(own, own, []), 'valid');
  assert.equal(compareYjsStates(own, updates[0]!, [updates[2]!]), 'valid');
  assert.equal(compareYjsStates(own, updates[0]!, []), 'unknown');
  assert.equal(compareYjsStates(own, state(doc), []), 'invalid');
});

test('bytes that are no update are no snapshot; a record that is none is left out', () => {
  const { doc } = author(1);
  doc.getText('text').insert(0, 'x');
  const own = state(doc);
  for (const bytes of [Uint8Array.of(), Uint8Array.of(255, 255), own.slice(0, -1)])
    assert.equal(compareYjsStates(own, bytes, []), 'invalid');
  assert.equal(compareYjsStates(own, own, [Uint8Array.of(255, 1)]), 'valid');
  assert.equal(compareYjsStates(Uint8Array.of(9), own, []), 'unknown');
});

/** What a person sees of it. */
function seen(update: Uint8Array): unknown {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  const [text, map, list] = [doc.getText('text'), doc.getMap('map'), doc.getArray('list')];
  return [text.toDelta(), map.toJSON(), list.toJSON(), doc.getXmlFragment('tree').toString()];
}

test('no flipped bit makes another document pass', () => {
  const random = mulberry(5);
  const updates = session(3);
  const doc = replayed(updates, false);
  const own = state(doc);
  let found = 0;
  for (let round = 0; round < 400; round++) {
    const bytes = own.slice();
    bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
    if (compareYjsStates(own, bytes, []) !== 'valid') found++;
    else assert.deepEqual(seen(bytes), seen(own)); // in what is deleted with all around it
  }
  assert.ok(found > 350, `${found}`);
});

test('lossless is what keeps all that was deleted', () => {
  const keeping = author(1, false).doc;
  keeping.getText('text').insert(0, 'abc');
  keeping.getText('text').delete(1, 1);
  assert.equal(yjsState(keeping).fidelity, 'lossless');
  const collecting = author(2).doc;
  collecting.getText('text').insert(0, 'abc');
  assert.equal(yjsState(collecting).fidelity, 'unknown');
  collecting.getText('text').delete(1, 1);
  Y.applyUpdate(keeping, state(collecting));
  assert.equal(yjsState(keeping).fidelity, 'unknown');
});
