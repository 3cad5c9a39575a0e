// Encrypted documents at the real relay: people converge over its crashes, packs and snapshots, what it has on disk tells nothing
// of what they wrote, and who comes over y-websocket beside them is not disturbed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as YOfWebsocket from 'yjs';

import { startRelay } from './relay.mjs';
import { encryption, openStore, packDecoder, UnknownKeyError, UnsealedError, verify, WeirClient, WeirProvider, Y } from './sdk.mjs';
import { leave, until } from './until.mjs';

const tailRecords = 60;
const key = new Uint8Array(randomBytes(32));
const sealed = () => encryption({ id: 1, key });

let relay;
before(async () => {
  relay = await startRelay({ 'snapshots.tail_records_min': tailRecords, 'snapshots.serve_unverified_after': '1h' });
});
const open = [];
after(async () => {
  open.forEach(leave);
  await relay.end();
});
const kept = (one) => {
  open.push(one);
  return one;
};

function join(document, options = {}) {
  const seen = { errors: [], snapshots: 0, offsets: [], stored: [], attested: [] };
  const doc = new Y.Doc();
  const fast = { url: relay.url, webSocket: WebSocket, backoffFirstMs: 10, backoffMaxMs: 100, packs: packDecoder, makesSnapshots: true };
  const client = kept(new WeirClient({ ...fast, ...(options.store === undefined ? {} : { store: options.store }) }));
  const provider = kept(new WeirProvider('', 'desk', document, doc, { client, encryption: sealed(), ...options }));
  provider.on('error', (error) => seen.errors.push(error));
  provider.session
    .on('snapshot', () => seen.snapshots++)
    .on('records', (records) => seen.offsets.push(...records.map(({ offset }) => offset)))
    .on('snapshot-stored', ({ offset }) => seen.stored.push(offset))
    .on('attested', ({ valid }) => seen.attested.push(valid));
  return Object.assign(provider, { seen });
}

const text = (provider) => provider.doc.getText('text').toString();
/** Each keystroke a record of its own. */
async function type(provider, words) {
  const body = provider.doc.getText('text');
  for (const letter of words) {
    body.insert(body.length, letter);
    await provider.whenSaved();
  }
}

/** Is it in any file of the relay, as it was written? */
async function onDisk(words) {
  const wanted = Buffer.from(words);
  for (const entry of await readdir(relay.data, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && (await readFile(path.join(entry.parentPath ?? entry.path, entry.name))).includes(wanted)) return true;
  return false;
}

test('people write, the relay is killed, its packs and snapshots are on: they converge, and its disk tells nothing', async () => {
  const [ada, bob] = [join('plan'), join('plan')];
  await Promise.all([ada, bob].map((one) => one.whenSynced()));
  const secret = 'the quick brown fox meets at the harbour at nine. ';
  ada.doc.getText('text').insert(0, secret); // one delta, as it was pasted
  await ada.whenSaved();
  await type(ada, 'x'.repeat(tailRecords));
  await relay.kill();
  ada.doc.getText('text').insert(0, 'written while there was no relay. ');
  bob.doc.getText('text').insert(0, 'and so was this. ');
  await relay.start();
  await Promise.all([ada, bob].map((one) => one.whenSaved()));
  await type(bob, 'y'.repeat(tailRecords));
  await until('both have the same', () => text(ada) === text(bob) && text(ada).length > 200);
  await until('one made a snapshot and the other verified it', () => {
    const all = (what) => [...ada.seen[what], ...bob.seen[what]];
    return all('stored').length > 0 && all('attested').length > 0;
  });
  assert.ok([...ada.seen.attested, ...bob.seen.attested].every((valid) => valid));

  const plain = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket }));
  await plain.subscribe('plain').publish(Buffer.from('an open secret'));
  assert.ok(await onDisk('an open secret'), 'what is not sealed is found by this search');
  assert.equal(await onDisk('the quick brown fox'), false);
  assert.equal(await onDisk('written while there was'), false);

  let newcomer;
  await until('a newcomer is sent the snapshot', async () => {
    newcomer = join('plan');
    await newcomer.whenSynced();
    if (newcomer.seen.snapshots > 0) return true;
    leave(newcomer);
    return false;
  });
  assert.equal(text(newcomer), text(ada));
  const reader = join('plan', { snapshots: false });
  await reader.whenSynced();
  assert.equal(text(reader), text(ada));
  assert.ok(newcomer.seen.offsets.length < reader.seen.offsets.length);
  for (const { seen } of [ada, bob, newcomer, reader]) assert.deepEqual(seen.errors, []);
});

test('cursors are seen by who has the key', async () => {
  const [ada, bob] = [join('cursors'), join('cursors')];
  ada.awareness.setLocalStateField('user', { name: 'Ada' });
  await until('bob sees ada', () => [...bob.awareness.getStates().values()].some(({ user }) => user?.name === 'Ada'));
  const seen = [];
  const stranger = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket }));
  stranger.subscribe('cursors', { presence: true }).on('presence', (changes) => seen.push(...changes));
  await until('a stranger has what there is', () => seen.length > 0);
  assert.ok(seen.every(({ data }) => !Buffer.from(data).includes('Ada')));
});

