// The relay cannot read a document's log: it says so and ends the subscription. The client asks again, later and later.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RecordDamagedError, RelayUnavailableError, WeirError } from '../../src/errors.js';
import { answerSubscribe, bytes, caughtUp, epoch, handle, inShort, records, refused, run, scene, stored, welcome } from '../support/conversation.js';
import type { FakeRuntime, FakeSocket } from '../support/network.js';
import { settled } from '../support/settled.js';

const other = 'bb'.repeat(16);

async function reading() {
  const stage = scene();
  const session = stage.client.subscribe('d');
  const happened: string[] = [];
  const errors: WeirError[] = [];
  for (const event of ['subscribed', 'records', 'caught-up', 'disconnected'] as const) session.on(event, () => happened.push(event));
  session.on('error', (error) => errors.push(error));
  await welcome(stage.network);
  const socket = stage.network.last;
  await answerSubscribe(socket, { head: 5 });
  socket.say(records(run(other, 1, 1, ['aa', 'ab'])));
  await settled();
  return { ...stage, socket, session, happened, errors };
}

/** How long it takes until it is asked for again; the subscribe. */
async function askedAgain(socket: FakeSocket, runtime: FakeRuntime) {
  const begun = runtime.now();
  while (socket.sent.length === 0 && runtime.now() - begun < 60_000) await runtime.advance(10);
  return { waitedMs: runtime.now() - begun, subscribe: socket.takeOne('subscribe') };
}

for (const [code, Named] of [
  [15, RecordDamagedError],
  [14, RelayUnavailableError],
  [10, WeirError], // the log is of another epoch now
] as const)
  test(`code ${code} about a document, and no publish: told, and asked for again from the cursor`, async () => {
    const { socket, runtime, session, happened, errors } = await reading();
    socket.say(refused({ code }));
    await settled();
    assert.ok(errors.length === 1 && errors[0] instanceof Named);
    assert.deepEqual(happened, ['subscribed', 'records', 'disconnected']);
    assert.deepEqual(socket.take(), []); // it is not subscribed any more
    const { subscribe } = await askedAgain(socket, runtime);
    assert.equal((subscribe.cursor as { offset: number }).offset, 2);
    socket.say({ subscribed: { request: subscribe.request, document: handle, epoch, head: 5, lastSequence: 0 } });
    socket.say(records(run(other, 3, 3, ['ac', 'ad', 'ae'])), caughtUp(5));
    await session.whenCaughtUp();
    assert.deepEqual(happened.slice(3), ['subscribed', 'records', 'caught-up']);
  });

test('while it stays so, it is asked for less and less often', async () => {
  const { socket, runtime } = await reading();
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    socket.say(refused({ code: 15 }));
    await settled();
    const { waitedMs, subscribe } = await askedAgain(socket, runtime);
    waits.push(waitedMs);
    socket.say({ subscribed: { request: subscribe.request, document: handle, epoch, head: 5, lastSequence: 0 } });
    await settled();
  }
  assert.ok(waits.every((ms, i) => i === 0 || ms > waits[i - 1]!), waits.join());
  socket.say(caughtUp(5)); // it could be read after all: the next time is the first again
  socket.say(refused({ code: 15 }));
  await settled();
  assert.equal((await askedAgain(socket, runtime)).waitedMs, waits[0]);
});

test('what was on the wire goes again, the same bytes under the same sequences', async () => {
  const { socket, runtime, session } = await reading();
  socket.say(caughtUp(5));
  await settled();
  const published = session.publish(bytes('cc'));
  await settled();
  assert.deepEqual(inShort(socket.takeOne('publish')), [1, false, ['cc']]);
  socket.say(refused({ code: 15 }));
  await settled();
  const { subscribe } = await askedAgain(socket, runtime);
  socket.say({ subscribed: { request: subscribe.request, document: handle, epoch, head: 5, lastSequence: 0 } });
  await settled();
  assert.deepEqual(inShort(socket.takeOne('publish')), [1, false, ['cc']]);
  socket.say(stored(1, 6));
  assert.deepEqual(await published, { offset: 6 });
});

test('a subscribe that is refused so is asked again as well', async () => {
  const { client, network, runtime } = scene();
  client.subscribe('d');
  await welcome(network);
  const first = network.last.takeOne('subscribe');
  network.last.say({ error: { code: 15, request: first.request, message: 'damaged' } });
  await settled();
  const { subscribe } = await askedAgain(network.last, runtime);
  assert.equal(subscribe.document, 'd');
  await client.close();
});

test('an application that closes or disconnects when it hears of it is not asked for behind its back', async () => {
  for (const how of ['close', 'disconnect'] as const) {
    const { client, network, socket, runtime, session } = await reading();
    session.on('error', () => (how === 'close' ? session.close() : client.disconnect()));
    socket.say(refused({ code: 15 }));
    await runtime.advance(60_000);
    assert.deepEqual(socket.take(), []);
    if (how === 'close') continue;
    client.connect();
    await welcome(network);
    await answerSubscribe(network.last);
  }
});
