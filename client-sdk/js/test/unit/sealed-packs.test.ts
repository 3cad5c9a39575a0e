// Sealed records in packs, those of a relay that lies too; and what waits to be opened.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ForkedError, MissingRecordsError, TamperedError } from '../../src/encryption.js';
import { BadPackError } from '../../src/errors.js';
import { Ledger, sealed, sent, type There } from '../support/author.js';
import { answerSubscribe, bytes, caughtUp, handle, welcome } from '../support/conversation.js';
import type { Event } from '../support/network.js';
import { ada, endedBy, ledger, reader, type Reader } from '../support/reader.js';
import { quiet } from '../support/settled.js';

/** What the test says is in a pack: of what packs are made of, packs-received.test.ts tells. */
async function packReader(there: readonly There[], chain: Uint8Array): Promise<Reader> {
  const packed = there.map(({ offset, producer, sequence, codec, payload }) => {
    return { offset, producer: bytes(producer), sequence, time: 1, codec, payload: bytes(payload) };
  });
  const packs = { versions: [1], decode: () => ({ records: packed, chain }), inflate: () => assert.fail('nothing to inflate') };
  return reader({ encryption: sealed() }, { packs });
}
const pack: Event = { pack: { document: handle, data: '00' } };

test('a pack of sealed records is read like its records', async () => {
  const there = await ledger();
  const at = await packReader(there.records, there.chain);
  await at.hear(pack, caughtUp(4));
  assert.deepEqual(at.read, ['a1', 'b1', 'b2', 'a2', 'b3']);
  assert.deepEqual(at.session.cursor?.chain, there.chain);
  assert.deepEqual(at.errors, []);
});

test('a pack that leaves something out is not taken at all', async () => {
  const there = new Ledger();
  for (const sequence of [1, 2, 4, 5]) await there.write(ada, sequence, [`a${sequence}`], { seen: null });
  const at = await packReader(there.records, there.chain);
  await at.hear(pack, caughtUp(4));
  assert.deepEqual(at.read, []);
  endedBy(at, MissingRecordsError, 0);
});

test('a pack of another history than an author in it has seen is not taken at all', async () => {
  const there = await ledger();
  await there.write(ada, 3, ['a3'], { seen: { ...there.seenAt(2), chain: new Uint8Array(16).fill(9) } });
  const at = await packReader(there.records, there.chain);
  await at.hear(pack);
  assert.deepEqual(at.read, []);
  endedBy(at, ForkedError, 0);
});

test('a record in a pack that was changed is left out, the rest of it is read', async () => {
  const there = await ledger();
  const changed = new Ledger();
  for (const [i, { producer, sequence, payload }] of there.records.entries())
    changed.put(producer, sequence, bytes(i === 1 ? payload.slice(0, -2) + (payload.endsWith('00') ? '01' : '00') : payload));
  const at = await packReader(changed.records.slice(0, 2), changed.records[1]!.chain);
  await at.hear(pack, caughtUp(2));
  assert.deepEqual(at.read, ['a1']);
  assert.ok(at.errors[0] instanceof TamperedError);
});

test('a pack whose chain is not that of its records is fetched as records', async () => {
  const there = await ledger();
  const at = await packReader(there.records, new Uint8Array(32));
  await at.hear(pack);
  assert.deepEqual(at.read, []);
  assert.ok(at.errors[0] instanceof BadPackError);
  await at.runtime.advance(1000);
  await welcome(at.network);
  await answerSubscribe(at.network.last, { head: 4 });
  at.network.last.say(sent(there.records), caughtUp(4));
  await quiet();
  assert.deepEqual(at.read, ['a1', 'b1', 'b2', 'a2', 'b3']);
  assert.equal(at.errors.length, 1);
});

// ---- what waits ----

test('what is being opened when the connection is lost is dropped, and read on the next one', async () => {
  const there = await ledger();
  const at = await reader();
  at.socket.say(sent(there.records), caughtUp(4));
  at.socket.drop();
  await quiet();
  assert.deepEqual(at.read, []);
  assert.equal(at.session.cursor?.offset ?? 0, 0);
  await at.runtime.advance(1000);
  await welcome(at.network);
  await answerSubscribe(at.network.last, { head: 4 });
  at.network.last.say(sent(there.records), caughtUp(4));
  await quiet();
  assert.deepEqual(at.read, ['a1', 'b1', 'b2', 'a2', 'b3']);
  assert.deepEqual(at.errors, []);
});
