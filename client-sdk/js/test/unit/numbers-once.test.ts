// A producer gives each of its numbers once, in whatever epoch: readers who check would take a second one for a record sent again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cipherFor, sealed } from '../support/author.js';
import { answerSubscribe, bytes, epoch, scene, stored, welcome } from '../support/conversation.js';
import { hex, own, reader } from '../support/reader.js';
import { quiet } from '../support/settled.js';

test('a producer id whose numbers nobody knows is not used where something was written', async () => {
  for (const [head, lastSequence, replaced] of [
    [5, 0, true],
    [5, 3, false],
    [0, 0, false],
  ] as const) {
    const stage = scene({ producer: bytes(own) });
    const changes: string[] = [];
    stage.client.on('producer-changed', (_, cause) => changes.push(cause.name));
    const session = stage.client.subscribe('d', { encryption: sealed() });
    void session.publish(bytes('c0')).catch(() => undefined);
    await welcome(stage.network);
    await answerSubscribe(stage.network.last, { head, lastSequence });
    await quiet();
    assert.deepEqual(changes, replaced ? ['MarkLostError'] : []);
    if (replaced) continue;
    assert.equal(stage.network.last.takeOne('publish').firstSequence, lastSequence + 1);
  }
});

test('a document that is opened again after the relay began anew is written under another id', async () => {
  const at = await reader();
  void at.session.publish(bytes('c0')).catch(() => undefined);
  await quiet();
  at.socket.take();
  await at.hear(stored(1, 1));
  at.session.close();
  at.socket.take();
  const changes: string[] = [];
  at.client.on('producer-changed', (_, cause) => changes.push(cause.name));
  at.client.subscribe('d', { encryption: sealed() });
  await answerSubscribe(at.socket, { head: 4, epoch: epoch + 1 });
  await quiet();
  assert.deepEqual(changes, ['MarkLostError']);
});

test('another epoch, and nothing was lost: the count goes on with a number that was never given', async () => {
  const stage = scene();
  const session = stage.client.subscribe('d', { encryption: sealed() });
  await welcome(stage.network);
  await answerSubscribe(stage.network.last);
  void session.publish(bytes('c0')).catch(() => undefined);
  await quiet();
  assert.equal(stage.network.last.takeOne('publish').firstSequence, 1);
  stage.network.last.drop(); // perhaps it was stored, and nobody heard of it
  await stage.runtime.advance(1000);
  await welcome(stage.network);
  await answerSubscribe(stage.network.last, { head: 1, epoch: epoch + 1 });
  await quiet();
  const publish = stage.network.last.takeOne('publish');
  assert.deepEqual([publish.firstSequence, publish.base], [2, true]);
  const [delta] = publish.deltas as { payload: string }[];
  const place = { producer: bytes(own), sequence: 2, codec: 2, payload: bytes(delta!.payload) };
  const { base, deltas } = await cipherFor().openRecord(place);
  assert.ok(base);
  assert.equal(hex(deltas[0]!.payload), 'c0');
});
