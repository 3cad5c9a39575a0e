// One document, two transports: a WebSocket tab (the TypeScript client) and a gRPC client write to it while the relay is
// killed again and again, and what one transport stores the other reads, byte for byte.
// WEIR_TAIL names the C++ client's example.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { grpcClient, newProducer } from './grpc.mjs';
import { startRelay } from './relay.mjs';
import { WeirClient } from './sdk.mjs';
import { readTrace, typingTrace } from './traces.mjs';
import { breathe, until } from './until.mjs';

const kills = Number(process.env.WEIR_GRPC_KILLS ?? 5);
const eachWrites = 400;

let relay;
let grpc;
let tab;
before(async () => {
  relay = await startRelay();
  grpc = grpcClient(relay);
  tab = new WeirClient({ url: relay.url, webSocket: WebSocket, backoffFirstMs: 10, backoffMaxMs: 100 });
});
after(async () => {
  tab.close();
  grpc.close();
  await relay.end();
});

/** A gRPC client that comes back: it sends again what the relay says it does not have, and reads on from the start. */
class GrpcTab {
  outbox = [];
  stored = 0;
  records = new Map();
  #stopped = false;
  #producer = newProducer();
  #session = null;
  #place = null;

  constructor(space, document) {
    this.running = this.#run(space, document);
  }

  publish(payload) {
    this.outbox.push(payload);
    if (this.#session !== null) this.#send(this.outbox.length - 1);
  }

  async stop() {
    this.#stopped = true;
    this.#session?.call.cancel();
    await this.running;
  }

  #send(index) {
    const deltas = [{ payload: this.outbox[index] }];
    this.#session.send({ publish: { ...this.#place, firstSequence: index + 1, deltas } });
  }

  #take(event) {
    if (event.stored != null) this.stored = Math.max(this.stored, Number(event.stored.throughSequence));
    if (event.error != null) throw new Error(`the relay said ${event.error.message}`);
  }

  async #run(space, document) {
    while (!this.#stopped) {
      const session = grpc.sync();
      try {
        await session.hello(this.#producer);
        const { document: handle, epoch, lastSequence } = await session.subscribe(space, document);
        this.#place = { document: handle, epoch };
        this.#session = session;
        this.stored = Math.max(this.stored, Number(lastSequence));
        for (let index = Number(lastSequence); index < this.outbox.length; ++index) this.#send(index);
        let seen = 0;
        while (session.ended === null) {
          while (seen < session.events.length) this.#take(session.events[seen++]);
          await breathe();
        }
        for (const record of session.records()) this.records.set(record.offset, record);
      } catch (error) {
        if (session.ended === null) throw error;
      }
      this.#session = null;
    }
  }
}

test('a WebSocket tab and a gRPC client survive kills of the relay, and both converge', async () => {
  const there = tab.subscribe('plan', { space: 'both' });
  const offsets = [];
  const complaints = [];
  there.on('records', (records) => offsets.push(...records.map(({ offset }) => Number(offset))));
  there.on('error', (error) => complaints.push(error.message));
  const here = new GrpcTab('both', 'plan');
  const acked = [];
  for (let written = 0, killed = 0; written < eachWrites; ++written) {
    acked.push(there.publish(Buffer.from(`tab ${written}`)));
    here.publish(Buffer.from(`grpc ${written}`));
    if (written % 10 === 9) await until('some is stored', () => here.stored >= written / 2 && here.stored > 0);
    if (killed < kills && written >= ((killed + 1) * eachWrites) / (kills + 1)) {
      await relay.kill();
      await relay.start();
      killed += 1;
    }
  }
  const places = await Promise.all(acked);
  await until('all of gRPC is stored', () => here.stored === eachWrites);
  await until('the tab has all', () => new Set(offsets).size === 2 * eachWrites);
  await here.stop();
  assert.deepEqual(complaints, []);

  const stored = (await grpc.all('Read', { space: 'both', document: 'plan' })).flatMap(({ records }) => records);
  const texts = stored.map(({ payload }) => payload.toString());
  for (const who of ['tab', 'grpc']) {
    const mine = texts.filter((text) => text.startsWith(who));
    assert.deepEqual(mine, Array.from({ length: eachWrites }, (_, i) => `${who} ${i}`), 'each once, in order');
  }
  assert.deepEqual(offsets, stored.map(({ offset }) => Number(offset)), 'the tab saw the order of the log');
  offsetsOf(stored, 'tab').forEach((offset, i) => assert.ok(offset <= Number(places[i].offset), 'acknowledged behind it'));

  const newcomer = grpc.sync();
  await newcomer.hello(newProducer());
  await newcomer.subscribe('both', 'plan');
  await newcomer.first('caughtUp');
  assert.deepEqual(newcomer.records().map(({ payload }) => payload.toString()), texts);
  newcomer.call.cancel();
  for (const { offset, payload, stub } of here.records.values()) {
    const same = stored.find((record) => Number(record.offset) === offset);
    assert.ok(stub || same.payload.equals(payload), 'what the gRPC client saw is what is stored');
  }
});

const offsetsOf = (records, who) =>
  records.filter(({ payload }) => payload.toString().startsWith(who)).map(({ offset }) => Number(offset));

test('a trace published over WebSocket is read back over gRPC and through the C++ client, byte for byte', async () => {
  const trace = (await readTrace('automerge-paper')) ?? typingTrace(5000);
  const payloads = trace.txns.map(({ patches }) => Buffer.from(JSON.stringify(patches)));
  const paper = tab.subscribe('paper', { space: 'traces' });
  let last;
  for (const payload of payloads) {
    last = paper.publish(payload);
    if (paper.pendingCount > 2000) await until('some is stored', () => paper.pendingCount < 1000);
  }
  await last;
  let sequence = 0;
  let cursor;
  for await (const message of grpc.stream('Read', { space: 'traces', document: 'paper' })) {
    for (const record of message.records) {
      assert.ok(record.payload.equals(payloads[sequence]), `record ${sequence}`);
      sequence += 1;
      assert.equal(Number(record.sequence), sequence);
    }
    cursor = message.cursor ?? cursor;
  }
  assert.equal(sequence, payloads.length);
  const [rest] = await grpc.all('Read', { space: 'traces', document: 'paper', cursor });
  assert.deepEqual(rest.records, []);
  assert.deepEqual(rest.cursor, cursor);

  const reader = spawn(process.env.WEIR_TAIL, [`127.0.0.1:${relay.grpc}`, 'traces', 'paper'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let line = 0;
  try {
    for await (const text of createInterface({ input: reader.stdout })) {
      const payload = text.slice(text.indexOf(' ', text.indexOf(' ') + 1) + 1); // behind offset and producer
      assert.equal(payload, payloads[line].toString(), `record ${line}, through the C++ client`);
      line += 1;
      if (line === payloads.length) break;
    }
  } finally {
    reader.kill();
  }
  assert.equal(line, payloads.length);
});
