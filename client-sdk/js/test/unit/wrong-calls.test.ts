// What is wrong with a call is said at the call, and nothing is begun.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Automerge from '@automerge/automerge';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

import { AutomergeProvider } from '../../src/automerge.js';
import { WeirClient } from '../../src/client.js';
import { CodecError } from '../../src/errors.js';
import { LoroProvider } from '../../src/loro.js';
import { openStore } from '../../src/node/index.js';
import { sharedClient } from '../../src/shared/shared-client.js';
import { StoreError } from '../../src/store/errors.js';
import type { WebSocketConstructor } from '../../src/runtime.js';
import { WeirProvider } from '../../src/yjs.js';
import { FakeNetwork, FakeRuntime } from '../support/network.js';

const network = new FakeNetwork();
const clientOf = (url: unknown): WeirClient =>
  new WeirClient({ url: url as string, space: 's', webSocket: network.Socket, runtime: new FakeRuntime(), connect: false });

test('only bytes are published and shown', () => {
  const session = clientOf('ws://relay').subscribe('d');
  for (const wrong of ['text', [1, 2], undefined, null, {}, 7, new ArrayBuffer(2)] as unknown as Uint8Array[]) {
    assert.throws(() => session.publish(wrong), { name: 'TypeError', message: 'publish takes a Uint8Array' });
    assert.throws(() => session.setPresence(wrong), { name: 'TypeError', message: 'setPresence takes a Uint8Array' });
  }
  assert.equal(session.pendingCount, 0);
  void session.publish(Buffer.from('a'));
  assert.equal(session.pendingCount, 1);
});

test('a place to read from that is none; the document can be subscribed afterwards', () => {
  const client = clientOf('ws://relay');
  const chain = new Uint8Array(32);
  const wrongs = ['begin', 7, {}, null, { epoch: 1, offset: 1, chain }, { epoch: 1n, offset: 0.5, chain }, { epoch: 1n, offset: 1, chain: 'ab' }];
  for (const from of wrongs as 'start'[]) assert.throws(() => client.subscribe('d', { from }), /^TypeError: from takes 'start', 'live' or a cursor/);
  client.subscribe('d', { from: { epoch: 1n, offset: 1, chain } });
});

test('what has the form of something of ours and is none', () => {
  for (const store of ['./folder', {}, null] as never[])
    assert.throws(() => new WeirClient({ url: 'ws://relay', webSocket: network.Socket, store, connect: false }), /^TypeError: store takes/);
  const client = clientOf('ws://relay');
  const key = new Uint8Array(32);
  for (const encryption of [{ id: 1, key }, key, null] as never[])
    assert.throws(() => client.subscribe('d', { encryption }), /^TypeError: encryption takes what `encryption/);
  for (const verify of [true, {}] as never[]) assert.throws(() => client.subscribe('d', { verify }), /^TypeError: verify takes/);
  client.subscribe('d');
});

test('a moment that is none', () => {
  const client = clientOf('ws://relay');
  const wrongs = [7, null, new Date(), '2026-11-28', { at: 7 }, { offset: -1 }, { offset: 0 }, { time: 0 }, { time: new Date() }, { time: 1.5 }] as never[];
  for (const asOf of wrongs) assert.throws(() => client.history('d', { asOf }), /^TypeError: asOf takes/);
  assert.throws(() => client.history('d', { after: -1 }), { name: 'TypeError', message: 'after takes an offset' });
  for (const asOf of [{}, { offset: 1 }, { offset: 7, time: 7 }, undefined]) client.history('d', asOf === undefined ? {} : { asOf });
});

test('names that are none', () => {
  const client = clientOf('ws://relay');
  const wrongs = ['', 'a\nb', '\u007f', '\u0085', '\ud800', 'a\udc00', 7, null, {}, '\u00e4'.repeat(513)] as string[];
  for (const wrong of wrongs) {
    assert.throws(() => client.subscribe(wrong), { name: 'TypeError', message: /^a document name has 1 to 1024 bytes/ });
    assert.throws(() => client.history(wrong), TypeError);
  }
  for (const space of ['', 'a\tb', 'x'.repeat(256)])
    assert.throws(() => client.subscribe('d', { space }), { name: 'TypeError', message: /^a space name has 1 to 255 bytes/ });
  for (const good of ['\u{1f600} /\u00e4', 'x'.repeat(1024)]) client.subscribe(good);
});

test('codecs that are not the application\'s', async () => {
  const session = clientOf('ws://relay').subscribe('d');
  for (const codec of [2, 3, 15, -1, 1.5, 2 ** 32, '16' as unknown as number])
    await assert.rejects(session.publish(new Uint8Array(1), { codec }), (error) => {
      assert.ok(error instanceof CodecError);
      assert.match(error.message, codec === 2 ? /^s\/d: codec 2 is sealed: subscribe with `encryption`/ : /use 0, 1, or 16 and above/);
      return true;
    });
  for (const codec of [0, 1, 16, 2 ** 32 - 1]) void session.publish(new Uint8Array(1), { codec });
  assert.equal(session.pendingCount, 4);
});

test('addresses that are none are shown', () => {
  for (const [url, shown] of [['127.0.0.1:8787', '"127.0.0.1:8787"'], ['localhost:1', '"localhost:1"'], ['ftp://x', '"ftp://x"']])
    assert.throws(() => clientOf(url), { name: 'TypeError', message: `${shown} is not a ws:// or wss:// address` });
  assert.throws(() => clientOf(undefined), { name: 'TypeError', message: "give the relay's address: { url: 'ws://...' }" });
  for (const url of ['http://x', 'https://x', 'wss://x/path', ['ws://x', 'HTTP://y']]) clientOf(url);
});

test('a folder that cannot be', () => assert.rejects(openStore('/dev/null/store'), StoreError));

test('the WebSocket of ws, and the one of browsers, are taken as they are', () => {
  const given: (WebSocketConstructor | undefined)[] = [WebSocket, globalThis.WebSocket]; // it compiles
  assert.equal(given[0], WebSocket);
});

test('what a provider is given in the place of a document', () => {
  const client = clientOf('ws://relay');
  const doc = new Y.Doc();
  assert.throws(() => new WeirProvider('ws://relay', 'room', doc as never, {} as never), /^TypeError: WeirProvider takes url, space, document, and then a Y\.Doc$/);
  assert.throws(() => new WeirProvider('', 's', 'd', undefined as never, { client }), /then a Y\.Doc$/);
  assert.throws(() => new AutomergeProvider(client, 'd', Automerge.init() as never), /^TypeError: AutomergeProvider takes .*`new AutomergeDocument\(doc\)`/);
  assert.throws(() => new AutomergeProvider(client, 'd', undefined as never), /^TypeError: AutomergeProvider takes/);
  assert.throws(() => new LoroProvider(client, 'd', {} as never), /^TypeError: LoroProvider takes client, document, and then a LoroDoc$/);
  client.subscribe('d'); // nothing was begun
});

test('an address that is none is said by the tab that gives it', () => {
  const tabs = { channel: () => assert.fail('begun'), lock: () => assert.fail('begun'), held: () => Promise.resolve([]) };
  for (const url of ['relay', '', undefined] as string[])
    assert.throws(() => sharedClient({ url, store: 'm', tabs }), TypeError);
});
