// A relay that lies, to a reader of an encrypted document: what shows, by which name, and where the document then stands.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ForkedError, MissingRecordsError, ReplayedError, TamperedError, UnknownKeyError, UnsealedError, verify } from '../../src/encryption.js';
import { cipherFor, Ledger, sealed, sent, type There } from '../support/author.js';
import { answerSubscribe, bytes, caughtUp, epoch, handle, records, run, stored, welcome } from '../support/conversation.js';
import { ada, bob, endedBy, eve, hex, ledger, own, reader } from '../support/reader.js';
import { quiet, settled } from '../support/settled.js';

test('an honest relay: all is read, and deltas of one record come together', async () => {
  const there = await ledger();
  const at = await reader();
  await at.hear(sent(there.records), caughtUp(4));
  assert.deepEqual(at.read, ['a1', 'b1', 'b2', 'a2', 'b3']);
  assert.deepEqual(at.errors, []);
  assert.equal(at.session.cursor?.offset, 4);
  assert.deepEqual(at.session.cursor?.chain, there.chain);
  assert.ok(at.session.caughtUp);
});

test('a changed payload is left out, and the document goes on', async () => {
  const there = await ledger();
  const [first, second, third] = there.records;
  const at = await reader();
  const changed = second!.payload.slice(0, -2) + (second!.payload.endsWith('00') ? '01' : '00');
  await at.hear(sent([first!]), sent([second!], { payload: changed }), sent([{ ...third! }]));
  assert.deepEqual(at.read.slice(0, 1), ['a1']);
  assert.ok(at.errors[0] instanceof TamperedError);
  assert.match(at.errors[0].message, /the record at offset 2 was left out/);
});

for (const [what, as] of [
  ['of another producer', { producer: eve }],
  ['under another sequence', { sequence: 7 }],
] as [string, Partial<There>][])
  test(`a record that is shown as one ${what} is left out`, async () => {
    const there = await ledger();
    const at = await reader();
    await at.hear(sent(there.records.slice(0, 1), as), caughtUp(1));
    assert.deepEqual(at.read, []);
    assert.ok(at.errors[0] instanceof TamperedError);
    assert.ok(at.session.caughtUp, 'any writer without the key could have done this');
  });

test('a record of another document is left out', async () => {
  const there = new Ledger(cipherFor('another'));
  await there.write(ada, 1, ['a1']);
  const at = await reader();
  await at.hear(sent(there.records));
  assert.deepEqual(at.read, []);
  assert.ok(at.errors[0] instanceof TamperedError);
});

test('a plain delta that is slipped in is left out, and what comes after it is read', async () => {
  const there = new Ledger();
  await there.write(ada, 1, ['a1']);
  there.put(eve, 1, bytes('ffff'), 0);
  await there.write(ada, 2, ['a2']);
  const at = await reader();
  await at.hear(sent(there.records), caughtUp(3));
  assert.deepEqual(at.read, ['a1', 'a2']);
  assert.ok(at.errors[0] instanceof UnsealedError);
  assert.equal(at.errors.length, 1);
  assert.deepEqual(at.session.cursor?.chain, there.chain);
});

test('a record that is sent again ends the document', async () => {
  const there = await ledger();
  const at = await reader();
  await at.hear(sent(there.records), sent([there.records[0]!], { offset: 5 }), sent([there.records[0]!], { offset: 6 }));
  assert.deepEqual(at.read, ['a1', 'b1', 'b2', 'a2', 'b3']);
  endedBy(at, ReplayedError, 4);
});

test('a record that is left out ends the document before the next of its producer', async () => {
  const there = new Ledger();
  for (const sequence of [1, 2, 3]) await there.write(ada, sequence, [`a${sequence}`], { seen: null });
  const at = await reader();
  await at.hear(sent([there.records[0]!, there.records[2]!]));
  assert.deepEqual(at.read, ['a1']);
  endedBy(at, MissingRecordsError, 1);
});

test('records of a producer in another order end the document', async () => {
  const there = new Ledger();
  for (const sequence of [1, 2, 3]) await there.write(ada, sequence, [`a${sequence}`], { seen: null });
  const [first, second, third] = there.records;
  const at = await reader();
  await at.hear(sent([first!]), sent([third!], { offset: 2 }), sent([second!], { offset: 3 }));
  endedBy(at, MissingRecordsError, 1);
});

