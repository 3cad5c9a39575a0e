// The relay is killed again and again in the middle of its work. What it acknowledged is in the log once and in order,
// and every client ends with all of it.
//
// WEIR_KILLS says how often, WEIR_SEED repeats what chance decided here (not what the operating system did).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

import { exportedRecords } from './exported.mjs';
import { startRelay } from './relay.mjs';
import { WeirClient } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { breathe, until } from './until.mjs';

const kills = Number(process.env.WEIR_KILLS ?? 50);
const seed = Number(process.env.WEIR_SEED ?? Math.floor(Math.random() * 2 ** 32));
const random = randomFrom(seed);
const below = (bound) => Math.floor(random() * bound);
const waitingMax = 40;
/** Who publishes where: documents with several authors, and authors with several documents in two spaces. */
const places = {
  ada: ['red/plan', 'red/notes', 'blue/plan'],
  bob: ['red/plan', 'blue/plan'],
  cyd: ['red/plan', 'blue/list'],
  dan: ['blue/plan', 'blue/list'],
};

let relay;
const open = [];
before(async () => (relay = await startRelay()));
after(async () => {
  open.forEach((one) => (one.destroy ?? one.close).call(one));
  await relay.end();
});
const kept = (one) => {
  open.push(one);
  return one;
};

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
const subscribe = (client, place) => {
  const [space, document] = place.split('/');
  return client.subscribe(document, { space });
};

/** Notes everything that must not happen, whatever is killed. */
function nativeClient(complaints) {
  const client = kept(new WeirClient({ url: relay.url, webSocket: WebSocket, backoffFirstMs: 10, backoffMaxMs: 100 }));
  client.on('producer-changed', (_, cause) => complaints.push(`another producer: ${cause.message}`));
  client.on('error', (error) => complaints.push(error.message));
  return client;
}

/** One author's writing to one document. */
class Author {
  published = [];
  acked = [];
  offsets = [];

  constructor(name, place, client, complaints) {
    this.name = name;
    this.place = place;
    this.client = client;
    this.session = subscribe(client, place);
    this.session.on('records', (records) => this.offsets.push(...records.map(({ offset }) => offset)));
    this.session.on('subscribed', ({ lostHistory }) => lostHistory && complaints.push(`${place} lost history`));
    this.session.on('error', (error) => complaints.push(error.message));
  }

  /** Mostly keystrokes, now and then a picture. */
  publish() {
    const number = this.published.length;
    const payload = Buffer.alloc(4 + below(random() < 0.02 ? 60_000 : 300), number);
    payload.writeUInt32LE(below(2 ** 32));
    this.published.push(digest(payload));
    void this.session.publish(payload).then(({ offset }) => (this.acked[number] = offset));
  }
}

class YjsWriter {
  constructor(room) {
    this.doc = new Y.Doc();
    this.text = this.doc.getText('text');
    this.provider = new WebsocketProvider(`${relay.url}/yjs/red`, room, this.doc, {
      WebSocketPolyfill: WebSocket,
      disableBc: true,
      maxBackoffTime: 100,
    });
    kept(this);
  }

  destroy() {
    this.provider.destroy();
    this.doc.destroy(); // with it goes the awareness, whose timer would keep the process alive
  }

  edit() {
    if (this.text.length > 20 && random() < 0.3) this.text.delete(below(this.text.length - 3), 3);
    else this.text.insert(below(this.text.length + 1), `${below(1000)} `);
  }
}

const ackedCount = (authors) =>
  authors.reduce((sum, { session, published }) => sum + published.length - session.pendingCount, 0);

/** Everybody writes as fast as it is stored, until told to stop. */
async function write(authors, writers, stopped) {
  while (!stopped()) {
    for (const author of authors) if (author.session.pendingCount < waitingMax && random() < 0.5) author.publish();
    for (const writer of writers) if (random() < 0.05) writer.edit();
    await breathe();
  }
}

/** Kills at a moment that chance picks: after so many more acknowledgements, between any two of them. */
async function killAtRandom(authors) {
  const enough = ackedCount(authors) + (random() < 0.1 ? 0 : below(400));
  await until('enough was stored', async () => {
    for (let turns = below(200); turns > 0; turns--) await breathe();
    return ackedCount(authors) >= enough;
  });
  await relay.kill();
}

/** Every acknowledged delta once, the producers' counts without gap, offsets rising. */
function checkLog(place, log, authors) {
  log.forEach(({ offset }, i) => assert.ok(i === 0 || offset > log[i - 1].offset, `${place}: offsets rise`));
  const byProducer = groupBy(log, ({ producer }) => producer);
  assert.equal(byProducer.size, authors.length, `${place}: as many producers as authors`);
  for (const author of authors) {
    const own = byProducer.get(Buffer.from(author.client.producer).toString('hex'));
    const whose = `${place}: ${author.name}'s`;
    assert.deepEqual(
      own.map(({ sequence }) => sequence),
      own.map((_, i) => i + 1),
      `${whose} sequences`,
    );
    assert.deepEqual(
      own.map(({ payload }) => digest(payload)),
      author.published,
      `${whose} payloads`,
    );
    own.forEach(({ offset }, i) => assert.ok(offset <= author.acked[i], `${whose} acknowledgements`));
  }
}

function groupBy(all, key) {
  const groups = new Map();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}

test(`killed ${kills} times while it works (WEIR_SEED=${seed})`, async () => {
  const since = performance.now();
  const complaints = [];
  const authors = Object.entries(places).flatMap(([name, all]) => {
    const client = nativeClient(complaints);
    return all.map((place) => new Author(name, place, client, complaints));
  });
  const readers = new Map();
  const readerClient = nativeClient(complaints);
  for (const place of new Set(Object.values(places).flat())) {
    const seen = [];
    subscribe(readerClient, place).on('records', (records) =>
      seen.push(...records.map(({ offset, sequence, payload }) => `${offset} ${sequence} ${digest(payload)}`)),
    );
    readers.set(place, seen);
  }
  const writers = [new YjsWriter('room'), new YjsWriter('room')];

  let over = false;
  const writing = write(authors, writers, () => over);
  for (let i = 0; i < kills; i++) {
    await killAtRandom(authors);
    await relay.start();
  }
  over = true;
  await writing;
  await Promise.all(authors.map(({ session }) => session.whenStored()));
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  console.log(`${kills} kills, ${ackedCount(authors)} deltas acknowledged, ${seconds} s (seed ${seed})`);

  for (const [place, seen] of readers) {
    const log = await exportedRecords(relay, ...place.split('/'));
    const here = authors.filter((author) => author.place === place);
    checkLog(place, log, here);
    const expected = log.map(({ offset, sequence, payload }) => `${offset} ${sequence} ${digest(payload)}`);
    await until(`${place}: the reader has it all`, () => seen.length >= expected.length);
    assert.deepEqual(seen, expected, `${place}: the reader saw the log`);
    for (const author of here) {
      await until(`${place}: ${author.name} has it all`, () => author.offsets.length >= log.length);
      assert.deepEqual(
        author.offsets,
        log.map(({ offset }) => offset),
        `${place}: ${author.name} saw the log`,
      );
    }
  }
  assert.deepEqual(complaints, []);

  const alike = (...all) => all.every(({ doc }) => Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(all[0].doc)));
  await until('both Yjs documents are equal', () => alike(...writers));
  const newcomer = new YjsWriter('room');
  await until('a newcomer has the same', () => newcomer.provider.synced && alike(...writers, newcomer));
  assert.ok(newcomer.text.length > 0);
  assert.equal(new Set([...writers, newcomer].map(({ text }) => text.toString())).size, 1);
});
