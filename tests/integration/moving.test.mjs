// docs/moving.md: its programs bring documents over, from files and from a running server that speaks y-websocket's protocol, or is a sync server of
// automerge-repo. The first is here a second relay, spoken to by the unmodified provider; the other is what automerge-repo makes of a Repo.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter, WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket';
import WebSocket, { WebSocketServer } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as YOfOld from 'yjs';

import { openPage } from './pages.mjs';
import { startRelay } from './relay.mjs';
import { WeirProvider, Y } from './sdk.mjs';
import { until } from './until.mjs';

let relay;
let old;
let page;
before(async () => {
  [relay, old, page] = await Promise.all([startRelay(), startRelay(), openPage('moving.md', (text) => text)]);
  assert.deepEqual(await page.write(), ['move.mjs', 'bridge.mjs', 'open.mjs', 'bridge-automerge.mjs']);
});
after(async () => {
  await page.close();
  await Promise.all([relay.end(), old.end()]);
});

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

test('bridge.mjs: people on the old server and people on weir write together', async () => {
  const from = `${old.url}/yjs/old`;
  const their = new YOfOld.Doc();
  const provider = new WebsocketProvider(from, 'room', their, { WebSocketPolyfill: WebSocket, disableBc: true });
  await new Promise((resolve) => provider.once('sync', resolve));
  their.getText('body').insert(0, 'from before ');
  const bridge = run('bridge.mjs', from, relay.url, 'moved', 'room', 'other');
  try {
    await until('both rooms are bridged', () => bridge.said === 'room: the same on both sides\nother: the same on both sides\n');
    await reading('room', async (doc) => {
      await until('it is here', () => doc.getText('body').toString() === 'from before ');
      doc.getText('body').insert(12, 'from weir ');
      await until('it is there', () => their.getText('body').toString() === 'from before from weir ');
      their.getText('body').insert(0, 'and back ');
      await until('it came back', () => doc.getText('body').toString() === 'and back from before from weir ');
    });
  } finally {
    await bridge.stop();
    provider.awareness.destroy();
    provider.destroy();
  }
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
