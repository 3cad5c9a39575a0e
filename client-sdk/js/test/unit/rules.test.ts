// What the protocol asks of a client when things go wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  Code,
  DocumentDeletedError,
  EpochChangedError,
  FencedError,
  Reason,
  type WeirError,
} from '../../src/errors.js';
import {
  answerSubscribe,
  bytes,
  caughtUp,
  epoch,
  inShort,
  records,
  refused,
  run,
  scene,
  stored,
  welcome,
  type Scene,
} from '../support/conversation.js';
import type { DocumentSession, SubscribeOptions } from '../../src/document.js';
import { settled } from '../support/settled.js';

const other = 'bb'.repeat(16);

/** A client with one open document that has stored one delta, and has two more on the wire: sequences 2 and 3. */
async function threePublished(
  options: SubscribeOptions = {},
): Promise<Scene & { session: DocumentSession; errors: WeirError[] }> {
  const stage = scene();
  const session = stage.client.subscribe('d', options);
  const errors: WeirError[] = [];
  session.on('error', (error) => errors.push(error));
  await welcome(stage.network);
  await answerSubscribe(stage.network.last);
  for (const payload of ['aa', 'bb', 'cc']) {
    void session.publish(bytes(payload));
    await settled();
  }
  stage.network.last.take();
  stage.network.last.say(stored(1));
  await settled();
  return { ...stage, session, errors };
}

async function reconnect(
  { network, runtime }: Scene,
  answer: { [field: string]: unknown },
): Promise<{ [field: string]: unknown }> {
  const before = network.sockets.length;
  network.last.drop();
  while (network.sockets.length === before) await runtime.advance(100);
  await welcome(network);
  return answerSubscribe(network.last, answer);
}

test('lost history: all that is left is read, then the state goes as a base, then what waited', async () => {
  let asked = 0;
  const stage = await threePublished({
    state: () => {
      asked++;
      return bytes('f0');
    },
  });
  const { network, session } = stage;
  await reconnect(stage, { epoch: 8, lostHistory: true, head: 2 });
  assert.deepEqual(network.last.take(), []); // nothing before the rest was read
  assert.equal(asked, 0);
  network.last.say(records(run(other, 1, 2, ['99'])), caughtUp(2));
  await settled();
  const published = network.last.takeOne('publish');
  assert.equal(published.epoch, 8);
  assert.deepEqual(inShort(published), [4, true, ['f0', 'bb', 'cc']]); // under numbers never used before
  assert.equal(session.cursor?.epoch, 8n);

  // Once, also when the connection breaks: the base is resent as such.
  await reconnect(stage, { epoch: 8, head: 2 });
  assert.deepEqual(inShort(network.last.takeOne('publish')), [4, true, ['f0', 'bb', 'cc']]);
  network.last.say(stored(6), caughtUp(6));
  await settled();
  assert.equal(session.pendingCount, 0);
  assert.equal(asked, 1);
  void session.publish(bytes('dd'));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [7, false, ['dd']]);
});

test('another epoch is lost history even when the relay does not say so', async () => {
  const stage = await threePublished({ state: () => Promise.resolve([bytes('f0'), bytes('f1')]) });
  await reconnect(stage, { epoch: 9, lostHistory: false });
  stage.network.last.say(caughtUp(0));
  await settled();
  assert.deepEqual(inShort(stage.network.last.takeOne('publish')), [4, true, ['f0', 'f1', 'bb', 'cc']]);
});

test('what an application gives for its state and is none is told, and what waited goes all the same', async () => {
  const wrongs = ['text', new ArrayBuffer(1), [bytes('f0'), 7], Promise.resolve({})] as unknown as Uint8Array[];
  for (const wrong of wrongs) {
    const stage = await threePublished({ state: () => wrong });
    await reconnect(stage, { epoch: 9, lostHistory: true });
    stage.network.last.say(caughtUp(0));
    await settled();
    assert.deepEqual(inShort(stage.network.last.takeOne('publish')), [4, true, ['bb', 'cc']]);
    const said = stage.errors.map(({ name, message }) => `${name}: ${message}`);
    assert.deepEqual(said, ['StateError: s/d: the application could not give its state: state gives a Uint8Array, several, or null']);
  }
});

test('lost history without anybody to ask: what waited opens the sequence', async () => {
  const stage = await threePublished();
  await reconnect(stage, { epoch: 9, lostHistory: true });
  assert.deepEqual(inShort(stage.network.last.takeOne('publish')), [4, true, ['bb', 'cc']]);
});

