// What a client that is closed still does of what it had begun: a copy in its store that is being compacted, a snapshot that is being made.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Compaction, SubscribeOptions } from '../../src/document.js';
import { ClosedError } from '../../src/errors.js';
import { snapshotter, type SnapshotState } from '../../src/snapshotter.js';
import { answerSubscribe, bytes, caughtUp, handle, records, refused, run, scene, welcome } from '../support/conversation.js';
import { Device } from '../support/lives.js';
import { quiet, settled } from '../support/settled.js';

const other = 'bb'.repeat(16);
const producer = bytes('d1'.repeat(16));

/** A `compact` that says one byte for each record, when it is let. */
function slow(): { compact: Compaction; covered: number[]; ends: (() => void)[] } {
  const covered: number[] = [];
  const ends: (() => void)[] = [];
  const compact: Compaction = async (pieces, kept) => {
    const count = (pieces[0]?.length ?? 0) + kept.length;
    covered.push(count);
    await new Promise<void>((resolve) => ends.push(resolve));
    return [new Uint8Array(count)];
  };
  return { compact, covered, ends };
}

/** A client that has caught up with 600 records, and is compacting them. */
async function caughtUpWith(device: Device, options: SubscribeOptions) {
  const stage = scene({ store: device.open() });
  const session = stage.client.subscribe('d', options);
  await welcome(stage.network, { frameBytesMax: 1 << 22 });
  await answerSubscribe(stage.network.last, { head: 600 });
  stage.network.last.say(records(run(other, 1, 1, new Array<string>(600).fill('aa'))), caughtUp(600));
  await session.whenCaughtUp();
  return { ...stage, session };
}

const inStore = (device: Device): [state: number | undefined, records: number] => {
  const { state, records: kept } = device.contents.load('s\0d');
  return [state?.pieces[0]?.length, kept.length];
};

test('a client that is closed right after it has caught up keeps what compact gives', async () => {
  const device = new Device(producer);
  const { client } = await caughtUpWith(device, { compact: (_, kept) => [new Uint8Array(kept.length)] });
  await client.close();
  assert.deepEqual(inStore(device), [600, 0]);
});

test('it waits for one that takes its time, and its store can be closed then', async () => {
  const device = new Device(producer);
  const { compact, ends } = slow();
  const { client, runtime } = await caughtUpWith(device, { compact });
  await quiet();
  let closed = false;
  const closing = client.close().then(() => (closed = true));
  await quiet();
  assert.equal(client.status, 'stopped'); // at once
  assert.equal(closed, false);
  ends[0]!();
  await closing;
  assert.deepEqual(inStore(device), [600, 0]);
  assert.equal(runtime.timerCount, 0);
});

test('it does not wait for ever: then all records stay, and the next life compacts them, with nothing new from the relay', async () => {
  const device = new Device(producer);
  const { compact, ends } = slow();
  const { client, runtime } = await caughtUpWith(device, { compact });
  const closing = client.close();
  await runtime.advance(2_000);
  await closing;
  ends[0]!();
  await quiet();
  assert.deepEqual(inStore(device), [undefined, 600]);

  const next = scene({ store: device.open() });
  const session = next.client.subscribe('d', { compact: (_, kept) => [new Uint8Array(kept.length)] });
  await welcome(next.network);
  await answerSubscribe(next.network.last, { head: 600 });
  next.network.last.say(caughtUp(600));
  await session.whenCaughtUp();
  await next.client.close();
  assert.deepEqual(inStore(device), [600, 0]);
});

test('a document that is closed and opened again is compacted by one at a time', async () => {
  const device = new Device(producer);
  const { compact, covered, ends } = slow();
  const { client, session, network } = await caughtUpWith(device, { compact });
  await quiet();
  session.close();
  network.last.take();
  client.subscribe('d', { compact });
  await answerSubscribe(network.last, { head: 1200 });
  network.last.say(records(run(other, 601, 601, new Array<string>(600).fill('aa'))), caughtUp(1200));
  await quiet();
  assert.deepEqual(covered, [600]);
  ends[0]!();
  await quiet();
  assert.deepEqual(inStore(device), [600, 600]);
  network.last.say(records(run(other, 1201, 1201, ['bb'])));
  await quiet();
  assert.deepEqual(covered, [600, 1201]);
  const closing = client.close();
  ends[1]!();
  await closing;
  assert.deepEqual(inStore(device), [1201, 0]);
});

test('of a document that is deleted meanwhile nothing stays', async () => {
  const device = new Device(producer);
  const { compact, ends } = slow();
  const { client, network } = await caughtUpWith(device, { compact });
  await quiet();
  network.last.say(refused({ code: 5, reason: 1 }));
  await quiet();
  ends[0]!();
  await quiet();
  await client.close();
  assert.deepEqual(inStore(device), [undefined, 0]);
});

for (const what of ['session', 'client'] as const)
  test(`a snapshot that is being made when the ${what} is closed goes nowhere, and the relay can ask somebody else`, async () => {
    const { client, network, runtime } = scene();
    let made: (state: SnapshotState) => void = () => undefined;
    const make = (): Promise<SnapshotState> => new Promise((resolve) => (made = resolve));
    const session = client.subscribe('d', { snapshotter: snapshotter({ make, compare: () => 'unknown' }) });
    await welcome(network, { snapshotBytesMax: 5000 });
    const socket = network.last;
    await answerSubscribe(socket);
    socket.say(caughtUp(0), { snapshotWanted: { document: handle, leaseMs: 30_000 } });
    await settled();
    const offered = session.offerSnapshot();
    const rejected = assert.rejects(offered, ClosedError);
    socket.take();
    if (what === 'session') session.close();
    else await client.close();
    made({ bytes: bytes('5a') });
    await quiet();
    await rejected;
    const said = socket.take();
    assert.deepEqual(said.filter((event) => 'snapshotOffer' in event || 'snapshotChunk' in event), []);
    // Whoever leaves a document gives back what he was asked for.
    if (what === 'session') assert.equal(said[0]?.unsubscribe?.document, handle);
    else assert.equal(runtime.timerCount, 0);
    await client.close();
  });
