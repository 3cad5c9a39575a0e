// The example that keeps a search index of a space: killed, changed, made again beside the running one, and put in its
// place, while documents are edited and the relay is killed as well.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

import { startRelay } from './relay.mjs';
import { leave, until } from './until.mjs';

const example = fileURLToPath(new URL('../../client-sdk/examples/feed-view', import.meta.url));
const protos = fileURLToPath(new URL('../../proto', import.meta.url));
const rooms = ['alpha', 'beta', 'gamma', 'delta'];
const words = ['river', 'weir', 'delta', 'flood', 'gate', 'sluice', 'bank', 'ford'];

let relay;
let folder;
const running = new Set();
const authors = [];
before(async () => {
  relay = await startRelay();
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-feed-view-'));
});
after(async () => {
  for (const child of running) child.kill('SIGKILL');
  authors.forEach(leave);
  await relay.end();
  await rm(folder, { recursive: true, force: true });
});

function start(code, ...args) {
  const child = spawn(process.execPath, [path.join(code, 'main.mjs'), ...args, '--relay', `127.0.0.1:${relay.grpc}`], {
    env: { ...process.env, WEIR_PROTO: protos },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (some) => (child.output += some));
  child.ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code;
  });
  return child;
}

async function run(code, ...args) {
  const child = start(code, ...args);
  assert.equal(await child.ended, 0, child.output);
  return child.output;
}

async function fresh(code, name) {
  const file = path.join(folder, name);
  await run(code, 'follow', '--once', '--space', 'library', '--view', file);
  return run(code, 'dump', '--view', file);
}

let written = 0;
function write(times) {
  for (let i = 0; i < times; i++, written++) {
    const text = authors[written % authors.length].doc.getText('body');
    text.insert(written % (text.length + 1), `${words[(written * 7) % words.length]} `);
    if (written % 11 === 10) text.delete(0, 3);
  }
}

test('the view is killed, changed, made again beside itself, and switched over', async () => {
  for (const room of rooms) {
    const author = new WebsocketProvider(`${relay.url}/yjs/library`, room, new Y.Doc(), {
      WebSocketPolyfill: WebSocket,
      disableBc: true,
    });
    authors.push(author);
    await until('the author is in sync', () => author.synced);
  }
  write(400);

  // Killed again and again while it reads and we write, and once the relay with it.
  const view = path.join(folder, 'view.sqlite');
  for (let i = 0; i < 5; i++) {
    const follower = start(example, 'follow', '--space', 'library', '--view', view);
    await until('it has read something', () => follower.output.includes('caught up'));
    write(50);
    follower.kill('SIGKILL');
    await follower.ended;
    if (i !== 2) continue;
    await relay.kill();
    await relay.start();
    await until('the authors are back', () => authors.every((author) => author.synced));
  }

  // Other code, beside the old one, which goes on.
  const old = start(example, 'follow', '--space', 'library', '--view', view);
  const changed = path.join(folder, 'changed');
  await cp(example, changed, { recursive: true, filter: (from) => !from.includes('node_modules') });
  await symlink(path.join(example, 'node_modules'), path.join(changed, 'node_modules'));
  const extract = await readFile(path.join(changed, 'extract.mjs'), 'utf8');
  await writeFile(
    path.join(changed, 'extract.mjs'),
    extract.replace('version = 1', 'version = 2').replace('return texts.join', 'return texts.map((text) => text.toUpperCase()).join'),
  );
  const next = path.join(folder, 'next.sqlite');
  const renewed = start(changed, 'follow', '--space', 'library', '--view', next);
  write(300);
  await until('the new view has caught up', () => renewed.output.includes('caught up'));
  await until('the old view has caught up', () => old.output.includes('caught up'));
  write(20);
  for (const { doc } of authors) doc.getText('body').insert(0, 'confluence ');

  const texts = () => authors.map(({ doc }) => doc.getText('body').toString());
  const inOrder = (dump) => Object.fromEntries(dump.trim().split('\n').map((line) => JSON.parse(line)).map(({ name, body }) => [name, body]));
  await until('everything is on the relay', async () => {
    const there = inOrder(await fresh(example, 'probe.sqlite'));
    return rooms.every((room, i) => there[room] === texts()[i]);
  });
  const wanted = { old: await fresh(example, 'fresh-old.sqlite'), renewed: await fresh(changed, 'fresh-new.sqlite') };
  assert.notEqual(wanted.old, wanted.renewed);

  // Both stop in an orderly way, the new one takes the old one's place, and goes on.
  for (const child of [old, renewed]) {
    child.kill('SIGTERM');
    assert.equal(await child.ended, 0, child.output);
  }
  await run(example, 'follow', '--once', '--space', 'library', '--view', view);
  assert.equal(await run(example, 'dump', '--view', view), wanted.old);
  await rename(next, view);
  const refused = start(example, 'dump', '--view', view);
  assert.equal(await refused.ended, 1);
  assert.match(refused.output, /made by version 2/);
  await run(changed, 'follow', '--once', '--space', 'library', '--view', view);
  assert.equal(await run(changed, 'dump', '--view', view), wanted.renewed);
  const found = await run(changed, 'search', '--view', view, 'CONFLUENCE');
  assert.equal(found.trim().split('\n').length, rooms.length);

  // A document that ends leaves the view.
  const gone = await fetch(`http://127.0.0.1:${relay.http}/v1/spaces/library/documents/beta`, { method: 'DELETE' });
  assert.ok(gone.ok, await gone.text());
  await run(changed, 'follow', '--once', '--space', 'library', '--view', view);
  assert.deepEqual(Object.keys(inOrder(await run(changed, 'dump', '--view', view))), ['alpha', 'delta', 'gamma']);
});