test('a record between two that is left out shows by what others have seen', async () => {
  const there = await ledger();
  const [first, , third] = there.records; // bob's, which ada had read
  const at = await reader();
  await at.hear(sent([first!, third!]));
  assert.deepEqual(at.read, ['a1']);
  endedBy(at, ForkedError, 1);
});

test('two histories: what one reader is shown, another author has seen otherwise', async () => {
  const there = await ledger();
  const fork = new Ledger();
  await fork.write(ada, 1, ['a1']);
  await fork.write(eve, 1, ['e1']);
  const at = await reader();
  await at.hear(sent(fork.records), sent(there.records.slice(2)));
  assert.deepEqual(at.read, ['a1', 'e1']);
  endedBy(at, ForkedError, 2);
});

test('an author who has seen what comes after its own record', async () => {
  const there = await ledger();
  const seen = { ...there.seenAt(4), offset: 9 };
  await there.write(ada, 3, ['a3'], { seen });
  const at = await reader();
  await at.hear(sent(there.records));
  endedBy(at, ForkedError, 4);
});

test('what an author has seen in another epoch says nothing', async () => {
  const there = await ledger();
  await there.write(ada, 3, ['a3'], { seen: { ...there.seenAt(2), epoch: BigInt(epoch + 1), chain: new Uint8Array(16) } });
  const at = await reader();
  await at.hear(sent(there.records));
  assert.deepEqual(at.errors, []);
  assert.equal(at.read.at(-1), 'a3');
});

test('after lost history a producer goes on at a number that does not follow, and says so', async () => {
  const there = await ledger();
  await there.write(ada, 9, ['a9'], { base: true });
  await there.write(ada, 10, ['a10'.slice(0, 2)]);
  await there.write(ada, 7, ['ff'], { base: true });
  const at = await reader();
  await at.hear(sent(there.records));
  assert.deepEqual(at.read.slice(-2), ['a9', 'a1']);
  endedBy(at, ReplayedError, 6);
});

test('this client’s own record, stored and kept from it', async () => {
  const at = await reader();
  void at.session.publish(bytes('c0')).catch(() => undefined);
  await quiet();
  const publish = at.socket.takeOne('publish');
  assert.equal(publish.firstSequence, 1);
  const there = await ledger();
  await at.hear(stored(1, 3), sent(there.records.slice(0, 2)), caughtUp(2));
  assert.deepEqual(at.errors, [], 'it may still come');
  await at.hear(sent(there.records.slice(3)));
  endedBy(at, MissingRecordsError, 2);
});

test('this client’s own record, stored and kept from it, when it has caught up beyond it', async () => {
  const at = await reader();
  void at.session.publish(bytes('c0')).catch(() => undefined);
  await quiet();
  at.socket.take();
  await at.hear(stored(1, 3), caughtUp(5));
  endedBy(at, MissingRecordsError, 0);
});

test('this client’s own record comes as a stub, and is read', async () => {
  const at = await reader();
  const done = at.session.publish(bytes('c0'));
  await quiet();
  at.socket.take();
  const stub = { producer: own, firstSequence: 1, firstOffset: 3, time: 1, deltas: [{ codec: 2 }], stub: true };
  await at.hear(stored(1, 3), records(stub), caughtUp(5));
  assert.deepEqual(await done, { offset: 3 });
  assert.deepEqual(at.errors, []);
  assert.deepEqual(at.read, ['']);
});

test('a relay that has forgotten this client’s record is not held to it while another producer id is taken', async () => {
  const at = await reader({ verify });
  void at.session.publish(bytes('c0')).catch(() => undefined);
  await settled();
  await at.hear(records(run(ada, 1, 1, ['a1'])), stored(1, 3));
  const { network, runtime } = at;
  const before = network.sockets.length;
  network.last.drop();
  while (network.sockets.length === before) await runtime.advance(100);
  await welcome(network);
  await settled();
  const { request } = network.last.takeOne('subscribe');
  // An old copy of its store was put in place, and others have written since.
  const subscribed = { request, document: handle, epoch, head: 4, lastSequence: 0 };
  network.last.say({ subscribed }, records(run(bob, 1, 4, ['b1'])), caughtUp(4));
  await quiet();
  assert.deepEqual(at.errors.map(({ name }) => name), []);
  assert.deepEqual(at.read, ['a1', 'b1']);
});

