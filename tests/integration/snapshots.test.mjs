// Snapshots between real providers and the real relay: a newcomer reads one and what came after it, two clients make and
// verify it, a forged one is served to nobody, records behind verified ones may go; and what a document was can be read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { startRelay } from './relay.mjs';
import { DocumentDeletedError, NotFoundError, packDecoder, snapshotter, WeirClient, WeirProvider, Y } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { leave, until } from './until.mjs';

const tailRecords = 200;

let relay;
before(async () => {
  relay = await startRelay({
    'snapshots.tail_records_min': tailRecords,
    'snapshots.serve_unverified_after': '1h',
    'retention.grace': '0s',
    'retention.lossy': 'true',
    'retention.spaces': 'short = since-snapshot lossy',
  });
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

/** Joins, and sees what crosses its wire. */
function join(document, { space = 'desk', doc = new Y.Doc(), ...options } = {}) {
  const seen = { bytes: 0, offsets: [], snapshots: [], stored: [], attested: [], errors: [] };
  class Counting extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      this.on('message', (data) => (seen.bytes += data.byteLength));
    }
  }
  const provider = kept(new WeirProvider(relay.url, space, document, doc, { awareness: null, webSocket: Counting, ...options }));
  provider.session
    .on('records', (records) => seen.offsets.push(...records.map(({ offset }) => offset)))
    .on('snapshot', (snapshot) => seen.snapshots.push(snapshot))
    .on('snapshot-stored', ({ offset }) => seen.stored.push(offset))
    .on('attested', ({ offset, valid }) => seen.attested.push([offset, valid]));
  provider.on('error', (error) => seen.errors.push(error));
  return Object.assign(provider, { seen });
}

const text = (provider) => provider.doc.getText('text');

/** Keystrokes in runs, some of them deletions, each a record of its own. */
async function type(provider, count, random) {
  let at = Infinity;
  for (let i = 0; i < count; i++) {
    const { length } = text(provider);
    at = Math.min(random() < 0.05 ? Math.floor(random() * (length + 1)) : at, length);
    if (at > 0 && random() < 0.2) text(provider).delete(--at, 1);
    else text(provider).insert(at++, String.fromCharCode(97 + Math.floor(random() * 26)));
  }
  await provider.whenSaved();
}

/** Two who write, until a snapshot that one of them made was verified by the other. */
async function verified(document, { rounds = 1, space = 'desk', seed = 1, others = [] } = {}) {
  const random = randomFrom(seed);
  const [a, b] = [join(document, { space }), join(document, { space, doc: new Y.Doc({ gc: false }) })];
  await Promise.all([a.whenSynced(), b.whenSynced()]);
  const all = (what) => [a, b, ...others].flatMap(({ seen }) => seen[what]);
  for (let round = 1; round <= rounds; round++) {
    await type(a, tailRecords, random);
    await type(b, tailRecords, random);
    await until(`snapshot ${round} is stored and verified`, () => all('stored').length >= round && all('attested').length >= round);
  }
  assert.ok(all('attested').every(([, valid]) => valid));
  assert.deepEqual(all('errors'), []);
  return { a, b, random };
}

/** Until the relay gives a verified snapshot to who asks: the word of who compared it has arrived. */
async function served({ client }, document, space = 'desk') {
  await until('a snapshot is served', async () => {
    const pages = client.history(document, { space });
    const { value } = await pages.next();
    await pages.return();
    return value.snapshots.some((snapshot) => snapshot.verified);
  });
}

