// What people meet: typing together, offline, a relay that dies, cursors. Through WeirProvider, through unmodified
// y-websocket clients, and both at once in one document.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

import { startRelay } from './relay.mjs';
import { WeirClient, WeirProvider, Y as SdkY } from './sdk.mjs';
import { leave, until } from './until.mjs';

let relay;
before(async () => (relay = await startRelay()));
after(() => relay.end());

const open = [];
after(() => open.forEach(leave));
const kept = (one) => {
  open.push(one);
  return one;
};

const kinds = {
  WeirProvider: (document, doc = new SdkY.Doc()) =>
    kept(new WeirProvider(relay.url, 'people', document, doc, { webSocket: WebSocket })),
  'y-websocket': (document, doc = new Y.Doc()) =>
    kept(
      new WebsocketProvider(`${relay.url}/yjs/people`, document, doc, {
        WebSocketPolyfill: WebSocket,
        disableBc: true,
      }),
    ),
};
const pairs = [
  ['WeirProvider', 'WeirProvider'],
  ['y-websocket', 'y-websocket'],
  ['WeirProvider', 'y-websocket'],
];

const text = (provider) => provider.doc.getText('text');
const same = (a, b, length) => text(a).toString() === text(b).toString() && text(a).length === length;
const synced = (...providers) => until('they are in sync', () => providers.every((provider) => provider.synced));

for (const [first, second] of pairs) {
  const name = `${first} and ${second}`;

  test(`${name}: both type and see the same`, async () => {
    const [a, b] = [kinds[first](`${name}/type`), kinds[second](`${name}/type`)];
    await synced(a, b);
    text(a).insert(0, 'hello');
    text(b).insert(0, 'world');
    await until('both see the same', () => same(a, b, 10));
  });

  test(`${name}: edits made offline arrive`, async () => {
    const [a, b] = [kinds[first](`${name}/offline`), kinds[second](`${name}/offline`)];
    await synced(a, b);
    text(a).insert(0, 'before ');
    await until('it arrives', () => same(a, b, 7));
    a.disconnect();
    text(a).insert(7, 'offline');
    text(b).insert(0, 'meanwhile ');
    a.connect();
    await until('both see the same', () => same(a, b, 24));
  });

  test(`${name}: cursors appear, move, and are gone with their owner`, async () => {
    const [a, b] = [kinds[first](`${name}/cursors`), kinds[second](`${name}/cursors`)];
    a.awareness.setLocalState({ user: 'Ada' });
    b.awareness.setLocalState({ user: 'Bob' });
    const seenBy = (one, other) => JSON.stringify(one.awareness.getStates().get(other.doc.clientID) ?? null);
    await until('both see each other', () => seenBy(b, a) === '{"user":"Ada"}' && seenBy(a, b) === '{"user":"Bob"}');
    a.awareness.setLocalStateField('cursor', 5);
    await until('it moves', () => seenBy(b, a) === '{"user":"Ada","cursor":5}');
    a.destroy();
    await until('it is gone', () => seenBy(b, a) === 'null');
  });

  test(`${name}: the relay is killed and comes back; nothing is lost`, async () => {
    const document = `${name}/killed`;
    const [a, b] = [kinds[first](document), kinds[second](document)];
    await synced(a, b);
    for (let i = 0; i < 50; i++) text(a).insert(text(a).length, `${i % 10}`);
    await until('it arrives', () => same(a, b, 50));
    await relay.kill();
    text(a).insert(0, 'a');
    text(b).insert(0, 'b');
    await relay.start();
    await until('both see the same', () => same(a, b, 52));
    const newcomer = kinds[first](document);
    await until('a newcomer sees it too', () => newcomer.synced && same(newcomer, a, 52));
  });
}

test('a restart that is announced: clients are told, and are back', async () => {
  const a = kinds.WeirProvider('restarted');
  await a.whenSynced();
  let told = 0;
  a.client.on('going-away', () => told++);
  text(a).insert(0, 'before');
  await a.whenSaved();
  await relay.stop();
  assert.equal(told, 1);
  text(a).insert(0, 'during, ');
  await relay.start();
  await a.whenSaved();
  const b = kinds.WeirProvider('restarted');
  await b.whenSynced();
  assert.equal(text(b).toString(), 'during, before');
});

test('what was acknowledged survives the kill of everything', async () => {
  const a = kinds.WeirProvider('durable');
  for (let i = 0; i < 200; i++) text(a).insert(0, 'x');
  await a.whenSaved();
  assert.equal(a.pendingCount, 0);
  await relay.kill();
  a.destroy();
  await relay.start();
  const b = kinds.WeirProvider('durable');
  await b.whenSynced();
  assert.equal(text(b).length, 200);
});

test('kills in the middle of publishing: every delta once, in order', async () => {
  const client = kept(new WeirClient({ url: relay.url, space: 'people', webSocket: WebSocket, backoffFirstMs: 20 }));
  const session = client.subscribe('exactly once');
  const count = 3000;
  const bytes = (number) => new Uint8Array(new Uint32Array([number]).buffer);
  for (let i = 0; i < count; i++) {
    void session.publish(bytes(i));
    if (i % 100 === 99) await until('some is stored', () => session.pendingCount < 200);
    if (i % 1000 === 500) {
      await relay.kill();
      await relay.start();
    }
  }
  await session.whenStored();
  const reader = kept(new WeirClient({ url: relay.url, space: 'people', webSocket: WebSocket }));
  const seen = [];
  const reading = reader.subscribe('exactly once');
  reading.on('records', (records) =>
    seen.push(...records.map(({ payload }) => new Uint32Array(payload.slice().buffer)[0])),
  );
  await reading.whenCaughtUp();
  assert.deepEqual(
    seen,
    Array.from({ length: count }, (_, i) => i),
  );
});

test('a reader that comes back resumes behind what it had', async () => {
  const writer = kept(new WeirClient({ url: relay.url, space: 'people', webSocket: WebSocket }));
  const reader = kept(new WeirClient({ url: relay.url, space: 'people', webSocket: WebSocket }));
  const writing = writer.subscribe('resume');
  const reading = reader.subscribe('resume');
  const offsets = [];
  let lost = 0;
  reading.on('records', (records) => offsets.push(...records.map(({ offset }) => offset)));
  reading.on('subscribed', ({ lostHistory }) => (lost += lostHistory ? 1 : 0));
  let published = 0;
  const publish = (count) => {
    for (let i = 0; i < count; i++) void writing.publish(new Uint8Array([published++ % 256]));
  };
  for (let round = 0; round < 4; round++) {
    publish(25);
    await until('the reader has it', () => offsets.length === published);
    reader.disconnect();
    publish(5);
    await writing.whenStored();
    reader.connect();
    await until('the reader has that too', () => offsets.length === published);
  }
  assert.equal(lost, 0);
  assert.deepEqual(
    offsets,
    [...new Set(offsets)].sort((a, b) => a - b),
  );
});
