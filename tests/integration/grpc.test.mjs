// A foreign gRPC client against the real relay: all calls, and each kind of misuse with its status and its details.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { status as code } from '@grpc/grpc-js';

import { detailsOf, grpcClient, newProducer, reasonOf } from './grpc.mjs';
import { startRelay } from './relay.mjs';
import { until } from './until.mjs';

let relay;
let client;
before(async () => {
  relay = await startRelay({ 'limits.payload_bytes_max': '64KiB', 'limits.frame_bytes_max': '256KiB' });
  client = grpcClient(relay);
});
after(async () => {
  client.close();
  await relay.end();
});

const delta = (text) => ({ payload: Buffer.from(text) });
const append = (document, texts, { space = 'grpc', producer = newProducer(), ...more } = {}) =>
  client.ask('Append', { space, document, producer, deltas: texts.map(delta), ...more });
const read = async (document, more = {}) => {
  const messages = await client.all('Read', { space: 'grpc', document, ...more });
  return { records: messages.flatMap(({ records }) => records), cursor: messages.at(-1).cursor };
};
const texts = (records) => records.map(({ payload }) => payload.toString());
const refused = (wanted, reason) => (error) => {
  assert.equal(error.code, wanted, error.message);
  assert.equal(reasonOf(error), reason, error.message);
  return true;
};

test('what is appended is read, and read on from a cursor', async () => {
  const producer = newProducer();
  const first = await append('plan', ['a', 'b'], { producer, firstSequence: 1 });
  assert.equal(first.throughSequence, '2');
  const { records, cursor } = await read('plan');
  assert.deepEqual(texts(records), ['a', 'b']);
  assert.deepEqual(records[1].producer, producer);
  assert.equal(records[1].offset, first.offset);
  await append('plan', ['c'], { producer });
  assert.deepEqual(texts((await read('plan', { cursor })).records), ['c']);
  assert.deepEqual(texts((await read('plan', { recordsMax: 2 })).records), ['a', 'b']);
  assert.deepEqual(texts((await read('plan', { cursor: (await read('plan')).cursor })).records), []);
});

test('a repeated append is answered as stored; other bytes under its numbers are refused', async () => {
  const producer = newProducer();
  const once = await append('once', ['a', 'b'], { producer, firstSequence: 1 });
  assert.deepEqual(await append('once', ['a', 'b'], { producer, firstSequence: 1 }), once);
  await assert.rejects(append('once', ['a', 'x'], { producer, firstSequence: 1 }), refused(code.ABORTED, 'RESEND_DIFFERS'));
  await assert.rejects(append('once', ['d'], { producer, firstSequence: 9 }), (error) => {
    assert.equal(detailsOf(error).ErrorInfo.metadata.expected_sequence, '3');
    return refused(code.OUT_OF_RANGE, 'SEQUENCE_GAP')(error);
  });
  await assert.rejects(append('once', ['d'], { producer, epoch: '77' }), refused(code.FAILED_PRECONDITION, 'EPOCH'));
  assert.deepEqual(texts((await read('once')).records), ['a', 'b']);
});

test('documents are listed, deleted, and made anew', async () => {
  const at = (document) => ({ space: 'shelf', document });
  for (const name of ['a', 'b', 'c']) await append(name, [name], { space: 'shelf' });
  const page = await client.ask('ListDocuments', { space: 'shelf', pageSize: 2 });
  assert.deepEqual(page.documents.map(({ document }) => document), ['a', 'b']);
  const rest = await client.ask('ListDocuments', { space: 'shelf', after: page.nextAfter });
  assert.deepEqual(rest.documents.map(({ document, life }) => [document, life]), [['c', 'LIFE_ALIVE']]);
  const { epoch } = rest.documents[0];
  await client.ask('DeleteDocument', at('c'));
  await assert.rejects(client.all('Read', at('c')), refused(code.NOT_FOUND, 'DELETED'));
  await assert.rejects(append('c', ['late'], { space: 'shelf' }), refused(code.NOT_FOUND, 'DELETED'));
  const anew = await client.ask('RecreateDocument', at('c'));
  assert.notEqual(anew.epoch, epoch);
  assert.deepEqual(await client.ask('RecreateDocument', at('c')), anew);
  await append('c', ['new'], { space: 'shelf' });
  await assert.rejects(client.ask('RecreateDocument', at('never')), refused(code.NOT_FOUND, 'NO_DOCUMENT'));
  await assert.rejects(client.ask('DeleteDocument', at('never')), { code: code.NOT_FOUND });

  const [feed] = await client.all('Feed', { space: 'shelf' });
  const seen = feed.entries.map(({ document, what, record }) => `${document} ${record?.payload ?? what}`);
  assert.deepEqual(seen, ['a a', 'b b', 'c deleted', 'c recreated', 'c new']);
  assert.equal(feed.caughtUp, true);
});