test('a newcomer reads the snapshot that one made and another verified, and only the records after it', async () => {
  const { a, b, random } = await verified('joined', { rounds: 2 });
  await type(a, 20, random);
  await until('b has it', () => text(b).toString() === text(a).toString());
  await served(a, 'joined');
  const plain = join('joined', { snapshots: false });
  await plain.whenSynced();
  const newcomers = [join('joined'), join('joined', { packs: packDecoder })];
  for (const newcomer of newcomers) {
    await newcomer.whenSynced();
    assert.equal(text(newcomer).toString(), text(a).toString());
    assert.equal(newcomer.seen.snapshots.length, 1);
    const [{ offset, verified: confirmed, bytes }] = newcomer.seen.snapshots;
    assert.ok(confirmed);
    assert.ok(offset > tailRecords && bytes.length > 0);
    assert.deepEqual(newcomer.seen.offsets, plain.seen.offsets.filter((one) => one > offset));
    assert.ok(newcomer.seen.bytes < plain.seen.bytes, `${newcomer.seen.bytes} of ${plain.seen.bytes} bytes`);
    assert.deepEqual(newcomer.session.cursor, plain.session.cursor);
    assert.deepEqual(newcomer.seen.errors, []);
  }
  assert.deepEqual(plain.seen.snapshots, []);
  text(newcomers[0]).insert(0, 'hello ');
  await until('everybody has it', () => [a, b, plain, ...newcomers].every((one) => text(one).toString().startsWith('hello ')));
});

/** A client that publishes what is right and offers what is not. */
async function forger(document, state) {
  const client = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket }));
  const session = client.subscribe(document, {
    snapshotter: snapshotter({ make: () => ({ bytes: state(), codec: 0, fidelity: 'lossless' }), compare: () => 'unknown' }),
  });
  await session.whenCaughtUp();
  return session;
}

test('a forged snapshot is found by an honest client, and served to nobody', async () => {
  const honest = join('forged');
  await honest.whenSynced();
  text(honest).insert(0, 'pay 100 to Ada');
  await honest.whenSaved();
  const evil = await forger('forged', () => {
    const bytes = Buffer.from(Y.encodeStateAsUpdate(honest.doc));
    bytes.write('Eve', bytes.indexOf('Ada'));
    return new Uint8Array(bytes);
  });
  const { offset } = await evil.offerSnapshot();
  await until('it is called bad', () => honest.seen.attested.length > 0);
  assert.deepEqual(honest.seen.attested, [[offset, false]]);
  const newcomer = join('forged');
  await newcomer.whenSynced();
  assert.equal(text(newcomer).toString(), 'pay 100 to Ada');
  assert.deepEqual(newcomer.seen.snapshots, []);
  for await (const { snapshots } of newcomer.client.history('forged', { space: 'desk' })) assert.deepEqual(snapshots, []);
});

test('a snapshot larger than what may be in flight goes up in chunks, while its author types on', async () => {
  const author = join('large');
  await author.whenSynced();
  const random = randomFrom(5);
  const map = author.doc.getMap('pictures');
  for (let i = 0; i < 12; i++) map.set(`p${i}`, Uint8Array.from({ length: 400_000 }, () => Math.floor(random() * 256)));
  await author.whenSaved();
  const offered = author.session.offerSnapshot();
  const typed = type(author, 50, random);
  const { offset } = await offered;
  await typed;
  const other = join('large');
  await other.whenSynced();
  await until('it is verified', () => other.seen.attested.length > 0);
  assert.ok(other.seen.attested.every(([, valid]) => valid));
  await served(author, 'large');
  const newcomer = join('large', { packs: packDecoder });
  await newcomer.whenSynced();
  // The relay may have asked for a later one meanwhile.
  assert.equal(newcomer.seen.snapshots.length, 1);
  assert.ok(newcomer.seen.snapshots[0].offset >= offset);
  assert.ok([author, other].some(({ seen }) => seen.stored.includes(newcomer.seen.snapshots[0].offset)));
  assert.deepEqual(newcomer.doc.getMap('pictures').get('p7'), map.get('p7'));
  assert.equal(text(newcomer).toString(), text(author).toString());
});