test('another epoch is nothing to somebody who had nothing', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d', { state: () => assert.fail('asked for its state') });
  await welcome(network);
  await answerSubscribe(network.last);
  void session.publish(bytes('aa'));
  await settled();
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  await answerSubscribe(network.last, { epoch: 8 });
  network.last.say(caughtUp(0));
  await settled();
  // The first may have been stored, and lie in an older part of the log: its number is not given again.
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, true, ['aa']]);
});

test('a base refused a second time in an epoch: another producer', async () => {
  const stage = await threePublished({ state: () => bytes('f0') });
  await reconnect(stage, { epoch: 8, lostHistory: true });
  stage.network.last.say(caughtUp(0));
  await settled();
  stage.network.last.take();
  stage.network.last.say(refused({ code: Code.failedPrecondition, throughSequence: 6 }));
  await stage.runtime.advance(1000);
  assert.equal((await welcome(stage.network)).producer, '02'.repeat(16));
  await answerSubscribe(stage.network.last, { epoch: 8 });
  assert.deepEqual(inShort(stage.network.last.takeOne('publish')), [1, false, ['f0', 'bb', 'cc']]);
});

test('lost history in an epoch where this producer has something stored: it counts on from there', async () => {
  const stage = await threePublished({ state: () => bytes('f0') });
  const { network, session } = stage;
  network.last.say(records(run(other, 1, 5, ['99'])));
  assert.equal(session.cursor?.offset, 5);
  await reconnect(stage, { lostHistory: true, head: 1, lastSequence: 1 });
  network.last.say(caughtUp(1));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['f0', 'bb', 'cc']]);
});

test('a refusal that names no sequence is not about a publish', async () => {
  const { network, session, errors } = await threePublished();
  network.last.say(refused({ code: Code.resourceExhausted, message: 'too many peers are shown' }));
  await settled();
  assert.deepEqual(network.last.take(), []);
  assert.equal(errors.length, 1);
  network.last.say(stored(3));
  await session.whenStored();
});

test('a handle that the relay does not know: subscribe again', async () => {
  const { network } = await threePublished();
  network.last.say(refused({ code: Code.notFound, throughSequence: 2 }));
  const [, subscribe] = network.last.take();
  network.last.say({ subscribed: { request: subscribe!.subscribe!.request, document: 3, epoch, lastSequence: 1 } });
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['bb', 'cc']]);
});

test('publish names another epoch: subscribe again', async () => {
  const { network, errors } = await threePublished();
  network.last.say(
    refused({ code: Code.failedPrecondition, reason: Reason.epoch, throughSequence: 2 }),
    refused({ code: Code.failedPrecondition, reason: Reason.epoch, throughSequence: 3 }),
  );
  await settled();
  const [unsubscribe, subscribe] = network.last.take();
  assert.ok(unsubscribe?.unsubscribe);
  network.last.say({
    subscribed: { request: subscribe!.subscribe!.request, document: 3, epoch: 8, lostHistory: true },
  });
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [4, true, ['bb', 'cc']]);
  assert.ok(errors.length === 1 && errors[0] instanceof EpochChangedError);
});

for (const reason of [Reason.resendDiffers, Reason.notComparable])
  test(`a resend refused (reason ${reason}): a new producer publishes it again`, async () => {
    const { client, network, runtime, session } = await threePublished();
    const changed: string[] = [];
    client.on('producer-changed', (producer) => changed.push(Buffer.from(producer).toString('hex')));
    network.last.say(refused({ code: Code.aborted, reason, throughSequence: 2 }));
    await settled();
    assert.equal(network.sockets.length, 1); // sequence 3 is not answered yet
    network.last.say(refused({ code: Code.outOfRange, expectedSequence: 2, throughSequence: 3 }));
    await runtime.advance(1000);
    assert.equal(network.sockets.length, 2);
    assert.equal((await welcome(network)).producer, '02'.repeat(16));
    await answerSubscribe(network.last, { head: 1 });
    network.last.say(caughtUp(1));
    await settled();
    assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['bb', 'cc']]);
    network.last.say(stored(2));
    await session.whenStored();
    assert.deepEqual(changed, ['02'.repeat(16)]);
  });

test('a new producer waits for what other documents have on the wire', async () => {
  const { client, network, runtime } = await threePublished();
  const second = client.subscribe('second');
  const request = network.last.takeOne('subscribe').request;
  network.last.say({ subscribed: { request, document: 20, epoch } });
  void second.publish(bytes('22'));
  await settled();
  network.last.say(refused({ code: Code.aborted, reason: Reason.resendDiffers, throughSequence: 3 }));
  await runtime.advance(1000);
  assert.equal(network.sockets.length, 1);
  network.last.say({ stored: { document: 20, throughSequence: 1, offset: 5 } });
  await runtime.advance(1000);
  assert.equal(network.sockets.length, 2);
  assert.equal(second.pendingCount, 0);
});

