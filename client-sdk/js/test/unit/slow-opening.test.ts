// A relay that sends sealed records faster than they can be opened: what waits is bounded, and nothing is lost, doubled or swapped.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { waitingBytesMax } from '../../src/sealing/gate.js';
import { Ledger, sealed, sent } from '../support/author.js';
import { answerSubscribe, bytes, caughtUp, handle, run, stored, welcome } from '../support/conversation.js';
import { ada, reader, type Reader } from '../support/reader.js';
import { quiet } from '../support/settled.js';

const recordBytes = 512 * 1024;
const enough = Math.ceil(waitingBytesMax / recordBytes) + 2;

/** Records that are large, and differ. */
async function large(count: number): Promise<Ledger> {
  const there = new Ledger();
  for (let i = 0; i < count; i++) {
    const noise = Buffer.alloc(recordBytes);
    for (let at = 0; at < recordBytes; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
    await there.write(ada, i + 1, [(i.toString(16).padStart(4, '0') + noise.toString('hex')).slice(0, 2 * recordBytes)], { seen: null });
  }
  return there;
}

const numbers = ({ read }: Reader): number[] => read.map((payload) => parseInt(payload.slice(0, 4), 16));
const kinds = (at: Reader): string[] => at.network.last.take().map((event) => Object.keys(event)[0]!);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

async function drained(at: Reader, count: number): Promise<void> {
  while (at.read.length < count) await quiet();
  await quiet();
}

test('it unsubscribes, takes what has come, and goes on from there', async () => {
  const { records } = await large(enough + 4);
  const at = await reader();
  void at.session.publish(bytes('0a'));
  at.socket.say(caughtUp(0));
  await quiet();
  assert.deepEqual(kinds(at), ['publish']);
  for (const record of records.slice(0, enough)) at.socket.say(sent([record]));
  assert.deepEqual(kinds(at), ['unsubscribe'], 'before any is opened');
  assert.equal(at.session.caughtUp, false);
  at.socket.say(sent(records.slice(enough)), caughtUp(records.length)); // it was under way
  at.socket.say(stored(1, 99)); // and so was this, of which nobody speaks again
  at.session.setPresence(bytes('0b'));
  void at.session.publish(bytes('0c'));
  await drained(at, enough - 1);
  const read = at.read.length;
  assert.deepEqual(numbers(at), upTo(read));
  assert.ok(read < records.length && read >= enough - 1, `${read}`);
  const subscribe = await answerSubscribe(at.socket, { head: 99, lastSequence: 1 });
  assert.equal((subscribe.cursor as { offset: number }).offset, read);
  assert.equal(at.session.pendingCount, 1);
  await quiet();
  assert.deepEqual(kinds(at).sort(), ['presence', 'publish']);
  at.socket.say(sent(records.slice(read)), caughtUp(records.length));
  await drained(at, records.length);
  assert.deepEqual(numbers(at), upTo(records.length));
  assert.equal(at.session.caughtUp, true);
  assert.deepEqual(at.errors, []);
});

test('the connection is lost while it takes what has come', async () => {
  const { records } = await large(enough);
  const at = await reader();
  for (const record of records) at.socket.say(sent([record]));
  assert.deepEqual(kinds(at), ['unsubscribe']);
  at.socket.drop();
  await at.runtime.advance(1000);
  await welcome(at.network);
  await answerSubscribe(at.network.last, { head: records.length });
  const { offset = 0 } = at.session.cursor ?? {};
  at.network.last.say(sent(records.slice(offset)), caughtUp(records.length));
  await drained(at, records.length);
  assert.deepEqual(numbers(at), upTo(records.length));
  assert.equal(at.session.caughtUp, true);
  assert.deepEqual(at.errors, []);
});

test('closed while it takes what has come: nothing more is heard of it', async () => {
  const { records } = await large(enough);
  const at = await reader();
  for (const record of records) at.socket.say(sent([record]));
  at.session.close();
  await quiet();
  assert.deepEqual(kinds(at), ['unsubscribe']);
  assert.deepEqual(at.read, []);
});

test('who reads only from now on cannot have anything again, and goes on', async () => {
  const { records } = await large(enough);
  const at = await reader({ encryption: sealed(), from: 'live' });
  for (const record of records) at.socket.say(sent([record], {}));
  assert.deepEqual(kinds(at), []);
});

test('records without a payload do not wait in any number either', async () => {
  const there = new Ledger();
  await there.write(ada, 1, ['aa'], { seen: null });
  const at = await reader();
  const empty = (count: number, from: number) => ({ records: { document: handle, runs: [run('ee'.repeat(16), from, from, Array<string>(count).fill(''))] } });
  at.socket.say(sent(there.records));
  for (let i = 0; i < 40; i++) at.socket.say(empty(1000, 2 + 1000 * i));
  assert.deepEqual(kinds(at), ['unsubscribe'], 'before the first is opened');
});
