// Connecting, staying connected, and presence, which lives with the connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { socketUrl } from '../../src/addresses.js';
import { Code, type WeirError } from '../../src/errors.js';
import type { Presence } from '../../src/presence.js';
import { answerSubscribe, bytes, handle, scene, stored, welcome } from '../support/conversation.js';
import { settled } from '../support/settled.js';

test('a ping is answered with its nonce', async () => {
  const { network } = scene();
  await welcome(network);
  network.last.say({ ping: { nonce: 12345 } });
  assert.equal(network.last.takeOne('pong').nonce, 12345);
});

test('two and a half heartbeats of silence: the connection is given up and another made', async () => {
  const { client, network, runtime } = scene();
  await welcome(network, { heartbeatMs: 1000 });
  await runtime.advance(2400);
  network.last.say({ ping: { nonce: 1 } });
  await runtime.advance(2400);
  assert.equal(network.sockets.length, 1);
  await runtime.advance(200);
  assert.equal(client.status, 'connecting');
  assert.equal(network.last.readyState, 3);
  await runtime.advance(1000);
  assert.equal(network.sockets.length, 2);
});

test('a relay that never says welcome is given up', async () => {
  const { client, network, runtime } = scene();
  const errors: WeirError[] = [];
  client.on('connection-error', (error) => errors.push(error));
  await settled();
  network.last.open();
  await runtime.advance(20_000);
  assert.ok(network.sockets.length > 1);
  assert.match(errors[0]!.message, /no answer/);
});

test('a connection that is never made may be told by `error` alone; why is said, once, and another is made', async () => {
  const { client, network, runtime } = scene();
  const errors: WeirError[] = [];
  client.on('connection-error', (error) => errors.push(error));
  await settled();
  network.last.fail('connect ECONNREFUSED');
  assert.deepEqual(
    errors.map(({ message }) => message.replace(/^.*?: /, '')),
    ['no connection could be made (connect ECONNREFUSED); does a relay serve at this address?'],
  );
  await runtime.advance(1000);
  assert.equal(network.sockets.length, 2);
});

test('an error of a connection that was made is told when it closes', async () => {
  const { client, network } = scene();
  const errors: WeirError[] = [];
  client.on('connection-error', (error) => errors.push(error));
  await welcome(network);
  network.last.fail('broken pipe');
  assert.equal(errors.length, 0);
  network.last.drop();
  assert.match(errors[0]!.message, /the connection closed \(1006, broken pipe\)$/);
});

test('each failure doubles the ceiling of the wait, up to a most; chance picks below it', async () => {
  const { network, runtime } = scene({ backoffFirstMs: 100, backoffMaxMs: 1000 });
  runtime.chance = 0.999;
  await settled();
  const waits: number[] = [];
  for (let failures = 0; failures < 6; failures++) {
    const before = network.sockets.length;
    network.last.drop();
    let waited = 0;
    for (; network.sockets.length === before; waited++) await runtime.advance(1);
    waits.push(waited);
  }
  assert.deepEqual(waits, [99, 199, 399, 799, 999, 999]);
  runtime.chance = 0;
  const before = network.sockets.length;
  network.last.drop();
  await runtime.advance(0);
  assert.equal(network.sockets.length, before + 1);
});

test('only a connection that held resets the wait: accept-then-close makes no storm', async () => {
  const { network, runtime } = scene({ backoffFirstMs: 100, backoffMaxMs: 100_000 });
  runtime.chance = 0.999;
  for (let i = 0; i < 8; i++) {
    await welcome(network);
    network.last.drop();
    await runtime.advance(100 * 2 ** i);
  }
  assert.equal(network.sockets.length, 9);
  await welcome(network);
  await runtime.advance(6000);
  network.last.drop();
  await runtime.advance(100);
  assert.equal(network.sockets.length, 10);
});

test('bytes that are no frame end the connection, not the client', async () => {
  const { client, network, runtime } = scene();
  await welcome(network);
  const errors: WeirError[] = [];
  client.on('connection-error', (error) => errors.push(error));
  network.last.sayBytes(Uint8Array.of(10, 200, 1));
  assert.equal(errors[0]?.name, 'ProtocolError');
  await runtime.advance(1000);
  assert.equal(network.sockets.length, 2);
});

test('going away: reconnects when and where it was told', async () => {
  const { network, runtime } = scene();
  runtime.chance = 0;
  await welcome(network);
  network.last.say({ goingAway: { reconnectAfterMs: 3000, address: 'wss://other.example', reason: 'drain' } });
  await runtime.advance(1000);
  network.last.drop(1001);
  await runtime.advance(1900);
  assert.equal(network.sockets.length, 1);
  await runtime.advance(200);
  assert.equal(network.last.url, 'wss://other.example/v1/sync');
  network.last.drop();
  await runtime.advance(1000);
  assert.equal(network.last.url, 'ws://relay/v1/sync');
});

test('going away while the connection still stands: it is left at the time', async () => {
  const { network, runtime } = scene({ url: 'wss://relay' });
  runtime.chance = 0;
  await welcome(network);
  network.last.say({ goingAway: { reconnectAfterMs: 3000, address: 'ws://plain.example' } });
  await runtime.advance(3000);
  assert.equal(network.sockets[0]!.readyState, 3);
  assert.equal(network.last.url, 'wss://relay/v1/sync'); // never from an encrypted connection to an open one
});

