// What an application does from within a listener: it ends or renews a connection, or closes a document, while the client is in
// the middle of telling of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { WeirError } from '../../src/errors.js';
import { MemoryStore } from '../../src/store/memory.js';
import { answerSubscribe, bytes, records, refused, run, scene, welcome } from '../support/conversation.js';
import { FakeSocket } from '../support/network.js';
import { quiet, settled } from '../support/settled.js';

const other = 'ee'.repeat(16);

test('connecting anew when a connection is lost makes one connection, not two', async () => {
  for (const event of ['connection-error', 'disconnected'] as const) {
    const { client, network, runtime } = scene();
    const session = client.subscribe('d');
    await welcome(network);
    await answerSubscribe(network.last);
    const renew = (): void => {
      client.disconnect();
      client.connect();
    };
    if (event === 'disconnected') session.once(event, renew);
    else client.once(event, renew);
    network.last.drop();
    await runtime.advance(14_000); // less than an answer may take
    assert.equal(network.sockets.filter(({ readyState }) => readyState !== 3).length, 1, event);
  }
});

test('who does not want to stay with a relay that goes away, leaves at once and for good', async () => {
  const { client, network, runtime } = scene();
  client.on('going-away', () => client.disconnect());
  await welcome(network);
  network.last.say({ goingAway: { reconnectAfterMs: 500, address: '', reason: 'upgrade' } });
  await runtime.advance(60_000);
  assert.equal(client.status, 'disconnected');
  assert.equal(network.sockets.length, 1);
});

test('a connection that is ended as soon as it is there leaves the next one whole', async () => {
  for (const event of ['status', 'welcome'] as const) {
    const { client, network } = scene();
    client.subscribe('d');
    let once = true;
    client.on(event, () => {
      if (client.status !== 'connected' || !once) return;
      once = false;
      client.disconnect();
    });
    await welcome(network);
    assert.equal(client.status, 'disconnected');
    client.connect();
    await welcome(network);
    await answerSubscribe(network.last);
  }
});

test('a socket that cannot be made is an error of that connection, and nothing comes after it', async () => {
  const Refusing = class extends FakeSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      throw new SyntaxError('a page of https may not');
    }
  };
  const { client, runtime } = scene({ webSocket: Refusing });
  const errors: WeirError[] = [];
  client.on('connection-error', (error) => {
    errors.push(error);
    client.disconnect();
  });
  await runtime.advance(60_000);
  assert.deepEqual(errors.map(({ message }) => message), ['ws://relay/v1/sync: no connection can be made there']);
  assert.equal(runtime.timerCount, 0);
});

test('a document that is closed while its last records are handed over says no more, and makes room for another', async () => {
  const { client, network } = scene();
  const session = client.subscribe('d');
  const heard: string[] = [];
  session.on('disconnected', () => heard.push('disconnected')).on('error', () => heard.push('error'));
  await welcome(network);
  await answerSubscribe(network.last);
  session.on('records', () => {
    session.close();
    client.subscribe('d');
  });
  // Both in one message: the records are handed over when the document's end is read.
  network.last.say(records(run(other, 1, 1, ['aa'])), refused({ code: 9, reason: 1 }));
  await settled();
  assert.deepEqual(heard, []);
  assert.throws(() => client.subscribe('d'), /subscribed already/);
});

test('a document that is closed while what the store has is handed over says no more', async () => {
  const store = new MemoryStore('m');
  const first = scene({ store });
  const writing = first.client.subscribe('d');
  await welcome(first.network);
  await answerSubscribe(first.network.last);
  first.network.last.say(records(run(other, 1, 1, ['aa'])));
  void writing.publish(bytes('bb'));
  await writing.whenPersisted();
  await first.client.close();

  const { client } = scene({ store, connect: false });
  const session = client.subscribe('d');
  const heard: string[] = [];
  session.on('records', () => {
    heard.push('records');
    session.close();
  });
  for (const event of ['pending', 'loaded'] as const) session.on(event, () => heard.push(event));
  await quiet();
  assert.deepEqual(heard, ['records']);
});