test('records behind verified snapshots go, and nobody misses them', async () => {
  const early = join('cut', { space: 'short' });
  await early.whenSynced();
  const cursorClient = kept(new WeirClient({ url: relay.url, space: 'short', webSocket: WebSocket }));
  const { a, b, random } = await verified('cut', { rounds: 3, space: 'short', seed: 9, others: [early] });
  early.disconnect();
  const pageOf = async () => {
    const { value } = await cursorClient.history('cut', { snapshots: false }).next();
    return value;
  };
  await until('the relay has cut', async () => (await pageOf()).cut > 0);
  const { cut, records } = await pageOf();
  assert.ok(records.every(({ offset }) => offset > cut));
  await type(a, 30, random);
  early.connect();
  const newcomer = join('cut', { space: 'short' });
  await newcomer.whenSynced();
  assert.equal(text(newcomer).toString(), text(a).toString());
  assert.ok(newcomer.seen.snapshots.at(-1).offset >= cut);
  await until('all are the same', () => [b, early].every((one) => text(one).toString() === text(a).toString()));
  // One that stopped reading before the cut, and knows nothing else.
  const stale = cursorClient.subscribe('cut', {
    from: { epoch: newcomer.session.cursor.epoch, offset: 1, chain: new Uint8Array(32).fill(7) },
    snapshots: true,
  });
  const taken = [];
  stale.on('snapshot', ({ offset }) => taken.push(offset));
  await stale.whenCaughtUp();
  assert.ok(taken.at(-1) >= cut);
  assert.deepEqual(stale.cursor, newcomer.session.cursor);
  // One that wants records only is told what it does not get.
  const plain = kept(new WeirClient({ url: relay.url, space: 'short', webSocket: WebSocket })).subscribe('cut');
  const told = [];
  plain.on('cut', (offset) => told.push(offset));
  await plain.whenCaughtUp();
  // The relay may have cut once more meanwhile, behind a later snapshot.
  const { cut: later } = await pageOf();
  if (later === cut) assert.deepEqual(told, [cut]);
  else assert.ok(told.length > 0 && told.every((offset) => cut <= offset && offset <= later), `${cut}, ${told}, ${later}`);
});

test('what a document was, at any offset and at any time, is its records up to then', async () => {
  const { a } = await verified('past', { rounds: 2, seed: 3 });
  await served(a, 'past');
  const { client } = a;
  const all = [];
  for await (const { records } of client.history('past', { space: 'desk', snapshots: false })) all.push(...records);
  assert.equal(all.length, 4 * tailRecords);
  const prefix = (count) => {
    const doc = new Y.Doc();
    for (const { payload } of all.slice(0, count)) Y.applyUpdate(doc, payload);
    return doc.getText('text').toString();
  };
  assert.equal(prefix(all.length), text(a).toString());
  const read = async (asOf, snapshots) => {
    const doc = new Y.Doc();
    let count = 0;
    let used = 0;
    for await (const page of client.history('past', { space: 'desk', asOf, snapshots })) {
      for (const { bytes } of page.snapshots) Y.applyUpdate(doc, bytes);
      for (const { payload } of page.records) Y.applyUpdate(doc, payload);
      used += page.snapshots.length;
      count += page.records.length;
    }
    return { text: doc.getText('text').toString(), count, used };
  };
  const random = randomFrom(4);
  let withSnapshot = 0;
  for (let round = 0; round < 12; round++) {
    const count = 1 + Math.floor(random() * all.length);
    const { offset, time } = all[count - 1];
    const upToTime = all.filter((record) => record.time <= time).length;
    assert.deepEqual(await read({ offset }, false), { text: prefix(count), count, used: 0 });
    const short = await read({ offset }, true);
    assert.equal(short.text, prefix(count));
    withSnapshot += short.used;
    assert.equal((await read({ time }, false)).text, prefix(upToTime));
    assert.equal((await read({ time, offset }, true)).text, prefix(Math.min(count, upToTime)));
  }
  assert.ok(withSnapshot > 0);
});

test('the history of a document that was deleted is refused as such', async () => {
  const client = kept(new WeirClient({ url: relay.url, space: 'desk', webSocket: WebSocket }));
  await client.subscribe('nothing').publish(new Uint8Array(1));
  const answer = await fetch(`http://127.0.0.1:${relay.http}/v1/spaces/desk/documents/nothing`, { method: 'DELETE' });
  assert.equal(answer.status, 200);
  await assert.rejects(client.history('nothing').next(), DocumentDeletedError);
  await assert.rejects(client.history('never').next(), NotFoundError);
});