test('a token that is not accepted is not tried again; a token function is', async () => {
  const fixed = scene({ token: 'old' });
  await settled();
  fixed.network.last.open();
  fixed.network.last.say({ error: { code: Code.unauthenticated, message: 'the token has expired' } });
  await fixed.runtime.advance(60_000);
  assert.equal(fixed.network.sockets.length, 1);
  assert.equal(fixed.client.status, 'disconnected');
  fixed.client.setToken('new');
  fixed.client.connect();
  assert.equal((await welcome(fixed.network)).token, 'new');

  let count = 0;
  const asked = scene({ token: () => Promise.resolve(`token ${++count}`) });
  await settled();
  asked.network.last.open();
  asked.network.last.say({ error: { code: Code.unauthenticated, message: 'the token has expired' } });
  asked.network.last.drop(1008);
  await asked.runtime.advance(1000);
  assert.equal((await welcome(asked.network)).token, 'token 2');
});

test('disconnect keeps what waits; connect goes on', async () => {
  const { client, network, runtime } = scene({ connect: false });
  const session = client.subscribe('d');
  void session.publish(bytes('aa'));
  await runtime.advance(1000);
  assert.equal(network.sockets.length, 0);
  client.connect();
  await welcome(network);
  await answerSubscribe(network.last);
  network.last.takeOne('publish');
  client.disconnect();
  await runtime.advance(60_000);
  assert.equal(network.sockets.length, 1);
  assert.equal(session.pendingCount, 1);
  client.connect();
  await welcome(network);
  await answerSubscribe(network.last);
  network.last.takeOne('publish');
});

test('presence: the last value only, again after a reconnect, and withdrawn at once', async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d', { presence: true });
  session.setPresence(bytes('01'));
  session.setPresence(bytes('02'));
  await welcome(network);
  await answerSubscribe(network.last);
  assert.deepEqual(network.last.takeOne('presence'), { document: handle, data: '02' });
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  await answerSubscribe(network.last);
  assert.deepEqual(network.last.takeOne('presence'), { document: handle, data: '02' });
  session.withdrawPresence();
  assert.deepEqual(network.last.takeOne('presence'), { document: handle, data: '' });
});

test("others' presence: one by one, and as the complete set that a subscription brings", async () => {
  const { client, network, runtime } = scene();
  const session = client.subscribe('d', { presence: true });
  const changes: [string, string, boolean][] = [];
  const short = ({ key, data, gone }: Presence): [string, string, boolean] => [
    key,
    Buffer.from(data).toString('hex'),
    gone,
  ];
  session.on('presence', (some) => changes.push(...some.map(short)));
  const of = (key: string, data: string, gone = false, producer = 'bb'): { [field: string]: unknown } => ({
    document: handle,
    key,
    producer: producer.repeat(16),
    data,
    gone,
  });
  await welcome(network);
  await answerSubscribe(network.last, { presence: [of('a1', '11'), of('a2', '22'), of('a9', '99', false, '01')] });
  network.last.say(
    { presence: of('a2', '23') },
    { presence: of('a3', '33') },
    { presence: of('a1', '', true) },
    { presence: of('a1', '', true) },
  );
  assert.deepEqual(changes.splice(0), [
    ['a1', '11', false],
    ['a2', '22', false],
    ['a2', '23', false],
    ['a3', '33', false],
    ['a1', '', true],
  ]);
  network.last.drop();
  await runtime.advance(1000);
  await welcome(network);
  await answerSubscribe(network.last, { presence: [of('a3', '34')] });
  assert.deepEqual(changes, [
    ['a2', '', true],
    ['a3', '34', false],
  ]);
  assert.deepEqual([...session.presence.keys()], ['a3']);
});

test('addresses as people write them', () => {
  assert.equal(socketUrl('http://127.0.0.1:8787'), 'ws://127.0.0.1:8787/v1/sync');
  assert.equal(socketUrl('https://relay.example/'), 'wss://relay.example/v1/sync');
  assert.equal(socketUrl('wss://relay.example/behind/v1/sync'), 'wss://relay.example/behind/v1/sync');
  assert.throws(() => socketUrl('ftp://relay.example'), /ws:\/\//);
});

test('several addresses: one that does not answer makes way for the next, one that served is kept', async () => {
  const { network, runtime } = scene({ url: ['ws://first', 'ws://second', 'ws://third'] });
  const connect = async (): Promise<string> => {
    const before = network.sockets.length;
    while (network.sockets.length === before) await runtime.advance(50);
    return network.last.url;
  };
  await settled();
  const asked = [network.last.url];
  for (let i = 0; i < 3; i++) {
    network.last.drop();
    asked.push(await connect());
  }
  const urls = ['ws://first/v1/sync', 'ws://second/v1/sync', 'ws://third/v1/sync', 'ws://first/v1/sync'];
  assert.deepEqual(asked, urls);
  network.last.drop();
  assert.equal(await connect(), 'ws://second/v1/sync');
  await welcome(network);
  network.last.drop();
  assert.equal(await connect(), 'ws://second/v1/sync');
  assert.throws(() => scene({ url: [] }), /at least one address/);
});

test('a signal ends the waiting, and nothing else', async () => {
  const { client, network } = scene();
  const session = client.subscribe('d');
  const patience = new AbortController();
  const { signal } = patience;
  const waits = [
    session.publish(bytes('aa'), { signal }),
    session.whenStored({ signal }),
    session.whenCaughtUp({ signal }),
  ];
  const patient = session.whenStored({ signal: new AbortController().signal });
  patience.abort(new Error('enough'));
  for (const wait of waits) await assert.rejects(wait, /enough/);
  await assert.rejects(session.whenCaughtUp({ signal }), /enough/);
  assert.equal(session.pendingCount, 1);
  await welcome(network);
  await answerSubscribe(network.last);
  network.last.say(stored(1));
  await patient;
});
