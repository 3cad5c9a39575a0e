// The ordinary course: connect, subscribe, publish, read, resume.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chainNext, chainStart, digest } from '../../src/chain.js';
import type { DocumentSession, WeirRecord } from '../../src/document.js';
import { OutboxFullError, PayloadTooLargeError } from '../../src/errors.js';
import {
  answerSubscribe,
  bytes,
  caughtUp,
  epoch,
  handle,
  inShort,
  records,
  run,
  scene,
  stored,
  welcome,
} from '../support/conversation.js';
import { type Event } from '../support/network.js';
import { settled } from '../support/settled.js';

const own = '01'.repeat(16);
const other = 'bb'.repeat(16);
const offsetOf = (session: DocumentSession): number | undefined => session.cursor?.offset;
const toHex = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString('hex');

test('hello, then subscribe, then what was published meanwhile in one message', async () => {
  const { client, network } = scene({ token: 'secret', clientName: 'test/1' });
  const session = client.subscribe('d', { presence: true });
  const promises = [session.publish(bytes('aa')), session.publish(bytes('bb'), { codec: 16 })];
  const hello = await welcome(network);
  assert.deepEqual(hello, {
    protocolVersion: 1,
    producer: own,
    token: 'secret',
    packs: [],
    makesSnapshots: false,
    client: 'test/1',
  });
  assert.equal(network.last.url, 'ws://relay/v1/sync');
  assert.equal(network.last.protocols, 'weir.v1');

  const subscribe = await answerSubscribe(network.last);
  assert.equal(subscribe.space, 's');
  assert.equal(subscribe.document, 'd');
  assert.equal(subscribe.from, 0);
  assert.equal(subscribe.presence, true);
  const publish = network.last.takeOne('publish');
  assert.deepEqual(publish, {
    document: handle,
    epoch,
    firstSequence: 1,
    base: false,
    deltas: [
      { codec: 0, payload: 'aa' },
      { codec: 16, payload: 'bb' },
    ],
  });

  let saved = false;
  void session.whenStored().then(() => (saved = true));
  network.last.say(stored(1, 40));
  assert.deepEqual(await promises[0], { offset: 40 });
  assert.equal(session.pendingCount, 1);
  assert.equal(saved, false);
  network.last.say(stored(2, 41));
  assert.deepEqual(await promises[1], { offset: 41 });
  await settled();
  assert.equal(saved, true);
  assert.equal(client.pendingCount, 0);
});

test('what was not stored is sent again after a reconnect: the same bytes under the same sequences', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d');
  await welcome(network);
  await answerSubscribe(network.last);
  for (const payload of ['aa', 'bb', 'cc']) void session.publish(bytes(payload));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['aa', 'bb', 'cc']]);
  network.last.say(stored(1));
  void session.publish(bytes('dd'));
  network.last.drop();
  assert.equal(client.status, 'connecting');
  await runtime.advance(1000);
  assert.equal(network.sockets.length, 2);
  await welcome(network);
  await answerSubscribe(network.last, { lastSequence: 2, head: 2 });
  assert.equal(session.pendingCount, 3);
  network.last.say(caughtUp(2)); // before anything of it was read, nothing is sent
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['bb', 'cc', 'dd']]);
});

