// One session, fifty documents of a space: it sees their records in offset order across them, live and after it fell
// behind.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { exportedRecords } from './exported.mjs';
import { pausable } from './pausable.mjs';
import { startRelay } from './relay.mjs';
import { WeirClient } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { breathe, until } from './until.mjs';

const documents = Array.from({ length: 50 }, (_, i) => `chapter ${i}`);
const seed = Number(process.env.WEIR_SEED ?? 11);
const random = randomFrom(seed);
const below = (bound) => Math.floor(random() * bound);
const waitingMax = 200;
const budgetBytes = 1 << 20;

let relay;
const open = [];
before(async () => (relay = await startRelay()));
after(async () => {
  open.forEach((client) => client.close());
  await relay.end();
});

function client(options = {}) {
  open.push(new WeirClient({ url: relay.url, space: 'book', webSocket: WebSocket, ...options }));
  return open.at(-1);
}

/** What TCP can hold between two sockets that nobody reads: what is beyond it waits in the relay. */
async function socketBytesMax() {
  const largest = async (name) => Number((await readFile(`/proc/sys/net/ipv4/${name}`, 'utf8')).trim().split(/\s+/)[2]);
  return (await largest('tcp_rmem')) + (await largest('tcp_wmem'));
}

class Publisher {
  ackedBytes = 0;
  #sessions;
  #payloadBytesMax;

  constructor(payloadBytesMax) {
    this.client = client();
    this.#payloadBytesMax = payloadBytesMax;
    this.#sessions = documents.map((document) => this.client.subscribe(document, { from: 'live' }));
  }

  /** To any documents, until so many bytes are stored. */
  async publish(bytes) {
    const end = this.ackedBytes + bytes;
    while (this.ackedBytes < end) {
      if (this.client.pendingCount >= waitingMax) {
        await breathe();
        continue;
      }
      const payload = Buffer.alloc(1 + below(this.#payloadBytesMax), below(256));
      void this.#sessions[below(documents.length)].publish(payload).then(() => (this.ackedBytes += payload.length));
    }
  }

  stored() {
    return Promise.all(this.#sessions.map((session) => session.whenStored()));
  }
}

/** All documents through one session: offsets in the order of the client's events, and each document's records. */
class Reader {
  line = pausable();
  offsets = [];
  records = new Map(documents.map((document) => [document, []]));

  constructor() {
    this.client = client({ webSocket: this.line.WebSocket, runtime: this.line.runtime });
    this.sessions = documents.map((document) => {
      const session = this.client.subscribe(document);
      session.on('records', (records) => {
        this.offsets.push(...records.map(({ offset }) => offset));
        this.records.get(document).push(...records);
      });
      return session;
    });
  }
}

const key = ({ offset, sequence, payload }) => `${offset} ${sequence} ${payload.length} ${payload[0]}`;

/** Everything in the log, once, and rising. */
async function checkComplete(reader) {
  const logs = await Promise.all(documents.map((document) => exportedRecords(relay, 'book', document)));
  const offsets = logs.flatMap((log) => log.map(({ offset }) => offset)).sort((a, b) => a - b);
  await until('the reader has it all', () => reader.offsets.length >= offsets.length);
  assert.deepEqual(reader.offsets, offsets);
  documents.forEach((document, i) =>
    assert.deepEqual(reader.records.get(document).map(key), logs[i].map(key), document),
  );
  assert.equal(reader.line.connections, 1, 'it was never disconnected');
}

const caughtUp = (reader) => Promise.all(reader.sessions.map((session) => session.whenCaughtUp()));

test(`fifty documents in the order of their space: live, behind, live again (WEIR_SEED=${seed})`, async () => {
  const reader = new Reader();
  await caughtUp(reader);
  const publishers = [new Publisher(500), new Publisher(500), new Publisher(30_000)];
  const publish = (bytes) => Promise.all(publishers.map((publisher) => publisher.publish(bytes)));

  await publish(1 << 20);
  await Promise.all(publishers.map((publisher) => publisher.stored()));
  await checkComplete(reader);

  for (let round = 0; round < 2; round++) {
    const read = reader.offsets.length;
    reader.line.pause();
    await publishers[2].publish((await socketBytesMax()) + 4 * budgetBytes);
    await publish(1 << 18);
    assert.equal(reader.offsets.length, read, 'nothing was read');
    // It reads again while others go on writing.
    reader.line.resume();
    await publish(1 << 19);
  }
  await Promise.all(publishers.map((publisher) => publisher.stored()));
  await checkComplete(reader);
  console.log(`${reader.offsets.length} records, twice behind`);

  // Who comes when all is written reads one log after another or merged, but all of it.
  const newcomer = new Reader();
  await caughtUp(newcomer);
  assert.deepEqual(
    documents.map((document) => newcomer.records.get(document).map(key)),
    documents.map((document) => reader.records.get(document).map(key)),
  );
});
