// The relay asks for a snapshot, or whether another's is right: when a client answers, with what, and when it says nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toHex } from '../../src/bytes.js';
import { chainNext, chainStart, digest } from '../../src/chain.js';
import type { SubscribeOptions, WeirRecord } from '../../src/document.js';
import { encryption } from '../../src/encryption.js';
import { ClosedError, SnapshotRefusedError, type WeirError } from '../../src/errors.js';
import { snapshotter, type SnapshotState, type Verdict } from '../../src/snapshotter.js';
import {
  answerSubscribe,
  bytes,
  caughtUp,
  epoch,
  handle,
  records,
  refused,
  run,
  scene,
  stored,
  welcome,
} from '../support/conversation.js';
import { type Event, type Fields } from '../support/network.js';
import { quiet, settled } from '../support/settled.js';

const own = '01'.repeat(16);
const other = 'bb'.repeat(16);
const wanted: Event = { snapshotWanted: { document: handle, leaseMs: 30_000 } };
const limits = { snapshotBytesMax: 5000, inFlightBytesMax: 2000, frameBytesMax: 2000, payloadBytesMax: 500 };

interface Adapter {
  made: number;
  state: SnapshotState | null;
  verdict: Verdict;
  compared: { own: SnapshotState; snapshot: { bytes: Uint8Array; codec: number }; records: readonly WeirRecord[] }[];
}

async function caughtUpClient(state: SnapshotState | null = { bytes: bytes('5a5a') }, more: SubscribeOptions = {}) {
  const adapter: Adapter = { made: 0, state, verdict: 'valid', compared: [] };
  const stage = scene();
  const session = stage.client.subscribe('d', {
    ...more,
    snapshotter: snapshotter({
      make: () => (adapter.made++, adapter.state),
      compare: (ours, snapshot, some) => (adapter.compared.push({ own: ours, snapshot, records: some }), adapter.verdict),
    }),
  });
  const errors: WeirError[] = [];
  session.on('error', (error) => errors.push(error));
  const hello = await welcome(stage.network, limits);
  await answerSubscribe(stage.network.last, { head: 2 });
  stage.network.last.say(records(run(other, 1, 1, ['aa', 'ab'])), caughtUp(2));
  await settled();
  return { ...stage, session, adapter, hello, errors };
}

function chainAfter(...payloads: [producer: string, sequence: number, payload: string][]): string {
  let chain = chainStart('s', 'd');
  for (const [producer, sequence, payload] of payloads)
    chain = chainNext(chain, bytes(producer), sequence, 0, digest(bytes(payload)));
  return toHex(chain);
}

const kinds = (events: Event[]): string[] => events.map((event) => Object.keys(event)[0]!);

test('when it is asked, it offers what it has at its cursor, and its bytes', async () => {
  const { network, session, hello } = await caughtUpClient({ bytes: bytes('0102'), codec: 16, fidelity: 'lossless' });
  assert.equal(hello.makesSnapshots, true);
  network.last.say(wanted);
  await settled();
  const [offer, chunk, ...more] = network.last.take();
  const hash = toHex(digest(bytes('0102')));
  assert.deepEqual(offer?.snapshotOffer, {
    document: handle,
    epoch,
    offset: 2,
    chain: chainAfter([other, 1, 'aa'], [other, 2, 'ab']),
    hash,
    size: 2,
    codec: 16,
    fidelity: 1,
  });
  const { document, position, data, last } = chunk?.snapshotChunk ?? {};
  assert.deepEqual([document, position, data, last], [handle, 0, '0102', true]);
  assert.deepEqual(more, []);
  const durable: unknown[] = [];
  session.on('snapshot-stored', (about) => durable.push(about));
  network.last.say({ snapshotStored: { document: handle, offset: 2, hash } });
  await settled();
  assert.deepEqual(durable, [{ offset: 2 }]);
});

test('not while something of its own is unpublished, or was not read back', async () => {
  const { network, session, adapter } = await caughtUpClient();
  void session.publish(bytes('cc'));
  await settled();
  network.last.takeOne('publish');
  network.last.say(wanted);
  await settled();
  assert.deepEqual(network.last.take(), []);
  network.last.say(stored(1, 3));
  await settled();
  assert.equal(adapter.made, 0);
  network.last.say(records(run(own, 1, 3, ['cc'], true)));
  await settled();
  const [offer] = network.last.take();
  assert.equal(offer?.snapshotOffer?.offset, 3);
  assert.equal(offer?.snapshotOffer?.chain, chainAfter([other, 1, 'aa'], [other, 2, 'ab'], [own, 1, 'cc']));
  assert.equal(adapter.made, 1);
});