test('a deleted document is never offered again', async () => {
  const stage = await threePublished();
  const { client, network, runtime, session, errors } = stage;
  const promise = session.publish(bytes('dd'));
  network.last.say(
    refused({ code: Code.notFound, reason: Reason.deleted, throughSequence: 2, message: 'document "d" was deleted' }),
  );
  await assert.rejects(promise, DocumentDeletedError);
  await assert.rejects(session.whenStored(), DocumentDeletedError);
  await assert.rejects(session.whenCaughtUp(), DocumentDeletedError);
  await assert.rejects(session.publish(bytes('ee')), DocumentDeletedError);
  assert.equal(errors.length, 1);
  network.last.take();
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  assert.deepEqual(network.last.take(), []);
  assert.equal(client.status, 'connected');
});

test('a deleted document answers so to a subscription; it is opened anew only when asked for, once', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d');
  await welcome(network);
  const request = network.last.takeOne('subscribe').request;
  network.last.say({ error: { request, code: Code.notFound, reason: Reason.deleted, message: 'deleted' } });
  await assert.rejects(session.whenCaughtUp(), DocumentDeletedError);
  client.subscribe('d', { recreate: true });
  assert.equal((await answerSubscribe(network.last)).recreate, true);
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  assert.equal((await answerSubscribe(network.last)).recreate, false);
});

test('fenced: this client stops, without a storm', async () => {
  const { client, network, runtime, session } = await threePublished();
  const waiting = session.whenStored();
  network.last.say({ error: { code: Code.aborted, reason: Reason.fenced, message: 'a newer session took over' } });
  await assert.rejects(waiting, FencedError);
  assert.equal(client.status, 'stopped');
  await runtime.advance(3_600_000);
  assert.equal(network.sockets.length, 1);
  assert.equal(runtime.timerCount, 0);
  assert.throws(() => client.connect(), /stopped/);
});

test('a gap in the sequence: sent again from the one expected, once everything on the wire was answered', async () => {
  const { network, runtime, session } = await threePublished();
  network.last.say(
    refused({ code: Code.outOfRange, reason: Reason.sequenceGap, expectedSequence: 2, throughSequence: 2 }),
  );
  await runtime.advance(10);
  assert.deepEqual(network.last.take(), []);
  network.last.say(
    refused({ code: Code.outOfRange, reason: Reason.sequenceGap, expectedSequence: 2, throughSequence: 3 }),
  );
  await runtime.advance(10);
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['bb', 'cc']]);
  network.last.say(stored(3));
  await session.whenStored();
});

test('the expected sequence may lie further on: what comes before is not sent again', async () => {
  const { network, runtime, session } = await threePublished();
  network.last.say(refused({ code: Code.outOfRange, expectedSequence: 3, throughSequence: 3 }));
  await runtime.advance(10);
  assert.deepEqual(inShort(network.last.takeOne('publish')), [3, false, ['cc']]);
  network.last.say(stored(3));
  await session.whenStored();
});

test('the relay expects what is not here any more: another producer', async () => {
  const { network, runtime } = await threePublished();
  network.last.say(refused({ code: Code.outOfRange, expectedSequence: 1, throughSequence: 3 }));
  await runtime.advance(1000);
  assert.equal((await welcome(network)).producer, '02'.repeat(16));
});

test('the relay forgot this producer while it was away: another producer', async () => {
  const stage = await threePublished();
  await reconnect(stage, { lastSequence: 0 });
  await stage.runtime.advance(1000);
  assert.equal((await welcome(stage.network)).producer, '02'.repeat(16));
  await answerSubscribe(stage.network.last);
  assert.deepEqual(inShort(stage.network.last.takeOne('publish')), [1, false, ['bb', 'cc']]);
});

test('what the relay has under our sequences may be of a clone: it is sent all the same, and not lost', async () => {
  const stage = await threePublished();
  const { network, runtime } = stage;
  await reconnect(stage, { lastSequence: 3, head: 3 });
  network.last.say(caughtUp(3));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['bb', 'cc']]);
  network.last.say(refused({ code: Code.aborted, reason: Reason.resendDiffers, throughSequence: 3 }));
  await runtime.advance(1000);
  assert.equal((await welcome(network)).producer, '02'.repeat(16));
  await answerSubscribe(network.last);
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['bb', 'cc']]);
});

