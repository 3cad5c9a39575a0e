// What only Automerge has: documents that are values, and automerge-repo, whose handles can be kept in step.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Automerge from '@automerge/automerge';
import { Repo } from '@automerge/automerge-repo';

import { AutomergeCrdt, AutomergeDocument, AutomergeProvider, type AutomergeHandle } from '../../src/automerge.js';
import { WeirClient } from '../../src/client.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

type Todo = {
  items?: Record<string, boolean>;
  title?: string;
};

function stage() {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const runtime = new FakeRuntime();
  const open: AutomergeProvider<Todo>[] = [];
  const join = (handle: AutomergeHandle<Todo>): AutomergeProvider<Todo> => {
    const client = new WeirClient({ url: 'ws://relay', space: 's', webSocket: network.Socket, runtime });
    open.push(new AutomergeProvider(client, 'd', handle));
    return open.at(-1)!;
  };
  const leave = (): void => {
    for (const one of open) void (one.destroy(), one.client.close());
  };
  return { relay, join, leave };
}

/** All from the same first change: else each would make `items` anew, and one of them would win. */
const first = Automerge.from<Todo>({ items: {} }, { actor: '00' });

test('a change is one delta, one that changes nothing is none; merge and changeAt are told as well', async () => {
  const { relay, join, leave } = stage();
  const [one, two] = [new AutomergeDocument(Automerge.clone(first)), new AutomergeDocument(Automerge.clone(first))];
  const [a, b] = [join(one), join(two)];
  await Promise.all([a.whenSaved(), b.whenSaved()]);
  const before = relay.payloads('s', 'd').length;
  const heads = Automerge.getHeads(one.doc());
  let told = 0;
  one.on('heads-changed', () => told++);
  one.change((doc) => {
    doc.items!.milk = true;
    doc.title = 'Saturday';
  });
  one.change(() => undefined);
  assert.equal(told, 1);
  one.update((doc) => Automerge.changeAt(doc, heads, (old) => void (old.items!.bread = false)).newDoc);
  const draft = Automerge.change(Automerge.clone(one.doc()), (doc) => void (doc.items!.eggs = true));
  one.update((doc) => Automerge.merge(doc, draft));
  await quiet();
  assert.equal(relay.payloads('s', 'd').length, before + 3);
  assert.deepEqual(JSON.parse(JSON.stringify(two.doc())), { items: { milk: true, bread: false, eggs: true }, title: 'Saturday' });
  assert.deepEqual(Automerge.getHeads(two.doc()), Automerge.getHeads(one.doc()));
  leave();
});

test("a Repo's handles are kept in step, with the Repo's own copies of them", async () => {
  const { join, leave } = stage();
  const [here, there] = [new Repo(), new Repo()];
  const handle = here.create<Todo>();
  handle.change((doc) => void (doc.items = { milk: true }));
  const a = join(handle);
  await a.whenSaved();
  const other = there.create<Todo>();
  const b = join(other);
  await b.whenSynced();
  assert.deepEqual(JSON.parse(JSON.stringify(other.doc())), { items: { milk: true } });
  other.change((doc) => void (doc.items!.bread = true));
  handle.change((doc) => void (doc.title = 'Sunday'));
  await Promise.all([a.whenSaved(), b.whenSaved()]);
  await quiet();
  assert.deepEqual(Automerge.getHeads(handle.doc()), Automerge.getHeads(other.doc()));
  assert.equal(other.doc().title, 'Sunday');
  assert.equal(handle.doc().items!.bread, true);
  leave();
  await Promise.all([here.shutdown(), there.shutdown()]);
});

test('what waits for a change that is nowhere goes into what stands for the document, and is not left out', () => {
  const author = new AutomergeDocument(Automerge.clone(first));
  const changes: Uint8Array[] = [];
  new AutomergeCrdt(author).observe((deltas) => changes.push(...deltas));
  author.change((doc) => void (doc.items!.a = true));
  author.change((doc) => void (doc.title = 'x'.repeat(1000))); // long enough to be deflated
  const crdt = (deltas: Uint8Array[]): AutomergeCrdt<Todo> => {
    const one = new AutomergeCrdt(new AutomergeDocument(Automerge.clone(first)));
    one.apply(deltas);
    return one;
  };
  const waiting = crdt([changes[1]!]);
  const copy = new AutomergeCrdt(new AutomergeDocument<Todo>());
  copy.apply(waiting.state());
  assert.equal(waiting.compare(copy), 'valid');
  assert.equal(waiting.compare(crdt([])), 'unknown');
  assert.equal(crdt([]).compare(waiting), 'invalid');
  assert.equal(waiting.lacking(crdt([])).length, 1);
  assert.deepEqual(waiting.lacking(copy), []);
  copy.apply([changes[0]!]);
  assert.equal(crdt(changes).compare(copy), 'valid');
});
