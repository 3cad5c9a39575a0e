// A document that was cut, as tools see it: followed, fed into a view, exported and put back into another store. And a
// document that was deleted: nothing of it is in any file.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import WebSocket from 'ws';

import { grpcClient, newProducer, protoFolder } from './grpc.mjs';
import { relayBinary, startRelay } from './relay.mjs';
import { WeirProvider, Y } from './sdk.mjs';
import { leave, until } from './until.mjs';

const view = fileURLToPath(new URL('../../client-sdk/examples/feed-view/main.mjs', import.meta.url));
const tailRecords = 30;

let relay;
let folder;
const open = [];
const children = new Set();
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-cut-'));
  relay = await startRelay({
    'snapshots.tail_records_min': tailRecords,
    'retention.grace': '0s',
    'retention.interval': '1s',
    'retention.spaces': 'short = since-snapshot lossy',
  });
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  open.forEach(leave);
  await relay.end();
  await rm(folder, { recursive: true, force: true });
});

/** Begins a program: { out, err, lines(), ended }. */
function begin(program, ...words) {
  const env = { ...process.env, WEIR_PROTO: protoFolder };
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
  children.add(child);
  child.out = '';
  child.err = '';
  child.stdout.on('data', (some) => (child.out += some));
  child.stderr.on('data', (some) => (child.err += some));
  child.lines = () => child.out.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  child.ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return code;
  });
  return child;
}

/** Runs it to its end, which must be a good one; the JSON lines that it printed. */
async function run(program, ...words) {
  const child = begin(program, ...words);
  assert.equal(await child.ended, 0, `${words.join(' ')}: ${child.err}`);
  return child.lines();
}

const docs = (command, ...words) => run(relayBinary(), 'docs', command, '--json', ...words);
const at = ({ grpc }) => ['--server', `127.0.0.1:${grpc}`];

function join(of, document, options = {}) {
  const provider = new WeirProvider(of.url, 'short', document, new Y.Doc(), { awareness: null, webSocket: WebSocket, ...options });
  provider.on('error', () => {}); // a relay that is stopped is one
  open.push(provider);
  return provider;
}

const text = ({ doc }) => doc.getText('body');

let typed = 0;
async function type(provider, count) {
  for (let i = 0; i < count; i++) text(provider).insert(text(provider).length, `word${typed++} `);
  await provider.whenSaved();
}

/** The view's one document, after it has taken all that is there. */
async function viewed(file) {
  const from = ['--space', 'short', '--relay', `127.0.0.1:${relay.grpc}`];
  const follow = begin(process.execPath, view, 'follow', '--once', '--view', file, ...from);
  assert.equal(await follow.ended, 0, follow.err);
  const [one] = await run(process.execPath, view, 'dump', '--view', file);
  return one;
}

test('a cut document is followed, fed, exported, and put back', async () => {
  const [a, b] = [join(relay, 'plan'), join(relay, 'plan')];
  await Promise.all([a.whenSynced(), b.whenSynced()]);
  await type(a, tailRecords / 2);
  const early = path.join(folder, 'early.sqlite');
  assert.equal((await viewed(early)).body.trim(), text(a).toString().trim());

  // Two snapshots, each verified; what lies behind the older one goes. The view takes each record before that can be.
  let snapshots = [];
  let cut;
  await until('the relay has cut', async () => {
    if (snapshots.every(({ standing }) => standing === 'verified') && snapshots.length < 3) {
      const { length } = snapshots;
      await type(a, tailRecords);
      await viewed(early);
      await until('there is another', async () => {
        snapshots = await docs('snapshots', 'short', 'plan', ...at(relay));
        return snapshots.length > length;
      });
    }
    snapshots = await docs('snapshots', 'short', 'plan', ...at(relay));
    [{ cut }] = await docs('show', 'short', 'plan', ...at(relay));
    return cut > 0;
  });

  // Who follows from the beginning is told of the cut, and goes on behind it.
  const followed = begin(relayBinary(), 'docs', 'tail', 'short', 'plan', '--follow', '--json', ...at(relay));
  await until('the cut is told', () => followed.lines().length > 0);
  assert.ok(followed.lines()[0].cut >= cut);
  await type(a, 1);
  const [{ head }] = await docs('show', 'short', 'plan', ...at(relay));
  await until('it goes on', () => followed.lines().at(-1).offset === head);
  const [first, ...rest] = followed.lines();
  assert.ok(rest.every(({ offset }) => offset > first.cut));
  followed.kill('SIGTERM');
  assert.equal(await followed.ended, 0, followed.err);

  // A provider that takes no snapshots says that it lacks something, and never that it is synced.
  const lacking = join(relay, 'plan', { snapshots: false });
  await assert.rejects(lacking.whenSynced(), { name: 'RecordsCutError' });
  assert.equal(lacking.synced, false);

  // The feed says so as well; a view that had the records keeps what it made of them, a new one never has them.
  const feed = await docs('tail', 'short', ...at(relay));
  assert.equal(feed[0].kind, 'cut');
  assert.ok(feed.slice(1).every(({ kind }) => kind === 'record'));
  const [was, anew] = [await viewed(early), await viewed(path.join(folder, 'late.sqlite'))];
  assert.equal(was.body.trim(), text(a).toString().trim());
  assert.ok(anew.records < was.records);

  // Out of a store on disk, and into another; from there a newcomer reads all of it.
  const file = path.join(folder, 'plan.weir');
  const [exported] = await docs('export', 'short', 'plan', '--out', file, ...at(relay));
  assert.ok(exported.cut >= cut && exported.snapshots > 0);
  const other = await startRelay({ 'retention.spaces': 'short = since-snapshot lossy' });
  try {
    await other.stop();
    const [imported] = await docs('import', file, '--data', other.data);
    assert.equal(imported.cut, exported.cut);
    assert.equal((await docs('verify', '--data', other.data)).at(-1).findings, 0);
    await other.start();
    const newcomer = join(other, 'plan');
    await newcomer.whenSynced();
    assert.equal(text(newcomer).toString(), text(a).toString());
    const [there] = await docs('show', 'short', 'plan', ...at(other));
    assert.ok(there.cut > 0);
    // Once more, from the store itself.
    leave(newcomer);
    await other.stop();
    const again = path.join(folder, 'again.weir');
    const [second] = await docs('export', 'short', 'plan', '--out', again, '--data', other.data);
    assert.deepEqual([second.records, second.snapshots], [exported.records, exported.snapshots]);
  } finally {
    await other.end();
  }
});

