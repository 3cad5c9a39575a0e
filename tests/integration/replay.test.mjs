// Whole editing traces through unmodified y-websocket clients and through WeirProvider. WEIR_TRACES names the folder of
// the real ones; without it shorter ones are made up.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

import { startRelay } from './relay.mjs';
import { playAlone, playTogether, socketDrains } from './replay.mjs';
import { WeirProvider, Y as SdkY } from './sdk.mjs';
import { concurrentTrace, readTrace, typingTrace } from './traces.mjs';
import { leave, until } from './until.mjs';

let relay;
before(async () => (relay = await startRelay()));
after(() => relay.end());

const open = [];
after(() => open.forEach(leave));

function yWebsocket(room, doc = new Y.Doc()) {
  const provider = new WebsocketProvider(`${relay.url}/yjs/replay`, room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  open.push(provider);
  return provider;
}

function native(document, doc = new SdkY.Doc()) {
  const provider = new WeirProvider(relay.url, 'replay', document, doc, { webSocket: WebSocket });
  open.push(provider);
  return provider;
}

const textOf = (provider) => provider.doc.getText('text').toString();
const report = (what, count, since) => {
  const seconds = (performance.now() - since) / 1000;
  console.log(`${what}: ${count} transactions in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second`);
};

const alone = (await readTrace('automerge-paper')) ?? typingTrace(20_000);
const together = (await readTrace('friendsforever')) ?? concurrentTrace(6_000);

test('one author through y-websocket, and a newcomer of either kind', async () => {
  const since = performance.now();
  const author = yWebsocket('alone');
  await until('the author is in sync', () => author.synced);
  await playAlone(alone, author.doc, socketDrains(author));
  assert.equal(textOf(author), alone.endContent);
  const newcomer = yWebsocket('alone');
  await until('the newcomer has the text', () => newcomer.synced && textOf(newcomer) === alone.endContent);
  report('y-websocket', alone.txns.length, since);
  const other = native('alone');
  await other.whenSynced();
  assert.equal(textOf(other), alone.endContent);
});

test('one author through WeirProvider, and a newcomer of either kind', async () => {
  const since = performance.now();
  const author = native('alone, natively');
  await playAlone(alone, author.doc, () => until('little waits', () => author.pendingCount < 20_000));
  await author.whenSaved();
  report('WeirProvider', alone.txns.length, since);
  assert.equal(textOf(author), alone.endContent);
  const newcomer = native('alone, natively');
  await newcomer.whenSynced();
  assert.equal(textOf(newcomer), alone.endContent);
  const other = yWebsocket('alone, natively');
  await until('the newcomer is in sync', () => other.synced);
  assert.equal(textOf(other), alone.endContent);
});

for (const [name, make] of Object.entries({ 'y-websocket': yWebsocket, WeirProvider: native }))
  test(`two authors at once through ${name}, going offline as they please, and a newcomer`, async () => {
    const room = `together/${name}`;
    const since = performance.now();
    const authors = [make(room), make(room)];
    await Promise.all(authors.map((author, agent) => playTogether(together, agent, author.doc, author, 7 + agent)));
    const last = [0, 1].map((agent) => together.txns.findLastIndex((txn) => txn.agent === agent));
    const complete = (provider) =>
      [0, 1].every((agent) => provider.doc.getMap('progress').get(`${agent}`) === last[agent]);
    await until('both have it all', () => authors.every(complete));
    report(name, together.txns.length, since);
    assert.equal(textOf(authors[0]), textOf(authors[1]));
    assert.ok(textOf(authors[0]).length > 0);
    const newcomer = make(room);
    await until('the newcomer has it all', () => newcomer.synced && complete(newcomer));
    assert.equal(textOf(newcomer), textOf(authors[0]));
  });