test('not after the lease, and not when the application has none', async () => {
  const late = await caughtUpClient();
  void late.session.publish(bytes('cc'));
  await settled();
  late.network.last.take();
  late.network.last.say(wanted);
  await late.runtime.advance(30_001);
  const socket = late.network.sockets[0]!;
  socket.say(stored(1, 3), records(run(own, 1, 3, ['cc'], true)));
  await settled();
  assert.equal(late.adapter.made, 0);
  const none = await caughtUpClient(null);
  none.network.last.say(wanted);
  await settled();
  assert.equal(none.adapter.made, 1);
  assert.deepEqual(none.network.last.take(), []);
  assert.deepEqual(none.errors, []);
});

test('a client without a snapshotter does not say that it makes snapshots, nor answer', async () => {
  const { client, network } = scene();
  client.subscribe('d');
  assert.equal((await welcome(network)).makesSnapshots, false);
  await answerSubscribe(network.last);
  network.last.say(caughtUp(0), wanted);
  await settled();
  assert.deepEqual(network.last.take(), []);
});

test('chunks keep to the frame, to what may be in flight, and behind deltas that wait', async () => {
  const content = Uint8Array.from({ length: 2500 }, (_, i) => i % 256);
  const { network, session } = await caughtUpClient({ bytes: content });
  let buffered = 0;
  Object.defineProperty(network.last, 'bufferedAmount', { get: () => buffered });
  network.last.onsent = (event) => {
    network.last.sent.push(event);
    if ('snapshotChunk' in event) {
      buffered += 1001;
      void session.publish(Uint8Array.from({ length: 400 }, () => 1));
    }
  };
  network.last.say(wanted);
  await settled();
  assert.deepEqual(kinds(network.last.take()), ['snapshotOffer', 'snapshotChunk', 'publish']);
});

test('the socket is full: the next chunk waits until it is not', async () => {
  const content = Uint8Array.from({ length: 2500 }, (_, i) => i % 256);
  const { network, runtime } = await caughtUpClient({ bytes: content });
  const socket = network.last;
  let buffered = 5000;
  Object.defineProperty(socket, 'bufferedAmount', { get: () => buffered });
  socket.say(wanted);
  await runtime.advance(200);
  assert.deepEqual(kinds(socket.take()), ['snapshotOffer']);
  buffered = 0;
  await runtime.advance(200);
  const chunks = socket.take().map(({ snapshotChunk }) => snapshotChunk!);
  assert.deepEqual(
    chunks.map(({ position, last }) => [position, last]),
    [
      [0, false],
      [1000, false],
      [2000, true],
    ],
  );
  assert.equal(chunks.map(({ data }) => data as string).join(''), toHex(content));
});

test('deltas that fill what may be in flight hold chunks back until they are answered', async () => {
  const { network, session } = await caughtUpClient({ bytes: new Uint8Array(2500) });
  network.last.onsent = (event) => {
    network.last.sent.push(event);
    if (!('snapshotOffer' in event)) return;
    for (let i = 0; i < 3; i++) void session.publish(new Uint8Array(500));
  };
  network.last.say(wanted);
  await settled();
  assert.deepEqual(kinds(network.last.take()), ['snapshotOffer', 'publish', 'publish']);
  network.last.say(stored(3, 5));
  await settled();
  assert.deepEqual(kinds(network.last.take()), ['snapshotChunk', 'snapshotChunk', 'snapshotChunk']);
});

test('what the relay does not take ends the sending, and nothing else', async () => {
  const { network, session, errors } = await caughtUpClient({ bytes: new Uint8Array(2500) });
  network.last.onsent = (event) => {
    network.last.sent.push(event);
    if ('snapshotChunk' in event) network.last.say(refused({ code: 6, reason: 9, message: 'there is one' }));
  };
  network.last.say(wanted);
  await settled();
  assert.deepEqual(kinds(network.last.take()), ['snapshotOffer', 'snapshotChunk']);
  assert.deepEqual(errors, []);
  const offered = assert.rejects(session.offerSnapshot(), SnapshotRefusedError);
  await settled();
  await offered;
});

