// Who has given up waiting is kept in memory by nobody.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { snapshotter } from '../../src/snapshotter.js';
import { abortable, Waiters } from '../../src/waiters.js';
import { answerSubscribe, bytes, caughtUp, scene, welcome } from '../support/conversation.js';
import { quiet } from '../support/settled.js';

test('a wait that its signal has ended is not kept; the others go on', async () => {
  const waiters = new Waiters();
  const end = new AbortController();
  const patient = waiters.wait(false, null);
  const gaveUp = Array.from({ length: 3 }, () => waiters.wait(false, null, { signal: end.signal }));
  assert.equal(waiters.size, 4);
  end.abort(new Error('enough'));
  for (const one of gaveUp) await assert.rejects(one, /enough/);
  await assert.rejects(waiters.wait(false, null, { signal: end.signal }), /enough/);
  assert.equal(waiters.size, 1);
  assert.equal(getEventListeners(end.signal, 'abort').length, 0);
  waiters.resolve();
  await patient;
  assert.equal(waiters.size, 0);
});

test('a signal that outlives many waits does not keep them', async () => {
  const waiters = new Waiters();
  const { signal } = new AbortController();
  const [first, second] = [waiters.wait(false, null, { signal }), waiters.wait(false, null, { signal })];
  assert.equal(getEventListeners(signal, 'abort').length, 2);
  waiters.resolve();
  await Promise.all([first, second]);
  const never = waiters.wait(false, null, { signal });
  waiters.reject(new Error('closed'));
  await assert.rejects(never, /closed/);
  await assert.rejects(abortable(Promise.reject(new Error('failed')), signal), /failed/);
  await quiet(2);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a snapshot that nobody waits for any more is not made', async () => {
  let made = 0;
  const make = () => (made++, { bytes: bytes('5a') });
  const { client, network } = scene();
  const session = client.subscribe('d', { snapshotter: snapshotter({ make, compare: () => 'unknown' }) });
  const end = new AbortController();
  const offers = [session.offerSnapshot({ signal: end.signal }), session.offerSnapshot({ signal: end.signal })];
  end.abort(new Error('enough'));
  for (const offer of offers) await assert.rejects(offer, /enough/);
  await welcome(network, { snapshotBytesMax: 5000 });
  await answerSubscribe(network.last);
  network.last.say(caughtUp(0));
  await quiet();
  assert.equal(made, 0);
  void session.offerSnapshot().catch(() => undefined);
  await quiet();
  assert.equal(made, 1);
  await client.close();
});
