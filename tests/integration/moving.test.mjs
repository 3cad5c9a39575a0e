// docs/moving.md: its programs bring documents over, from files and from a running server: that of y-websocket with its LevelDB, a Hocuspocus, and a
// sync server of automerge-repo, each spoken to by its own unmodified provider.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter, WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket';
import { HocuspocusProvider } from '@hocuspocus/provider';
import WebSocket, { WebSocketServer } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as YOfOld from 'yjs';

import { startHocuspocus, startYWebsocketServer } from './old-servers.mjs';
import { openPage } from './pages.mjs';
import { startRelay } from './relay.mjs';
import { WeirProvider, Y } from './sdk.mjs';
import { until } from './until.mjs';

let relay;
let page;
before(async () => {
  [relay, page] = await Promise.all([startRelay(), openPage('moving.md', (text) => text)]);
  const programs = ['move.mjs', 'from-leveldb.mjs', 'bridge.mjs', 'bridge-hocuspocus.mjs', 'open.mjs', 'bridge-automerge.mjs'];
  assert.deepEqual(await page.write(), programs);
});
after(() => Promise.all([page.close(), relay.end()]));

/** A program of the page, until it is stopped; `said` is what it has printed. */
function run(...args) {
  const child = spawn(process.execPath, args, { cwd: page.folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const running = {
    said: '',
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
  child.stdout.on('data', (some) => (running.said += some));
  return running;
}

async function reading(document, read) {
  const doc = new Y.Doc();
  const provider = new WeirProvider(relay.url, 'moved', document, doc, { awareness: null, webSocket: WebSocket });
  await provider.whenSynced();
  await read(doc, provider);
  await provider.destroy();
}

test('move.mjs: a folder of updates is in weir, once, beside what is written there', async () => {
  const folder = path.join(page.folder, 'out');
  await mkdir(folder);
  const docs = ['plan', 'plans/2025 ü'].map((name) => {
    const doc = new Y.Doc({ gc: false });
    for (let i = 0; i < 300; i++) doc.getText('body').insert(0, `${name} ${i} `);
    doc.getText('body').delete(5, 100);
    for (let i = 0; i < 5; i++) doc.getMap('meta').set(`picture ${i}`, new Uint8Array(500_000).fill(i)); // together more than one delta may have
    doc.getXmlFragment('rich').insert(0, [new Y.XmlText('bold')]);
    return { name, doc };
  });
  for (const { name, doc } of docs) await writeFile(path.join(folder, `${encodeURIComponent(name)}.yjs`), Y.encodeStateAsUpdate(doc));
  const move = () => page.run(`node move.mjs out ${relay.url} moved`);
  assert.equal(await move(), 'plan: moved\nplans/2025 ü: moved\n');
  for (const { name, doc } of docs)
    await reading(name, async (there, provider) => {
      assert.equal(there.getText('body').toString(), doc.getText('body').toString());
      assert.equal(there.getXmlFragment('rich').toString(), 'bold');
      assert.deepEqual(Y.encodeStateVector(there), Y.encodeStateVector(doc));
      there.getText('body').insert(0, 'written meanwhile ');
      await provider.whenSaved();
    });
  assert.equal(await move(), 'plan: was there\nplans/2025 ü: was there\n');
  docs[0].doc.getText('body').insert(0, 'later there ');
  await writeFile(path.join(folder, 'plan.yjs'), Y.encodeStateAsUpdate(docs[0].doc));
  assert.equal(await move(), 'plan: moved\nplans/2025 ü: was there\n');
  await reading('plan', (there) => {
    const text = there.getText('body').toString();
    assert.ok(text.includes('later there ') && text.includes('written meanwhile '));
  });
});

/** What is written on one side of a bridge comes to the other: `their` document is on the old server, the same one of weir here. */
async function writtenTogether(name, their) {
  await reading(name, async (doc) => {
    await until('it is here', () => doc.getText('body').toString() === 'from before ');
    doc.getText('body').insert(12, 'from weir ');
    await until('it is there', () => their.getText('body').toString() === 'from before from weir ');
    their.getText('body').insert(0, 'and back ');
    await until('it came back', () => doc.getText('body').toString() === 'and back from before from weir ');
  });
}

test('bridge.mjs and from-leveldb.mjs: people on a y-websocket server and people on weir write together, and what it stored is the same', async () => {
  const folder = path.join(page.folder, 'leveldb');
  const old = await startYWebsocketServer(folder);
  const their = new YOfOld.Doc();
  const provider = new WebsocketProvider(old.url, 'room', their, { WebSocketPolyfill: WebSocket, disableBc: true });
  const bridge = run('bridge.mjs', old.url, relay.url, 'moved', 'room', 'other');
  try {
    await new Promise((resolve) => provider.once('sync', resolve));
    their.getText('body').insert(0, 'from before ');
    await until('both rooms are bridged', () => bridge.said === 'room: the same on both sides\nother: the same on both sides\n');
    await writtenTogether('room', their);
  } finally {
    await bridge.stop();
    provider.awareness.destroy();
    provider.destroy();
    await old.stop();
  }
  await page.run('node from-leveldb.mjs leveldb old');
  const stored = new YOfOld.Doc();
  YOfOld.applyUpdate(stored, await readFile(path.join(page.folder, 'old/room.yjs')));
  assert.ok(stored.getText('body').toString().includes('from before '));
  const moved = await page.run(`node move.mjs old ${relay.url} moved`);
  assert.match(moved, /^(other: was there\n)?room: was there\n$/, 'the bridge brought all of it'); // an empty room may have been stored
});

test('bridge-hocuspocus.mjs: people on a Hocuspocus server and people on weir write together, and what it stored is the same', async () => {
  const old = await startHocuspocus('sesame');
  const their = new YOfOld.Doc();
  const provider = new HocuspocusProvider({ url: old.url, name: 'plans/2026', document: their, token: 'sesame', WebSocketPolyfill: WebSocket });
  let bridge;
  try {
    await new Promise((resolve) => provider.on('synced', resolve));
    their.getText('body').insert(0, 'from before ');
    await assert.rejects(page.run(`node bridge-hocuspocus.mjs ${old.url} wrong ${relay.url} moved plans/2026`), /plans\/2026: the old server refuses/);
    bridge = run('bridge-hocuspocus.mjs', old.url, 'sesame', relay.url, 'moved', 'plans/2026', 'other');
    await until('both documents are bridged', () => bridge.said === 'plans/2026: the same on both sides\nother: the same on both sides\n');
    await writtenTogether('plans/2026', their);
  } finally {
    await bridge?.stop();
    provider.destroy();
    await old.stop();
  }
  const folder = path.join(page.folder, 'hocuspocus');
  await mkdir(folder);
  await writeFile(path.join(folder, `${encodeURIComponent('plans/2026')}.yjs`), old.stored.get('plans/2026'));
  assert.equal(await page.run(`node move.mjs hocuspocus ${relay.url} moved`), 'plans/2026: was there\n', 'the bridge brought all of it');
});

test('bridge-automerge.mjs and open.mjs: Repos on a sync server and Repos on weir write together', async () => {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(sockets, 'listening');
  const server = new Repo({ network: [new WebSocketServerAdapter(sockets)], sharePolicy: () => Promise.resolve(false) });
  const from = `ws://127.0.0.1:${sockets.address().port}`;
  const theirs = new Repo({ network: [new WebSocketClientAdapter(from)] });
  const handles = ['one', 'two'].map((title) => theirs.create({ title }));
  const bridge = run('bridge-automerge.mjs', from, relay.url, 'repos', ...handles.map(({ url }) => url));
  try {
    await until('both documents are bridged', () => bridge.said === handles.map(({ url }) => `${url}: the same on both sides\n`).join(''));
    const open = async ({ url }) => JSON.parse(await page.run(`node open.mjs ${url} ${relay.url} repos`));
    assert.deepEqual(await open(handles[0]), { title: 'one', visits: 1 });
    await until('it is there', () => handles[0].doc().visits === 1);
    handles[0].change((doc) => void (doc.title = 'changed'));
    await until('it came here', async () => (await open(handles[0])).title === 'changed');
    assert.deepEqual(await open(handles[1]), { title: 'two', visits: 1 });
  } finally {
    await bridge.stop();
    await theirs.shutdown();
    await server.shutdown();
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  }
});