test('records come in order, each once, and the cursor names them; own ones may come without payload', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d');
  const seen: WeirRecord[][] = [];
  session.on('records', (delivered) => seen.push(delivered));
  await welcome(network);
  await answerSubscribe(network.last, { head: 5 });
  void session.publish(bytes('0a'));
  await settled();
  network.last.say(records(run(other, 1, 4, ['aa', 'bb'])), caughtUp(5));
  await settled();
  network.last.say(
    stored(1, 9),
    records(run(own, 1, 9, [''], true)),
    records(run(other, 3, 12, ['cc'])),
  );
  assert.equal(session.caughtUp, true);
  assert.deepEqual(
    seen.map((delivered) =>
      delivered.map(({ offset, sequence, payload, own: mine }) => [
        offset,
        sequence,
        payload === null ? null : toHex(payload),
        mine,
      ]),
    ),
    [
      [
        [4, 1, 'aa', false],
        [5, 2, 'bb', false],
      ],
      [
        [9, 1, null, true],
        [12, 3, 'cc', false],
      ],
    ],
  );
  let chain = chainStart('s', 'd');
  for (const [producer, sequence, payload] of [
    [other, 1, 'aa'],
    [other, 2, 'bb'],
    [own, 1, '0a'],
    [other, 3, 'cc'],
  ] as const)
    chain = chainNext(chain, bytes(producer), sequence, 0, digest(bytes(payload)));
  assert.deepEqual(session.cursor, { epoch: BigInt(epoch), offset: 12, chain });

  network.last.drop();
  assert.equal(session.caughtUp, false);
  await runtime.advance(1000);
  await welcome(network);
  const again = await answerSubscribe(network.last, { head: 12, lastSequence: 1 });
  assert.equal(again.from, 1);
  assert.deepEqual(again.cursor, { epoch, offset: 12, chain: toHex(chain) });
  network.last.say(records(run(other, 3, 12, ['cc']), run(other, 4, 13, ['dd'])));
  assert.deepEqual(
    seen.at(-1)!.map(({ offset }) => offset),
    [13],
  );
});

test('an own record without payload that this client cannot name means reading from the start next time', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d');
  await welcome(network);
  await answerSubscribe(network.last);
  network.last.say(records(run(own, 1, 1, [''], true)));
  assert.equal(offsetOf(session), undefined);
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  assert.equal((await answerSubscribe(network.last, { head: 1, lastSequence: 1 })).from, 0);
  network.last.say(records(run(own, 1, 1, ['aa'])));
  assert.equal(offsetOf(session), 1);
});

test('a cursor given at the start is where reading begins', async () => {
  const { client, network } = scene();
  const chain = new Uint8Array(32).fill(5);
  client.subscribe('d', { from: { epoch: 7n, offset: 30, chain } });
  await welcome(network);
  const subscribe = await answerSubscribe(network.last, { head: 30 });
  assert.deepEqual([subscribe.from, subscribe.cursor], [1, { epoch, offset: 30, chain: toHex(chain) }]);
});

test('live only means live only after a reconnect too', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d', { from: 'live' });
  await welcome(network);
  assert.equal((await answerSubscribe(network.last, { head: 8 })).from, 2);
  network.last.say(records(run(other, 9, 9, ['aa'])));
  assert.equal(session.cursor, null);
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  assert.equal((await answerSubscribe(network.last, { head: 9 })).from, 2);
});

test('no more payload is on the wire than the relay allows; an ack makes room', async () => {
  const { client, network } = scene();
  const session = client.subscribe('d');
  await welcome(network, { inFlightBytesMax: 100 });
  await answerSubscribe(network.last);
  for (let i = 0; i < 5; i++) void session.publish(new Uint8Array(40));
  await settled();
  assert.equal(inShort(network.last.takeOne('publish'))[2].length, 2);
  network.last.say(stored(1));
  await settled();
  assert.deepEqual(network.last.take(), []); // the frame is answered as a whole
  network.last.say(stored(2));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')).slice(0, 1), [3]);
  network.last.say(stored(4));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')).slice(0, 1), [5]);
});

test('a delta larger than the whole budget still goes, alone', async () => {
  const { client, network } = scene();
  const session = client.subscribe('d');
  await welcome(network, { inFlightBytesMax: 100 });
  await answerSubscribe(network.last);
  void session.publish(new Uint8Array(10));
  void session.publish(new Uint8Array(300));
  await settled();
  assert.equal(inShort(network.last.takeOne('publish'))[2].length, 1);
  network.last.say(stored(1));
  await settled();
  assert.equal(inShort(network.last.takeOne('publish'))[0], 2);
});

