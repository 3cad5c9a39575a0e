// A large document and many who join it at once, over unmodified y-websocket: each is synced within the time that such a client
// waits for a message, and the relay's memory stays small. WEIR_LARGE_MB and WEIR_LARGE_JOINERS: how large, how many; with 75
// and 20 Node wants --max-old-space-size=12000.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

import { socketDrains } from './replay.mjs';
import { startRelay } from './relay.mjs';
import { randomFrom } from './traces.mjs';
import { leave, until } from './until.mjs';

const megabytes = Number(process.env.WEIR_LARGE_MB ?? 12);
const joiners = Number(process.env.WEIR_LARGE_JOINERS ?? 5);
const memoryMax = 200e6;

/** Resident memory of the relay, bytes. */
async function residentBytes(relay) {
  const status = await readFile(`/proc/${relay.pid}/status`, 'utf8');
  return Number(status.match(/VmRSS:\s+(\d+)/)[1]) * 1024;
}

function join(relay, doc) {
  return new WebsocketProvider(`${relay.url}/yjs/large`, 'book', doc, { WebSocketPolyfill: WebSocket, disableBc: true });
}

test(`${joiners} join a document of ${megabytes} MB`, { timeout: 900_000 }, async (t) => {
  const relay = await startRelay();
  const clients = [];
  t.after(() => relay.end());
  t.after(() => clients.forEach(leave)); // also when it fails: they would come back for ever, and keep Node from ending
  const random = randomFrom(7);
  const letters = (count) => Array.from({ length: count }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');
  const pool = letters(1 << 16);
  const idle = await residentBytes(relay);

  const author = new Y.Doc();
  const provider = join(relay, author);
  clients.push(provider);
  const drains = socketDrains(provider);
  await until('the author is synced', () => provider.synced);
  for (let written = 0; written < megabytes * 1e6; ) {
    const from = Math.floor(random() * pool.length);
    const piece = (pool.slice(from) + pool.slice(0, from)).repeat(4).slice(0, 200_000 + Math.floor(random() * 50_000));
    author.getText('text').insert(Math.floor(random() * author.getText('text').length), piece);
    written += piece.length;
    await drains();
  }
  const text = author.getText('text').toString();
  const probe = new Y.Doc();
  const first = join(relay, probe);
  await until('everything is stored', () => probe.getText('text').length === text.length);
  leave(first);

  let peak = 0;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      peak = Math.max(peak, await residentBytes(relay));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const began = performance.now();
  const docs = Array.from({ length: joiners }, () => new Y.Doc());
  let closed = 0;
  const providers = docs.map((doc) => join(relay, doc));
  clients.push(...providers);
  for (const each of providers) each.on('connection-close', () => closed++);
  await until('all have joined', () => providers.every((each) => each.synced));
  const seconds = (performance.now() - began) / 1000;
  watching = false;
  await watch;
  t.diagnostic(
    `${joiners} joined in ${seconds.toFixed(1)} s; relay: ${(idle / 2 ** 20).toFixed(0)} MiB idle, ${(peak / 2 ** 20).toFixed(0)} at most`,
  );
  assert.equal(closed, 0, 'nobody gave up and came back');
  for (const doc of docs) assert.ok(doc.getText('text').toString() === text, 'a newcomer has another text');
  assert.ok(peak - idle < memoryMax, `the relay took ${peak - idle} bytes more than when idle`);
});
