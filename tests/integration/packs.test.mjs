// What the relay has packed goes to a client that can unpack as it lies on disk: a newcomer pays for a document's history
// by the byte a keystroke, and reads exactly what everybody else reads.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { countingProxy } from './counting-proxy.mjs';
import { startRelay } from './relay.mjs';
import { packDecoder, WeirClient, WeirProvider, Y } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { leave, until } from './until.mjs';

/** The relay packs when so many records are not packed yet: after each such round all of them are. */
const sealRecords = 1024;
const rounds = 5;
const keystrokes = rounds * sealRecords;
const bytesPerKeystrokeMax = 1.5;

let relay;
const open = [];
after(async () => {
  open.forEach(leave);
  await relay.end();
});
const kept = (one) => {
  open.push(one);
  return one;
};

/** A newcomer, and what crosses its wire. */
async function newcomer(options = {}) {
  const seen = { bytes: 0, records: [], errors: [], connections: 0 };
  class Counting extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      seen.connections++;
      this.on('message', (data) => (seen.bytes += data.byteLength));
    }
  }
  const client = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: Counting, ...options }));
  const session = client.subscribe('novel');
  session.on('records', (records) => seen.records.push(...records));
  session.on('error', (error) => seen.errors.push(error));
  await session.whenCaughtUp();
  return { ...seen, client, session, seen, cursor: session.cursor };
}

/** Everything is packed when a newcomer who can unpack is sent hardly anything. */
async function untilPacked(count) {
  await until('the relay has packed everything', async () => {
    const { bytes, records, client } = await newcomer({ packs: packDecoder });
    client.close();
    assert.equal(records.length, count);
    return bytes <= count * bytesPerKeystrokeMax;
  });
}

before(async () => {
  relay = await startRelay();
  const novel = new Y.Doc();
  const random = randomFrom(23);
  const author = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket }));
  const session = author.subscribe('novel', { from: 'live' });
  const text = novel.getText();
  novel.on('update', (update) => void session.publish(update));
  let at = 0;
  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < sealRecords; i++) {
      if (random() < 0.01) at = Math.floor(random() * text.length);
      if (random() < 0.05 && at > 0) text.delete(--at, 1);
      else text.insert(at++, 'etaoin shrdlu'[Math.floor(random() * 13)]);
    }
    await session.whenStored();
    await untilPacked(round * sealRecords);
  }
});

test('a newcomer who can unpack is sent a byte or so a keystroke, and reads the same', async () => {
  const packed = await newcomer({ packs: packDecoder });
  const plain = await newcomer();
  assert.ok(packed.bytes <= keystrokes * bytesPerKeystrokeMax, `${packed.bytes} bytes`);
  assert.ok(plain.bytes > keystrokes * 10, `${plain.bytes} bytes`);
  assert.equal(plain.records.length, keystrokes);
  assert.deepEqual(packed.records, plain.records);
  assert.deepEqual(packed.cursor, plain.cursor);
  assert.deepEqual([...packed.errors, ...plain.errors], []);
  console.log(`# ${keystrokes} keystrokes: ${packed.bytes} bytes with packs, ${plain.bytes} without`);
});

test('what comes after the packs comes live, and a cursor made of packs is good', async () => {
  const reader = await newcomer({ packs: packDecoder });
  const writer = await newcomer();
  await writer.session.publish(new Uint8Array([1, 2, 3]));
  await until('it arrives', () => reader.seen.records.length === keystrokes + 1);
  const cursor = reader.session.cursor;
  reader.client.close();
  const again = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket, packs: packDecoder }));
  const session = again.subscribe('novel', { from: cursor });
  const about = new Promise((resolve) => session.on('subscribed', resolve));
  assert.deepEqual(await about, { fresh: false, lostHistory: false });
  await session.whenCaughtUp();
  assert.deepEqual(session.cursor, cursor);
});

test('a decoder that fails costs a connection, no record', async () => {
  const failing = {
    versions: packDecoder.versions,
    decode: () => {
      throw new Error('out of order today');
    },
  };
  const { seen } = await newcomer({ packs: failing });
  assert.equal(seen.connections, 2);
  assert.deepEqual(
    seen.errors.map(({ name }) => name),
    ['BadPackError'],
  );
  const plain = await newcomer();
  assert.deepEqual(seen.records, plain.records);
});

test('a Yjs provider reads packs', async () => {
  const shared = new Y.Doc();
  const first = kept(new WeirProvider(relay.url, 'desk', 'letter', shared, { webSocket: WebSocket }));
  for (let i = 0; i < sealRecords + 200; i++) shared.getText().insert(i, 'x');
  await until('it is stored', () => first.saved);
  const doc = new Y.Doc();
  const second = kept(new WeirProvider(relay.url, 'desk', 'letter', doc, { webSocket: WebSocket, packs: packDecoder }));
  await until('it is read', () => second.synced);
  assert.equal(doc.getText().toString(), shared.getText().toString());
});

/** A newcomer with the C++ client, by its example `tail`: what it prints until it is caught up, and what crosses its wire. */
async function cppNewcomer(document, ...flags) {
  const line = await countingProxy(relay.grpc);
  const tail = spawn(process.env.WEIR_TAIL, [`127.0.0.1:${line.port}`, 'desk', document, ...flags]);
  try {
    let printed = '';
    let told = '';
    tail.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
    tail.stderr.setEncoding('utf8').on('data', (text) => (told += text));
    await until('it has caught up', () => told.includes('caught up'));
    tail.kill();
    await once(tail, 'close');
    return { printed, told, bytes: line.bytes, connections: line.connections };
  } finally {
    tail.kill();
    line.close();
  }
}

test('the C++ client is sent a byte or so a keystroke too, and reads the same', async () => {
  const author = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket }));
  const session = author.subscribe('typed', { from: 'live' });
  const random = randomFrom(7);
  const count = 10 * sealRecords;
  for (let i = 0; i < count; i++) void session.publish(new TextEncoder().encode(`${i} ${'etaoin shrdlu'[Math.floor(random() * 13)]}`));
  await session.whenStored();
  let packed;
  await until('the relay has packed it', async () => {
    packed = await cppNewcomer('typed');
    return packed.bytes <= count * bytesPerKeystrokeMax;
  });
  const plain = await cppNewcomer('typed', '--without-packs');
  assert.ok(plain.bytes > count * 8, `${plain.bytes} bytes`);
  assert.equal(packed.printed.split('\n').length - 1, count);
  assert.equal(packed.printed, plain.printed);
  for (const { told, connections } of [packed, plain]) assert.deepEqual([told, connections], ['caught up\n', 1]);
  console.log(`# C++, ${count} keystrokes: ${packed.bytes} bytes with packs, ${plain.bytes} without`);
});