test('an application may offer one, and hears what became of it', async () => {
  const { network, session, adapter, client } = await caughtUpClient();
  const first = session.offerSnapshot();
  await settled();
  const [offer] = network.last.take();
  const { hash } = offer!.snapshotOffer!;
  network.last.say({ snapshotStored: { document: handle, offset: 2, hash } });
  assert.deepEqual(await first, { offset: 2 });
  adapter.state = { bytes: new Uint8Array(5001) };
  await assert.rejects(session.offerSnapshot(), /5001 bytes.*takes 5000/);
  adapter.state = null;
  await assert.rejects(session.offerSnapshot(), /none to give/);
  adapter.state = { bytes: bytes('aa') };
  await assert.rejects(session.offerSnapshot({ signal: AbortSignal.abort(new Error('enough')) }), /enough/);
  const last = session.offerSnapshot();
  client.close();
  await assert.rejects(last, ClosedError);
  await assert.rejects(session.offerSnapshot(), ClosedError);
});

test('an offer that the connection did not outlive is made again when the application asked, not when the relay did', async () => {
  for (const asked of [true, false]) {
    const { network, runtime, session } = await caughtUpClient({ bytes: bytes('0102') });
    let result: unknown;
    if (asked) void session.offerSnapshot().then((about) => (result = about));
    else network.last.say(wanted);
    await settled();
    assert.deepEqual(kinds(network.last.take()), ['snapshotOffer', 'snapshotChunk']);
    network.last.drop();
    while (network.sockets.length === 1) await runtime.advance(100);
    await welcome(network, limits);
    await answerSubscribe(network.last, { head: 2 });
    network.last.say(caughtUp(2));
    await settled();
    assert.deepEqual(kinds(network.last.take()), asked ? ['snapshotOffer', 'snapshotChunk'] : []);
    assert.equal(result, undefined);
  }
});

// ---- attestation ----

const theirs = bytes('0102030405');
const question: Fields = {
  document: handle,
  offset: 1,
  hash: toHex(digest(theirs)),
  size: theirs.length,
  codec: 0,
  leaseMs: 30_000,
};

/** Answers whatever is asked about the snapshot and the records after it. */
function answer(event: Event): Event | null {
  const { readSnapshot, readHistory } = event;
  if (readSnapshot !== undefined) {
    const from = readSnapshot.position as number;
    const part = theirs.subarray(from, from + 3);
    const last = from + 3 >= theirs.length;
    return { snapshotChunk: { request: readSnapshot.request, position: from, data: toHex(part), last } };
  }
  if (readHistory === undefined) return null;
  const { after, request } = readHistory as { after: number; request: number };
  const payloads = ['aa', 'ab', 'ac'];
  const runs = [run(other, after + 1, after + 1, [payloads[after]!])];
  return { history: { request, epoch, runs, offset: after + 1, complete: after + 1 === readHistory.asOfOffset, head: 2 } };
}

async function questioned(about: Fields = {}, answers = answer, before: Event[] = []) {
  const stage = await caughtUpClient();
  const socket = stage.network.last;
  const sent: Event[] = [];
  socket.onsent = (event) => {
    sent.push(event);
    const reply = answers(event);
    if (reply !== null) setImmediate(() => socket.say(reply));
  };
  socket.say(...before, { attestationWanted: { ...question, ...about } });
  for (let i = 0; i < 20; i++) await settled();
  return { ...stage, socket, sent, attests: () => sent.flatMap(({ attest }) => (attest === undefined ? [] : [attest])) };
}

for (const verdict of ['valid', 'invalid'] as const)
  test(`it reads the snapshot and the records after it, compares, and says that it is ${verdict}`, async () => {
    const { socket, adapter, attests, sent } = await questioned();
    adapter.verdict = verdict;
    assert.deepEqual(attests(), [{ document: handle, offset: 1, hash: question.hash, valid: true }]);
    sent.length = 0;
    socket.say({ attestationWanted: question });
    for (let i = 0; i < 20; i++) await settled();
    assert.deepEqual(attests(), [{ document: handle, offset: 1, hash: question.hash, valid: verdict === 'valid' }]);
    assert.deepEqual(kinds(sent), ['readSnapshot', 'readSnapshot', 'readHistory', 'attest']);
    const [{ own: ours, snapshot, records: after }] = adapter.compared as [Adapter['compared'][number]];
    assert.equal(toHex(ours.bytes), '5a5a');
    assert.deepEqual([toHex(snapshot.bytes), snapshot.codec], [toHex(theirs), 0]);
    assert.deepEqual(
      after.map(({ offset, payload, own: mine }) => [offset, toHex(payload!), mine]),
      [[2, 'ab', false]],
    );
  });

