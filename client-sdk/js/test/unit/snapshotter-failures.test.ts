// An application's snapshotter that throws, or its `snapshots` function: the application hears of it, once, and everything else goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toHex } from '../../src/bytes.js';
import { digest } from '../../src/chain.js';
import { BadSnapshotError, type WeirError } from '../../src/errors.js';
import { snapshotter, SnapshotterError, type Snapshotter } from '../../src/snapshotter.js';
import { MemoryStore } from '../../src/store/memory.js';
import { answerSubscribe, bytes, caughtUp, epoch, handle, records, run, scene, welcome } from '../support/conversation.js';
import type { Event } from '../support/network.js';
import { quiet, settled } from '../support/settled.js';

const other = 'bb'.repeat(16);
const theirs = bytes('0102');
const asked = { document: handle, offset: 1, hash: toHex(digest(theirs)), size: theirs.length, codec: 0, leaseMs: 30_000 };

/** A relay that answers what is read to judge a snapshot. */
function answer({ readSnapshot, readHistory }: Event): Event | null {
  if (readSnapshot !== undefined)
    return { snapshotChunk: { request: readSnapshot.request, position: 0, data: toHex(theirs), last: true } };
  if (readHistory === undefined) return null;
  const runs = [run(other, 2, 2, ['ab'])];
  return { history: { request: readHistory.request, epoch, runs, offset: 2, complete: true, head: 2 } };
}

/** It has read two records, and is asked whether a snapshot of the first is right, as often as `ask` is called. */
async function questioned(adapter: Snapshotter) {
  const { client, network } = scene();
  const session = client.subscribe('d', { snapshotter: snapshotter(adapter) });
  const errors: WeirError[] = [];
  session.on('error', (error) => errors.push(error));
  await welcome(network);
  const socket = network.last;
  await answerSubscribe(socket, { head: 2 });
  socket.say(records(run(other, 1, 1, ['aa', 'ab'])), caughtUp(2));
  await settled();
  const attests: unknown[] = [];
  socket.onsent = (event) => {
    if (event.attest !== undefined) attests.push(event.attest.valid);
    const reply = answer(event);
    if (reply !== null) setImmediate(() => socket.say(reply));
  };
  const ask = async (): Promise<void> => {
    socket.say({ attestationWanted: asked });
    await quiet();
  };
  return { session, socket, errors, attests, ask };
}

function throws(): never {
  throw new Error('a hole in it');
}
const make = () => ({ bytes: bytes('5a') });
const failing: { [what: string]: Snapshotter } = {
  'compare throws': { make, compare: throws },
  'compare rejects': { make, compare: () => Promise.reject(new Error('a hole in it')) },
  'make throws': { make: throws, compare: () => 'valid' },
  'make rejects': { make: () => Promise.reject(new Error('a hole in it')), compare: () => 'valid' },
};

for (const [what, adapter] of Object.entries(failing))
  test(`asked whether a snapshot is right, ${what}: it is told, once, and the relay is told nothing`, async () => {
    const { session, socket, errors, attests, ask } = await questioned(adapter);
    await ask();
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof SnapshotterError);
    assert.match(errors[0].message, /^s\/d: another's snapshot at offset 1 was not judged: .*: a hole in it$/);
    assert.equal((errors[0].cause as Error).message, 'a hole in it');
    assert.deepEqual(attests, []);
    const read: number[] = [];
    session.on('records', (some) => read.push(...some.map(({ offset }) => offset)));
    socket.say(records(run(other, 3, 3, ['ac'])));
    await settled();
    assert.deepEqual(read, [3]);
  });

test('a compare that gives what is no verdict has not said that the snapshot is bad', async () => {
  const { errors, attests, ask } = await questioned({ make, compare: () => undefined as unknown as 'valid' });
  await ask();
  assert.match(errors[0]!.message, /it gives valid, invalid, unknown, and not undefined$/);
  assert.deepEqual(attests, []);
});

test('one that has thrown is asked again the next time', async () => {
  let times = 0;
  const compare = () => (times++ === 0 ? throws() : ('valid' as const));
  const { errors, attests, ask } = await questioned({ make, compare });
  await ask();
  await ask();
  assert.equal(errors.length, 1);
  assert.deepEqual(attests, [true]);
});

test('what a relay does wrong is nobody\'s snapshotter', async () => {
  const { socket, errors, attests } = await questioned({ make, compare: () => 'valid' });
  socket.say({ attestationWanted: { ...asked, hash: 'ff'.repeat(32) } });
  await quiet();
  assert.deepEqual([errors, attests], [[], []]);
});

test('asked for one by the relay, make throws: a SnapshotterError tells it', async () => {
  const { socket, errors } = await questioned({ make: throws, compare: () => 'valid' });
  socket.say({ snapshotWanted: { document: handle, leaseMs: 30_000 } });
  await quiet();
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof SnapshotterError);
});

test('a snapshot from the store that is not taken any more is told, and the document is read from its start again', async () => {
  const store = new MemoryStore();
  const first = scene({ store });
  const before = first.client.subscribe('d', { snapshots: true });
  await welcome(first.network);
  await answerSubscribe(first.network.last, { head: 3 });
  const chain = 'c1'.repeat(32);
  first.network.last.say(
    { snapshot: { document: handle, offset: 2, hash: asked.hash, size: theirs.length, chain } },
    { snapshotChunk: { document: handle, position: 0, data: toHex(theirs), last: true } },
    records(run(other, 3, 3, ['ac'])),
    caughtUp(3),
  );
  await before.whenCaughtUp();
  await before.whenPersisted();
  await first.client.close();

  const second = scene({ store });
  const session = second.client.subscribe('d', { snapshots: throws });
  const errors: WeirError[] = [];
  session.on('error', (error) => errors.push(error));
  await welcome(second.network);
  const subscribe = await answerSubscribe(second.network.last, { head: 3 });
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof BadSnapshotError);
  assert.equal((errors[0].cause as Error).message, 'a hole in it');
  assert.equal(subscribe.cursor ?? null, null); // not from behind what was not taken
  const read: number[] = [];
  session.on('records', (some) => read.push(...some.map(({ offset }) => offset)));
  second.network.last.say(records(run(other, 1, 1, ['aa', 'ab', 'ac'])), caughtUp(3));
  await session.whenCaughtUp();
  assert.deepEqual(read, [1, 2, 3]);
});
