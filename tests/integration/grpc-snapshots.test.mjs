// Snapshots and past states through a foreign gRPC client, at the real relay: also over its restart.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { status as code } from '@grpc/grpc-js';

import { detailsOf, grpcClient, newProducer, reasonOf } from './grpc.mjs';
import { startRelay } from './relay.mjs';
import { until } from './until.mjs';

let relay;
let client;
before(async () => {
  relay = await startRelay({ 'limits.frame_bytes_max': '256KiB', 'limits.payload_bytes_max': '64KiB', 'limits.snapshot_bytes_max': '8MiB' });
  client = grpcClient(relay);
});
after(async () => {
  client.close();
  await relay.end();
});

const producer = newProducer();
const at = (document, more = {}) => ({ space: 'grpc', document, ...more });
const append = (document, texts) =>
  client.ask('Append', at(document, { producer, deltas: texts.map((text) => ({ payload: Buffer.from(text) })) }));
const hashOf = (bytes) => createHash('sha256').update(bytes).digest();
function* cut(bytes, size) {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
const about = (document, bytes, offset, more = {}) =>
  at(document, { producer, offset, hash: hashOf(bytes), size: bytes.length, fidelity: 'FIDELITY_LOSSLESS', ...more });
const put = (document, bytes, offset, more = {}) =>
  client.put(about(document, bytes, offset, more), cut(bytes, 200_000));
const list = async (document) => (await client.ask('ListSnapshots', at(document))).snapshots;
const bytesOf = async (document, more = {}) => {
  const messages = await client.all('ReadSnapshot', at(document, more));
  return Buffer.concat(messages.filter(({ what }) => what === 'data').map(({ data }) => data));
};
const read = async (document, more = {}) => {
  const messages = await client.all('Read', at(document, more));
  return {
    texts: messages.flatMap(({ records }) => records.map(({ payload }) => payload.toString())),
    snapshots: messages[0].snapshots,
    cursor: messages.at(-1).cursor,
  };
};
const refused = (wanted, reason) => (error) => {
  assert.equal(error.code, wanted, error.message);
  assert.equal(reasonOf(error), reason, error.message);
  return true;
};

/** Another device says what it thinks of a snapshot. */
async function attest(document, bytes, offset, valid) {
  const session = client.sync();
  await session.hello(newProducer());
  const { document: handle } = await session.subscribe('grpc', document);
  session.send({ attest: { document: handle, offset, hash: hashOf(bytes), valid } });
  const standing = valid ? 'STANDING_VERIFIED' : 'STANDING_QUARANTINED';
  await until('it is heard', async () => (await list(document)).some((one) => Number(one.offset) === offset && one.standing === standing));
  session.call.cancel();
}

test('a snapshot is put, listed and read back byte for byte, also after a restart', async () => {
  await append('plan', ['a', 'b', 'c']);
  const { cursor } = await read('plan');
  const bytes = randomBytes(5_000_000);
  const stored = await put('plan', bytes, Number(cursor.offset), { chain: cursor.chain, epoch: cursor.epoch, codec: 16 });
  assert.deepEqual(stored, { epoch: cursor.epoch, offset: cursor.offset });
  await append('plan', ['d']);
  const look = async () => {
    const [one, ...more] = await list('plan');
    assert.deepEqual(more, []);
    assert.deepEqual([one.offset, one.size, one.codec, one.fidelity], [cursor.offset, '5000000', 16, 'FIDELITY_LOSSLESS']);
    assert.deepEqual([one.hash, one.chain], [hashOf(bytes), cursor.chain]);
    assert.ok(bytes.equals(await bytesOf('plan', { offset: cursor.offset })));
    return one;
  };
  assert.equal((await look()).served, false);
  await assert.rejects(bytesOf('plan'), refused(code.NOT_FOUND, 'NO_SNAPSHOT'));
  await attest('plan', bytes, Number(cursor.offset), true);
  assert.equal((await look()).served, true);
  await relay.stop();
  await relay.start();
  assert.equal((await look()).standing, 'STANDING_VERIFIED');
  assert.ok(bytes.equals(await bytesOf('plan')));
  const { snapshots, texts } = await read('plan', { snapshots: true });
  assert.deepEqual([snapshots.map(({ offset }) => offset), texts], [[cursor.offset], ['d']]);
});

test('a document is read as it stood at an offset and at a time', async () => {
  const past = await append('history', ['a', 'b']);
  const offset = Number(past.offset);
  await append('history', ['c', 'd']);
  assert.deepEqual((await read('history', { asOfOffset: offset - 1 })).texts, ['a']);
  const then = await read('history', { asOfOffset: offset });
  assert.deepEqual([then.texts, then.cursor.offset], [['a', 'b'], past.offset]);
  assert.deepEqual((await read('history', { cursor: then.cursor })).texts, ['c', 'd']);
  assert.deepEqual((await read('history', { asOfTime: 1 })).texts, []);
  const now = Math.floor(Date.now() / 1000);
  assert.deepEqual((await read('history', { asOfTime: now + 10, asOfOffset: offset + 1 })).texts, ['a', 'b', 'c']);

  const bytes = Buffer.from('what a and b make');
  await put('history', bytes, offset);
  await attest('history', bytes, offset, true);
  const short = await read('history', { asOfOffset: offset + 1, snapshots: true });
  assert.deepEqual([short.snapshots.map((one) => Number(one.offset)), short.texts], [[offset], ['c']]);
  assert.deepEqual(await bytesOf('history', { asOfOffset: offset + 1 }), bytes);
  await assert.rejects(bytesOf('history', { asOfOffset: offset - 1 }), refused(code.NOT_FOUND, 'NO_SNAPSHOT'));
});

test('what is reported says by whom, and is a candidate again when it is released', async () => {
  const offset = Number((await append('lied', ['a'])).offset);
  const bytes = Buffer.from('good');
  await put('lied', bytes, offset);
  await attest('lied', bytes, offset, false);
  const [reported] = await list('lied');
  assert.equal(reported.standing, 'STANDING_QUARANTINED');
  assert.match(reported.by, /^producer [0-9a-f]{32}$/);
  assert.notEqual(reported.by, reported.author);
  await assert.rejects(client.ask('ReleaseSnapshot', at('lied', { offset, hash: Buffer.from('short') })), refused(code.INVALID_ARGUMENT, 'INVALID_ARGUMENT'));
  await assert.rejects(client.ask('ReleaseSnapshot', at('lied', { offset, hash: Buffer.alloc(32) })), refused(code.NOT_FOUND, 'NO_SNAPSHOT'));
  await client.ask('ReleaseSnapshot', at('lied', { offset, hash: reported.hash }));
  const [released] = await list('lied');
  assert.deepEqual([released.standing, released.by, released.served], ['STANDING_CANDIDATE', '', false]);
  await attest('lied', bytes, offset, true);
  assert.equal((await list('lied'))[0].standing, 'STANDING_VERIFIED');
});

test('what is withdrawn or reported is served to nobody', async () => {
  const offset = Number((await append('bad', ['a'])).offset);
  const bytes = Buffer.from('good');
  await put('bad', bytes, offset);
  await attest('bad', bytes, offset, true);
  await client.ask('WithdrawSnapshot', at('bad', { offset }));
  assert.deepEqual((await list('bad')).map(({ standing, served }) => [standing, served]), [['STANDING_QUARANTINED', false]]);
  await assert.rejects(bytesOf('bad', { offset }), refused(code.NOT_FOUND, 'NO_SNAPSHOT'));
  await assert.rejects(client.ask('WithdrawSnapshot', at('bad', { offset })), refused(code.NOT_FOUND, 'NO_SNAPSHOT'));
  assert.deepEqual((await read('bad', { snapshots: true })).texts, ['a'], 'no record is discarded');
});

test('wrong use is refused with what is wrong', async () => {
  const bytes = randomBytes(300_000);
  const whole = [...cut(bytes, 200_000)];
  let documents = 0;
  // Each its own document: of one that was offered a moment ago, another would have to wait.
  const fresh = async () => {
    const document = `wrong ${++documents}`;
    return { document, offset: Number((await append(document, ['a', 'b'])).offset) };
  };
  const putWrong = async (more, pieces = whole) => {
    const { document, offset } = await fresh();
    await client.put(about(document, bytes, offset, more), pieces);
  };
  const field = async (promise, name) =>
    assert.rejects(promise, (error) => {
      assert.equal(error.code, code.INVALID_ARGUMENT, error.message);
      assert.equal(detailsOf(error).BadRequest.fieldViolations[0].field, name);
      return true;
    });
  await field(putWrong({ hash: Buffer.from('x') }), 'hash');
  await field(putWrong({ chain: Buffer.from('x') }), 'chain');
  await field(putWrong({ producer: Buffer.from('x') }), 'producer');
  await field(putWrong({ document: '' }), 'document');
  await field(putWrong({ size: 9 << 20 }), 'size');
  await field(putWrong({}, []), 'data');
  await field(putWrong({}, whole.slice(1)), 'data');
  await field(putWrong({}, [Buffer.from('more'), ...whole]), 'data');
  await assert.rejects(putWrong({ hash: Buffer.alloc(32) }), refused(code.INVALID_ARGUMENT, 'SNAPSHOT'));
  const { document } = await fresh();
  const { cursor } = await read(document);
  await field(client.all('Read', at(document, { cursor, snapshots: true })), 'snapshots');
  await field(client.all('ReadSnapshot', at(document, { offset: 1, asOfOffset: 1 })), 'offset');
  for (let i = 1; i <= documents; ++i) assert.deepEqual(await list(`wrong ${i}`), []);
});

test('the rules of a session hold', async () => {
  const offset = Number((await append('rules', ['a', 'b'])).offset);
  const bytes = Buffer.from('some bytes');
  const refuse = (more, wanted, from = offset) => assert.rejects(put('rules', bytes, from, more), refused(wanted, 'SNAPSHOT'));
  await refuse({ chain: Buffer.alloc(32) }, code.FAILED_PRECONDITION);
  // An offer that was looked into counts, though it was not taken: the next one is to wait.
  await assert.rejects(put('rules', bytes, offset), (error) => {
    assert.ok(Number(detailsOf(error).RetryInfo.retryDelay.seconds) > 0);
    return refused(code.RESOURCE_EXHAUSTED, 'SNAPSHOT')(error);
  });
  await refuse({ epoch: '77' }, code.FAILED_PRECONDITION);
  await refuse({}, code.OUT_OF_RANGE, offset + 1);
  await assert.rejects(client.put(about('rules', Buffer.alloc(300_000), offset), [Buffer.alloc(300_000)]), {
    code: code.RESOURCE_EXHAUSTED,
  });
  assert.deepEqual(await list('rules'), []);
});

test('a call that is cancelled leaves nothing behind', async () => {
  const offset = Number((await append('left', ['a'])).offset);
  const bytes = randomBytes(4_000_000);
  const call = client.stream('PutSnapshot', () => {});
  call.on('error', () => {});
  const written = (message) => new Promise((done) => call.write(message, done));
  await written({ snapshot: about('left', bytes, offset) });
  for (const data of [...cut(bytes, 200_000)].slice(0, 10)) await written({ data });
  call.cancel();
  // Another is taken if the relay had not heard of this one yet; else one a minute only, if nobody asked.
  const other = Buffer.from('another');
  let taken = false;
  await until('the relay has let go of it', async () => {
    const refusal = await put('left', other, offset).then(() => null, (error) => error);
    taken = refusal === null;
    return taken || /a moment ago/.test(refusal.message);
  });
  assert.deepEqual((await list('left')).map(({ hash }) => hash), taken ? [hashOf(other)] : []);
});