test('a stored behind a refused resend does not mean what was refused', async () => {
  const stage = await threePublished();
  const { network, runtime, session } = stage;
  // Sequence 2 is a clone's; 3 was taken behind it, before this client had heard so.
  network.last.say(
    refused({ code: Code.aborted, reason: Reason.resendDiffers, throughSequence: 2 }),
    stored(3, 9),
  );
  await runtime.advance(1000);
  assert.equal(session.pendingCount, 1);
  await welcome(network);
  await answerSubscribe(network.last);
  assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, ['bb']]);
  network.last.say(stored(1, 10));
  await session.whenStored();
});

test('the relay has less of this producer than it had acknowledged: another producer offers the state', async () => {
  const stage = await threePublished({ state: () => bytes('f0') });
  await reconnect(stage, { lastSequence: 0 });
  await stage.runtime.advance(1000);
  assert.equal((await welcome(stage.network)).producer, '02'.repeat(16));
  await answerSubscribe(stage.network.last);
  stage.network.last.say(caughtUp(0));
  await settled();
  assert.deepEqual(inShort(stage.network.last.takeOne('publish')), [1, false, ['f0', 'bb', 'cc']]);
});

for (const read of [false, true])
  test(`another producer: what was stored and ${read ? 'read is left alone' : 'not yet read is offered again'}`, async () => {
    const stage = await threePublished({ state: () => bytes('f0') });
    const { network, runtime } = stage;
    network.last.say(stored(2, 7));
    if (read) network.last.say(records(run('01'.repeat(16), 1, 1, ['', ''], true)), records(run(other, 1, 8, ['99'])));
    network.last.say(refused({ code: Code.aborted, reason: Reason.resendDiffers, throughSequence: 3 }));
    await runtime.advance(1000);
    await welcome(network);
    await answerSubscribe(network.last, { head: 8 });
    network.last.say(caughtUp(8));
    await settled();
    assert.deepEqual(inShort(network.last.takeOne('publish')), [1, false, read ? ['cc'] : ['f0', 'cc']]);
  });

for (const code of [Code.resourceExhausted, Code.unavailable])
  test(`busy (code ${code}): tried again when the relay said, not before`, async () => {
    const { network, runtime, session } = await threePublished();
    network.last.say(refused({ code, retryAfterMs: 5000, throughSequence: 2 }));
    network.last.say(refused({ code: Code.outOfRange, expectedSequence: 2, throughSequence: 3 }));
    network.last.say({ ping: { nonce: 1 } });
    network.last.take();
    await runtime.advance(4900);
    assert.deepEqual(network.last.take(), []);
    await runtime.advance(200);
    assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['bb', 'cc']]);
    network.last.say(stored(3));
    await session.whenStored();
  });

test('no right to publish: said, kept, and tried again on the next connection', async () => {
  const stage = await threePublished();
  const { network, session, errors } = stage;
  network.last.say(
    refused({ code: Code.permissionDenied, throughSequence: 2 }),
    refused({ code: Code.permissionDenied, throughSequence: 3 }),
  );
  void session.publish(bytes('dd'));
  await settled();
  assert.deepEqual(network.last.take(), []);
  assert.equal(errors[0]?.name, 'AccessDeniedError');
  assert.equal(session.pendingCount, 3);
  await reconnect(stage, { lastSequence: 1 });
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['bb', 'cc', 'dd']]);
});

test('a delta the relay will never take is given up with its followers; later ones go on from there', async () => {
  const { network, session } = await threePublished();
  const promise = session.publish(bytes('dd'));
  network.last.say(refused({ code: Code.invalidArgument, throughSequence: 2 }));
  await assert.rejects(promise, { code: Code.invalidArgument });
  assert.equal(session.pendingCount, 0);
  network.last.take();
  void session.publish(bytes('ee'));
  await settled();
  assert.deepEqual(inShort(network.last.takeOne('publish')), [2, false, ['ee']]);
});

test('a refused subscription is tried again when the relay is busy, and on the next connection when access is denied', async () => {
  const { client, network, runtime } = scene();
  client.subscribe('d');
  await welcome(network);
  let request = network.last.takeOne('subscribe').request;
  network.last.say({ error: { request, code: Code.unavailable, retryAfterMs: 3000, message: 'loading' } });
  await runtime.advance(2900);
  assert.deepEqual(network.last.take(), []);
  await runtime.advance(200);
  request = network.last.takeOne('subscribe').request;
  network.last.say({ error: { request, code: Code.permissionDenied, message: 'not yours' } });
  await runtime.advance(9000);
  assert.deepEqual(network.last.take(), []);
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  await answerSubscribe(network.last);
});