// ---- keys ----

test('a key that is not here: the application is asked, and the document waits for it', async () => {
  const other = new Uint8Array(32).fill(0x22);
  let give: (key: Uint8Array) => void = () => undefined;
  const asked: number[] = [];
  const there = await ledger();
  await there.write(ada, 3, ['a3'], { cipher: cipherFor('d', 7, other) });
  await there.write(ada, 4, ['a4']);
  const encryption = sealed((id) => new Promise((resolve) => (asked.push(id), (give = resolve))));
  const at = await reader({ encryption });
  await at.hear(sent(there.records.slice(0, 4)), sent(there.records.slice(4)), caughtUp(6));
  assert.deepEqual(asked, [7]);
  assert.equal(at.session.caughtUp, false);
  give(other);
  await quiet();
  assert.deepEqual(at.read, ['a1', 'b1', 'b2', 'a2', 'b3', 'a3', 'a4']);
  assert.deepEqual(at.errors, []);
  assert.ok(at.session.caughtUp);
});

test('a key that nobody has ends the document before the record; with it, reading goes on from there', async () => {
  const other = new Uint8Array(32).fill(0x22);
  const there = await ledger();
  await there.write(ada, 3, ['a3'], { cipher: cipherFor('d', 7, other) });
  let have: Uint8Array | null = null;
  const encryption = sealed(() => have);
  const at = await reader({ encryption });
  await at.hear(sent(there.records));
  assert.deepEqual(at.read, ['a1', 'b1', 'b2', 'a2', 'b3']);
  assert.match(at.errors[0]?.message ?? '', /under key 7/);
  const { cursor } = at.session;
  endedBy(at, UnknownKeyError, 4);

  have = other;
  const again = at.client.subscribe('d', { encryption, from: cursor! });
  const read: string[] = [];
  again.on('records', (all) => read.push(...all.map(({ payload }) => hex(payload))));
  await answerSubscribe(at.socket, { head: 5 });
  await at.hear(sent(there.records.slice(4)));
  assert.deepEqual(read, ['a3']);
});

test('an application that cannot look its key up just now ends the document; nothing is taken for tampered with', async () => {
  const there = new Ledger(cipherFor('d', 7, new Uint8Array(32).fill(0x22)));
  await there.write(ada, 1, ['a1']);
  for (const find of [(): never => assert.fail('no network'), (): Uint8Array => new Uint8Array(5)]) {
    const at = await reader({ encryption: sealed(find) });
    await at.hear(sent(there.records));
    assert.ok(at.errors[0]?.cause instanceof Error);
    endedBy(at, UnknownKeyError, 0);
  }
});

// ---- without a key ----

test('verify alone sees what is sent again, and what is left out while it reads along', async () => {
  for (const [extra, Named] of [
    [run(ada, 2, 4, ['a2']), ReplayedError],
    [run(ada, 4, 4, ['a4']), MissingRecordsError],
  ] as const) {
    const at = await reader({ verify });
    await at.hear(records(run(ada, 1, 1, ['a1'])), caughtUp(1), records(run(ada, 2, 2, ['a2']), run(bob, 1, 3, ['b1'])), records(extra));
    assert.deepEqual(at.read, ['a1', 'a2', 'b1']);
    endedBy(at, Named, 3);
  }
});

test('verify alone takes a count that began anew before it had caught up', async () => {
  const at = await reader({ verify });
  await at.hear(records(run(ada, 1, 1, ['a1']), run(ada, 6, 2, ['a6'])), caughtUp(2), records(run(ada, 9, 3, ['a9'])));
  assert.deepEqual(at.errors, []);
  await at.hear(records(run(ada, 11, 4, ['ab'])));
  endedBy(at, MissingRecordsError, 3);
});

test('what is behind a cut is not missed', async () => {
  const there = new Ledger();
  for (const sequence of [1, 2, 3, 4]) await there.write(ada, sequence, [`a${sequence}`], { seen: null });
  const at = await reader();
  await at.hear(sent(there.records.slice(0, 1)), { cut: { document: handle, offset: 3 } }, sent(there.records.slice(3)));
  assert.deepEqual(at.read, ['a1', 'a4']);
  assert.deepEqual(at.errors, []);
});