test('several documents share the connection and its budget', async () => {
  const { client, network } = scene();
  const first = client.subscribe('first');
  const second = client.subscribe('second', { space: 'elsewhere' });
  await welcome(network, { inFlightBytesMax: 100 });
  const [a, b] = network.last.take();
  assert.deepEqual(
    [a!.subscribe!.document, b!.subscribe!.document, b!.subscribe!.space],
    ['first', 'second', 'elsewhere'],
  );
  network.last.say(
    { subscribed: { request: b!.subscribe!.request, document: 20, epoch } },
    { subscribed: { request: a!.subscribe!.request, document: 10, epoch } },
  );
  void first.publish(new Uint8Array(80));
  void second.publish(new Uint8Array(80));
  await settled();
  assert.equal(network.last.takeOne('publish').document, 10);
  network.last.say({ stored: { document: 10, throughSequence: 1, offset: 1 } });
  await settled();
  assert.equal(network.last.takeOne('publish').document, 20);
  assert.equal(first.pendingCount, 0);
  assert.equal(second.pendingCount, 1);
  assert.throws(() => client.subscribe('first'), /subscribed already/);
});

test('a producer of an earlier life goes on behind its last sequence', async () => {
  const { client, network } = scene({ producer: new Uint8Array(16).fill(9) });
  const session = client.subscribe('d');
  void session.publish(bytes('aa'));
  assert.equal((await welcome(network)).producer, '09'.repeat(16));
  await answerSubscribe(network.last, { lastSequence: 37, head: 50 });
  network.last.say(caughtUp(50)); // before anything of it was read, nothing is sent
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [38, false, ['aa']]);
});

test('what can never be stored is refused at once', async () => {
  const { client, network } = scene({ outboxBytesMax: 600 });
  const session = client.subscribe('d');
  void session.publish(new Uint8Array(501)); // larger than this relay takes, which is not known yet
  void session.publish(bytes('aa'));
  await welcome(network);
  await answerSubscribe(network.last);
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['aa']]);
  await assert.rejects(session.publish(new Uint8Array(501)), PayloadTooLargeError);
  void session.publish(new Uint8Array(500));
  await assert.rejects(session.publish(new Uint8Array(101)), OutboxFullError);
  assert.equal(session.pendingCount, 2);
});

for (const when of ['subscribing', 'publishing'])
  test(`a document closed while ${when} and opened again: on another connection, where no old answer comes`, async () => {
    const { client, network, runtime } = scene();
    const first = client.subscribe('d');
    await welcome(network);
    if (when === 'publishing') {
      await answerSubscribe(network.last);
      void first.publish(bytes('aa')).catch(() => undefined);
      await settled();
    }
    first.close();
    const second = client.subscribe('d');
    void second.publish(bytes('bb'));
    await runtime.advance(1000);
    assert.equal(network.sockets.length, 2);
    await welcome(network);
    await answerSubscribe(network.last, { lastSequence: 1, head: 1 });
    network.last.say(caughtUp(1));
    await settled();
    assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['bb']]);
  });

test('closing a session ends its subscription and gives up what waits', async () => {
  const { client, network } = scene();
  const session = client.subscribe('d');
  await welcome(network);
  await answerSubscribe(network.last);
  const promise = session.publish(bytes('aa'));
  session.close();
  await assert.rejects(promise, { name: 'ClosedError' });
  await settled();
  assert.equal(network.last.takeOne('unsubscribe').document, handle);
  client.subscribe('d');
  assert.equal(network.last.takeOne('subscribe').document, 'd');
});

test('records of several documents in one message are handed over in its order', async () => {
  const { client, network } = scene();
  const seen: string[] = [];
  const open = async (document: string, number: number): Promise<DocumentSession> => {
    const session = client.subscribe(document);
    session.on('records', (all) => seen.push(`${document}:${all.map(({ offset }) => offset).join()}`));
    if (number === 1) await welcome(network);
    await answerSubscribe(network.last, { document: number });
    return session;
  };
  const a = await open('a', 1);
  const b = await open('b', 2);
  const of = (document: number, offset: number): Event => ({
    records: { document, runs: [run(other, offset, offset, ['aa'])] },
  });
  network.last.say(of(1, 1), of(2, 2), of(2, 3), of(1, 4));
  await settled();
  assert.deepEqual(seen, ['a:1', 'b:2,3', 'a:4']);

  seen.length = 0;
  a.once('records', () => b.close());
  network.last.say(of(1, 5), of(2, 6), of(1, 7));
  await settled();
  assert.deepEqual(seen, ['a:5', 'a:7'], 'nothing of a document that the application closed meanwhile');
});