test('a feed is followed as it grows, and goes on from its cursor', async () => {
  const seen = [];
  let cursor;
  const follow = (from) => {
    const call = client.stream('Feed', { space: 'news', cursor: from, follow: true });
    call.on('data', (message) => {
      seen.push(...message.entries.map(({ record }) => record.payload.toString()));
      cursor = message.cursor;
    });
    call.on('error', () => {});
    return call;
  };
  let call = follow();
  await until('it is told that nothing is there', () => cursor !== undefined);
  for (let i = 0; i < 20; ++i) await append(`news ${i % 3}`, [`${i}`], { space: 'news' });
  await until('all have come', () => seen.length === 20);
  call.cancel();
  for (let i = 20; i < 25; ++i) await append('news', [`${i}`], { space: 'news' });
  call = follow(cursor);
  await until('the rest has come', () => seen.length === 25);
  call.cancel();
  assert.deepEqual(seen, Array.from({ length: 25 }, (_, i) => `${i}`));
  const [all] = await client.all('Feed', { space: 'news', cursor });
  assert.deepEqual(all.entries, []);
});

test('two sessions on one document see the same records in one order', async () => {
  const [a, b] = [client.sync(), client.sync()];
  const producer = newProducer();
  await a.hello(producer);
  await b.hello(newProducer());
  const { document, epoch } = await a.subscribe('grpc', 'together');
  await b.subscribe('grpc', 'together');
  a.send({ publish: { document, epoch, firstSequence: 1, deltas: [delta('x'), delta('y')] } });
  assert.equal((await a.first('stored')).throughSequence, '2');
  await until('both have both', () => a.records().length === 2 && b.records().length === 2);
  assert.deepEqual(texts(b.records()), ['x', 'y']);
  assert.ok(a.records().every(({ stub }) => stub));
  const stored = (await read('together')).records;
  assert.deepEqual(stored.map(({ offset }) => Number(offset)), b.records().map(({ offset }) => offset));
  a.call.end();
  assert.equal((await a.end()).code, code.OK);
  b.call.cancel();
  assert.equal((await b.end()).code, code.CANCELLED);
});

test('a newer session takes over from the older one of its producer', async () => {
  const producer = newProducer();
  // One after the other: which of two that are opened at once is the newer one, chance decides.
  const session = async () => {
    const opened = client.sync();
    await opened.hello(producer);
    await opened.subscribe('grpc', 'mine');
    return opened;
  };
  const older = await session();
  const newer = await session();
  refused(code.ABORTED, 'FENCED')(await older.end());
  newer.call.cancel();
});

test('wrong use of Sync ends the stream with a status that says so', async () => {
  const silent = client.sync();
  silent.call.write({ events: [{ hello: { protocolVersion: 99, producer: newProducer() } }] });
  refused(code.UNIMPLEMENTED, 'PROTOCOL')(await silent.end());

  const large = client.sync();
  large.send({ pong: {} }, { hello: { protocolVersion: 1, producer: newProducer(), client: 'x'.repeat(20_000) } });
  refused(code.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE')(await large.end());

  const early = client.sync();
  early.send({ unsubscribe: { document: 1 } });
  assert.equal((await early.first('error')).code, code.FAILED_PRECONDITION);
  early.call.cancel();

  const long = client.sync();
  await long.hello(newProducer());
  const { document, epoch } = await long.subscribe('grpc', 'long');
  const payload = Buffer.alloc(60_000);
  long.send({ publish: { document, epoch, firstSequence: 1, deltas: Array(5).fill({ payload }) } });
  refused(code.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE')(await long.end());

  const huge = client.sync();
  await huge.hello(newProducer());
  huge.send({ publish: { deltas: Array(20).fill({ payload }) } });
  assert.equal((await huge.end()).code, code.RESOURCE_EXHAUSTED);
});

test('wrong use of the other calls names the field and what to do', async () => {
  const wrong = async (promise, field) =>
    assert.rejects(promise, (error) => {
      assert.equal(error.code, code.INVALID_ARGUMENT, error.message);
      assert.equal(detailsOf(error).BadRequest.fieldViolations[0].field, field);
      return true;
    });
  await wrong(append('', ['x']), 'document');
  await wrong(append('x', ['x'], { space: 'a\nb' }), 'space');
  await wrong(append('x', ['x'], { producer: Buffer.from('short') }), 'producer');
  await wrong(append('x', []), 'deltas');
  await wrong(client.ask('ListDocuments', { space: 'grpc', pageSize: 5000 }), 'page_size');
  await wrong(client.all('Feed', { space: 'grpc', cursor: { store: Buffer.from('x'), offset: 1 } }), 'cursor.store');
  await append('there', ['x']);
  await wrong(read('there', { cursor: { epoch: 1, offset: 1, chain: Buffer.from('x') } }), 'cursor.chain');
  await assert.rejects(read('there', { cursor: { epoch: 1, offset: 1 } }), refused(code.FAILED_PRECONDITION, 'LOST_HISTORY'));
  const store = Buffer.alloc(16, 7);
  await assert.rejects(client.all('Feed', { space: 'grpc', cursor: { store, offset: 1 } }), refused(code.FAILED_PRECONDITION, 'LOST_HISTORY'));
  await assert.rejects(read('nowhere'), refused(code.NOT_FOUND, 'NO_DOCUMENT'));
  await assert.rejects(client.all('Feed', { space: 'nowhere' }), refused(code.NOT_FOUND, 'NO_SPACE'));
  await assert.rejects(append('x', ['x'.repeat(70_000)]), refused(code.RESOURCE_EXHAUSTED, 'RESOURCE_EXHAUSTED'));
});