/** Carries connections to a port until it is shut, and from when it is opened again. */
async function gate(to) {
  const sockets = new Set();
  const server = net.createServer((from) => {
    const there = net.connect(to, '127.0.0.1');
    for (const [one, other] of [[from, there], [there, from]]) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const shut = async () => {
    server.close();
    sockets.forEach((one) => one.destroy());
    await once(server, 'close');
  };
  return { grpc: port, shut, open: () => server.listen(port, '127.0.0.1') };
}

test('who follows and was away when the document was cut is told so', async () => {
  const [a, b] = [join(relay, 'followed'), join(relay, 'followed')];
  await Promise.all([a.whenSynced(), b.whenSynced()]);
  await type(a, 3);
  const line = await gate(relay.grpc);
  const followed = begin(relayBinary(), 'docs', 'tail', 'short', 'followed', '--follow', '--json', ...at(line));
  await until('what is there is printed', () => followed.lines().length === 3);
  await line.shut();
  await until('it says that the relay is away', () => followed.err !== '');

  const last = followed.lines().at(-1).offset;
  await until('the relay has cut behind it', async () => {
    const snapshots = await docs('snapshots', 'short', 'followed', ...at(relay));
    if (snapshots.every(({ standing }) => standing === 'verified')) await type(a, tailRecords);
    const [{ cut }] = await docs('show', 'short', 'followed', ...at(relay));
    return cut > last;
  });
  line.open();
  const { head } = (await docs('show', 'short', 'followed', ...at(relay)))[0];
  await until('it goes on', () => followed.lines().at(-1).offset === head);
  const [first, ...rest] = followed.lines().slice(3);
  assert.ok(first.cut > last);
  assert.ok(rest.length > 0 && rest.every(({ offset }) => offset > first.cut));
  followed.kill('SIGTERM');
  assert.equal(await followed.ended, 0, followed.err);
  await line.shut();
});

test('a deleted document leaves nothing behind, its snapshots neither', async () => {
  const short = await startRelay({ 'storage.packing': 'false' });
  const client = grpcClient(short);
  try {
    const of = (document) => ({ space: 'bin', document, producer: newProducer() });
    const append = (document, payload) => client.ask('Append', { ...of(document), firstSequence: 1, deltas: [{ payload }] });
    const payloads = Array.from({ length: 3 }, () => randomBytes(2000)); // bytes that nothing compresses
    const snapshot = randomBytes(600_000);
    await append('kept', randomBytes(100));
    for (const payload of payloads) await append('gone', payload);
    const [{ head }] = await docs('show', 'bin', 'gone', ...at(short));
    const hash = createHash('sha256').update(snapshot).digest();
    await client.put({ ...of('gone'), offset: head, hash, size: snapshot.length }, [snapshot]);

    const secrets = [...payloads, snapshot].flatMap((bytes) => [bytes.subarray(0, 32), bytes.subarray(-32)]);
    const found = async () => {
      const all = await readdir(short.data, { recursive: true, withFileTypes: true });
      const names = all.filter((one) => one.isFile()).map((one) => path.join(one.parentPath ?? one.path, one.name));
      const files = await Promise.all(names.map((name) => readFile(name)));
      return secrets.filter((secret) => files.some((file) => file.includes(secret))).length;
    };
    assert.equal(await found(), secrets.length, 'nothing is found because nothing is looked for');
    await docs('delete', 'bin', 'gone', '--yes', ...at(short));
    await short.stop();
    await docs('compact', 'bin', 'kept', '--data', short.data);
    assert.equal((await docs('verify', '--data', short.data)).at(-1).findings, 0);
    assert.equal(await found(), 0);
  } finally {
    client.close();
    await short.end();
  }
});