test('a store on disk has nothing in plain, and its edits arrive after the process began anew', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'weir-sealed-'));
  try {
    const store = await openStore(folder);
    const ada = join('kept', { store, awareness: null });
    await ada.whenSynced();
    ada.doc.getText('text').insert(0, 'said to nobody');
    await ada.whenSaved();
    await relay.kill();
    ada.doc.getText('text').insert(0, 'and this to no relay');
    await ada.whenPersisted();
    leave(ada);
    await ada.client.close();
    await store.close();
    for (const name of await readdir(folder)) {
      const bytes = await readFile(path.join(folder, name));
      for (const words of ['said to nobody', 'and this to no relay']) assert.ok(!bytes.includes(words), name);
    }
    await relay.start();
    const again = await openStore(folder);
    const same = join('kept', { store: again, awareness: null });
    await same.whenLoaded();
    assert.equal(text(same), 'and this to no relaysaid to nobody');
    await same.whenSaved();
    const bob = join('kept', { awareness: null });
    await bob.whenSynced();
    assert.equal(text(bob), text(same));
    assert.deepEqual([...same.seen.errors, ...bob.seen.errors], []);
    leave(same);
    await same.client.close();
    await again.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('what the relay has packed of an encrypted document is read from its packs', async () => {
  const count = 1100; // it packs 1,024 and more
  const client = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket }));
  const session = client.subscribe('packed', { encryption: sealed() });
  for (let i = 0; i < count; i++) await session.publish(Buffer.from(`delta ${i}`));
  await until('a newcomer is sent packs', async () => {
    let packs = 0;
    const counting = { ...packDecoder, decode: (pack) => (packs++, packDecoder.decode(pack)) };
    const newcomer = new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket, packs: counting });
    const read = [];
    const errors = [];
    const all = newcomer.subscribe('packed', { encryption: sealed() }).on('error', (error) => errors.push(error));
    all.on('records', (records) => read.push(...records.map(({ payload }) => Buffer.from(payload).toString())));
    await all.whenCaughtUp();
    await newcomer.close();
    assert.deepEqual(errors, []);
    assert.deepEqual(read, Array.from({ length: count }, (_, i) => `delta ${i}`));
    return packs > 0;
  });
});

test('people on y-websocket in the same room see each other, and neither side is broken', async () => {
  const ada = join('shared');
  await ada.whenSynced();
  await type(ada, 'sealed');
  const rooms = ['one', 'two'].map(() => {
    const doc = new YOfWebsocket.Doc();
    return kept(new WebsocketProvider(`${relay.url}/yjs/desk`, 'shared', doc, { WebSocketPolyfill: WebSocket, disableBc: true }));
  });
  await until('both are synced', () => rooms.every(({ synced }) => synced));
  rooms[0].doc.getText('text').insert(0, 'plain');
  await until('the other has it', () => rooms[1].doc.getText('text').toString() === 'plain');
  await until('who has the key is told', () => ada.seen.errors.length > 0);
  assert.ok(ada.seen.errors.every((error) => error instanceof UnsealedError));
  await type(ada, ' still');
  const bob = join('shared');
  await bob.whenSynced();
  assert.equal(text(bob), 'sealed still');
  assert.equal(rooms[1].doc.getText('text').toString(), 'plain');
});

test('verify alone goes along with an honest relay that is killed', async () => {
  const client = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket, backoffFirstMs: 10, backoffMaxMs: 100 }));
  const errors = [];
  const session = client.subscribe('open', { verify }).on('error', (error) => errors.push(error));
  for (let i = 0; i < 50; i++) void session.publish(Buffer.from(`delta ${i}`));
  await session.whenStored();
  await relay.kill();
  for (let i = 50; i < 100; i++) void session.publish(Buffer.from(`delta ${i}`));
  await relay.start();
  await session.whenStored();
  const reader = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket, packs: packDecoder }));
  const read = [];
  const all = reader.subscribe('open', { verify }).on('error', (error) => errors.push(error));
  all.on('records', (records) => read.push(...records.map(({ payload }) => Buffer.from(payload).toString())));
  await all.whenCaughtUp();
  assert.deepEqual(read, Array.from({ length: 100 }, (_, i) => `delta ${i}`));
  assert.deepEqual(errors, []);
});

test('who opens an encrypted document without its key is told so, once, and what they write is not sent in plain', async () => {
  const writer = join('secret');
  await writer.whenSynced();
  await type(writer, 'abc');
  const stranger = join('secret', { encryption: undefined });
  await stranger.whenSynced();
  assert.equal(text(stranger), '');
  assert.deepEqual(stranger.seen.errors.map(({ name }) => name), ['UnknownKeyError']);
  assert.match(stranger.seen.errors[0].message, /^desk\/secret: it is encrypted: give `encryption`/);
  stranger.doc.getText('text').insert(0, 'plain as day');
  await assert.rejects(stranger.whenSaved(), UnknownKeyError);
  assert.equal(stranger.saved, false);
  await type(writer, 'd');
  assert.equal(text(writer), 'abcd');
  assert.deepEqual(writer.seen.errors, []);
});