test('equal bytes at the same offset need no comparing', async () => {
  const stage = await caughtUpClient({ bytes: theirs });
  const socket = stage.network.last;
  const sent: Event[] = [];
  socket.onsent = (event) => {
    sent.push(event);
    const reply = answer(event);
    if (reply !== null) setImmediate(() => socket.say(reply));
  };
  socket.say({ attestationWanted: { ...question, offset: 2 } });
  for (let i = 0; i < 10; i++) await settled();
  assert.equal(sent.at(-1)?.attest?.valid, true);
  assert.deepEqual(stage.adapter.compared, []);
});

test('a snapshot ahead of what it has read waits for the records', async () => {
  const { socket, attests, adapter } = await questioned({ offset: 3 });
  assert.deepEqual(attests(), []);
  assert.equal(adapter.made, 0);
  socket.say(records(run(other, 3, 3, ['ac'])));
  for (let i = 0; i < 10; i++) await settled();
  assert.equal(attests().length, 1);
  assert.deepEqual(adapter.compared[0]?.records, []);
});

const silent: { [what: string]: (event: Event) => Event | null } = {
  'other bytes came': (event) => {
    const reply = answer(event);
    if (reply?.snapshotChunk?.position === 3) reply.snapshotChunk.data = 'ffff';
    return reply;
  },
  'records are not kept': (event) => {
    const reply = answer(event);
    if (reply?.history !== undefined) reply.history.cut = 2;
    return reply;
  },
  'the records are of another epoch': (event) => {
    const reply = answer(event);
    if (reply?.history !== undefined) reply.history.epoch = epoch + 1;
    return reply;
  },
  'it may not read it': (event) => {
    const { readSnapshot } = event;
    if (readSnapshot === undefined) return null;
    return { error: { code: 7, request: readSnapshot.request, message: 'no' } };
  },
};

for (const [what, answers] of Object.entries(silent))
  test(`it says nothing when ${what}`, async () => {
    const { attests, errors } = await questioned({}, answers);
    assert.deepEqual(attests(), []);
    assert.deepEqual(errors, []);
  });

test('it says nothing when it cannot tell, when it has no state, and when the lease is over', async () => {
  const { socket, adapter, sent, runtime, attests } = await questioned();
  sent.length = 0;
  adapter.verdict = 'unknown';
  socket.say({ attestationWanted: question });
  for (let i = 0; i < 20; i++) await settled();
  adapter.state = null;
  socket.say({ attestationWanted: question });
  for (let i = 0; i < 20; i++) await settled();
  adapter.state = { bytes: bytes('5a') };
  adapter.verdict = 'valid';
  socket.say({ attestationWanted: { ...question, offset: 3, leaseMs: 10 } });
  for (let i = 0; i < 20; i++) await settled();
  await runtime.advance(11);
  socket.say(records(run(other, 3, 3, ['ac'])));
  for (let i = 0; i < 20; i++) await settled();
  assert.deepEqual(attests(), []);
});

test('what goes wrong in making one is told: to who asked, or as an error when the relay did', async () => {
  const thrown = (): never => {
    throw new Error('too busy');
  };
  const wrongs: [() => SnapshotState, RegExp][] = [
    [thrown, /^s\/d: no snapshot was offered: the application could not make one: too busy$/],
    [() => ({ bytes: new ArrayBuffer(1) as unknown as Uint8Array }), /could not make one: a snapshot's `bytes` takes a Uint8Array$/],
    [() => undefined as unknown as SnapshotState, /could not make one: /],
  ];
  for (const [make, why] of wrongs) {
    const stage = scene();
    const session = stage.client.subscribe('d', { snapshotter: snapshotter({ make, compare: () => 'unknown' }) });
    const errors: string[] = [];
    session.on('error', ({ message }) => errors.push(message));
    await welcome(stage.network, limits);
    await answerSubscribe(stage.network.last);
    stage.network.last.say(caughtUp(0));
    await assert.rejects(session.offerSnapshot(), { message: why });
    assert.deepEqual(errors, []);
    stage.network.last.say(wanted);
    await settled();
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, why);
  }
});

test('a snapshot of an encrypted document that cannot be sealed does not go, and least of all in plain', async (t) => {
  const { network, session } = await caughtUpClient({ bytes: bytes('5a5a') }, { encryption: encryption({ id: 1, key: new Uint8Array(32) }) });
  await quiet();
  network.last.take();
  t.mock.method(crypto.subtle, 'encrypt', () => Promise.reject(new Error('no')));
  const offered = assert.rejects(session.offerSnapshot(), { message: /could not make one: no$/ });
  await quiet();
  assert.deepEqual(network.last.take(), []);
  await offered;
});
