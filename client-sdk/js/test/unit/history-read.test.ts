// Reading what was: pages of history, and the snapshots at their beginning.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toHex } from '../../src/bytes.js';
import { digest } from '../../src/chain.js';
import { AccessDeniedError, BadSnapshotError, ClosedError, EpochChangedError, ProtocolError } from '../../src/errors.js';
import type { HistoryOptions, HistoryPage } from '../../src/time-travel.js';
import { bytes, epoch, run, scene, welcome } from '../support/conversation.js';
import { type Event, type Fields } from '../support/network.js';
import { settled } from '../support/settled.js';

const other = 'bb'.repeat(16);

async function reading(options: HistoryOptions = {}) {
  const stage = scene();
  await welcome(stage.network);
  const pages = stage.client.history('d', options);
  return { ...stage, pages };
}

function page(asked: Fields, runs: Fields[], more: Fields = {}): Event {
  return { history: { request: asked.request, epoch, runs, offset: 2, head: 9, ...more } };
}

const offsets = (result: IteratorResult<HistoryPage, void>): number[] =>
  (result.value ?? assert.fail('there is no page')).records.map(({ offset }) => offset);

test('page by page, each asked for when it is wanted', async () => {
  const { network, pages } = await reading({ asOf: { offset: 4, time: 77 }, snapshots: false });
  assert.deepEqual(network.last.take(), []);
  const first = pages.next();
  await settled();
  const question = network.last.takeOne('readHistory');
  const { request, ...rest } = question;
  assert.ok((request as number) > 0);
  assert.deepEqual(rest, { space: 's', document: 'd', after: 0, asOfOffset: 4, asOfTime: 77, snapshots: false });
  network.last.say(page(question, [run(other, 1, 1, ['aa', 'ab'])]));
  assert.deepEqual(offsets(await first), [1, 2]);
  await settled();
  assert.deepEqual(network.last.take(), []);
  const second = pages.next();
  await settled();
  const next = network.last.takeOne('readHistory');
  assert.equal(next.after, 2);
  network.last.say(page(next, [run(other, 3, 4, ['ac'])], { offset: 4, complete: true, cut: 0, head: 9 }));
  const { value } = await second;
  assert.deepEqual(value && [value.offset, value.cut, value.head, toHex(value.records[0]!.payload)], [4, 0, 9, 'ac']);
  assert.equal((await pages.next()).done, true);
});

const [low, high] = [bytes('0102'), bytes('0304')];
const header = (content: Uint8Array, more: Fields): Fields => ({
  hash: toHex(digest(content)),
  size: content.length,
  chain: 'cc'.repeat(32),
  ...more,
});

test('snapshots are read whole, before the page is handed over', async () => {
  const { network, pages } = await reading();
  const first = pages.next();
  await settled();
  const question = network.last.takeOne('readHistory');
  assert.equal(question.snapshots, true);
  const snapshots = [header(low, { offset: 250 }), header(high, { offset: 400, base: 250 })];
  network.last.say(page(question, [], { snapshots, offset: 400, complete: true }));
  for (const [content, offset] of [
    [low, 250],
    [high, 400],
  ] as const)
    for (const position of [0, 1]) {
      await settled();
      const asked = network.last.takeOne('readSnapshot');
      assert.deepEqual([asked.offset, asked.hash, asked.position], [offset, toHex(digest(content)), position]);
      const data = toHex(content.subarray(position, position + 1));
      network.last.say({ snapshotChunk: { request: asked.request, position, data, last: position === 1 } });
    }
  const { value } = await first;
  assert.deepEqual(
    value?.snapshots.map(({ offset, base, bytes: content }) => [offset, base, toHex(content)]),
    [
      [250, 0, '0102'],
      [400, 250, '0304'],
    ],
  );
});

test('a question is asked again on the next connection, and after a while when the relay cannot answer', async () => {
  const { network, runtime, pages } = await reading();
  const first = pages.next();
  await settled();
  const { request } = network.last.takeOne('readHistory');
  network.last.say({ error: { code: 14, request, message: 'busy', retryAfterMs: 500 } });
  await runtime.advance(499);
  assert.deepEqual(network.last.take(), []);
  await runtime.advance(2);
  const again = network.last.takeOne('readHistory');
  network.last.drop();
  while (network.sockets.length === 1) await runtime.advance(100);
  await welcome(network);
  const onNext = network.last.takeOne('readHistory');
  network.last.say(page({ request: again.request }, [run(other, 9, 9, ['ff'])])); // nobody asked that here
  network.last.say(page(onNext, [run(other, 1, 1, ['aa'])], { complete: true }));
  assert.deepEqual(offsets(await first), [1]);
});

test('what goes wrong has a name', async () => {
  const denied = await reading();
  const page1 = denied.pages.next();
  await settled();
  const { request } = denied.network.last.takeOne('readHistory');
  denied.network.last.say({ error: { code: 7, request, message: 'not yours' } });
  await assert.rejects(page1, (error) => error instanceof AccessDeniedError && error.document === 's/d');

  const anew = await reading();
  const before = anew.pages.next();
  await settled();
  anew.network.last.say(page(anew.network.last.takeOne('readHistory'), [run(other, 1, 1, ['aa'])]));
  await before;
  const after = anew.pages.next();
  await settled();
  anew.network.last.say(page(anew.network.last.takeOne('readHistory'), [], { epoch: epoch + 1, offset: 3 }));
  await assert.rejects(after, EpochChangedError);

  const wrong = await reading();
  const snapshot = wrong.pages.next();
  await settled();
  const asked = wrong.network.last.takeOne('readHistory');
  wrong.network.last.say(page(asked, [], { snapshots: [header(low, { offset: 2 })], complete: true }));
  await settled();
  const chunk = wrong.network.last.takeOne('readSnapshot');
  wrong.network.last.say({ snapshotChunk: { request: chunk.request, data: 'ffff', last: true } });
  await assert.rejects(snapshot, BadSnapshotError);

  const stuck = await reading({ after: 2 });
  const nowhere = stuck.pages.next();
  await settled();
  stuck.network.last.say(page(stuck.network.last.takeOne('readHistory'), [], { offset: 2 }));
  await nowhere;
  await assert.rejects(stuck.pages.next(), ProtocolError);
});

test('a signal ends it, and so does the end of the client', async () => {
  const abort = new AbortController();
  const { network, pages } = await reading({ signal: abort.signal });
  const first = pages.next();
  await settled();
  network.last.takeOne('readHistory');
  abort.abort(new Error('seen enough'));
  await assert.rejects(first, /seen enough/);
  const { client, pages: others } = await reading();
  const waiting = others.next();
  await settled();
  client.close();
  await assert.rejects(waiting, ClosedError);
  await assert.rejects(client.history('d').next(), ClosedError);
});
