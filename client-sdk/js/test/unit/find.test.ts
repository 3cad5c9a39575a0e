// `find`, which an application gives `encryption` for keys with other ids: what it throws is what its people hear, wherever the
// key was needed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WeirClient } from '../../src/client.js';
import type { SubscribeOptions } from '../../src/document.js';
import { encryption, UnknownKeyError, type FindKey } from '../../src/encryption.js';
import { Kind } from '../../src/sealing/format.js';
import { KeyCache } from '../../src/sealing/keys.js';
import type { WeirError } from '../../src/errors.js';
import { key, runtimeOf, sealed } from '../support/author.js';
import { bytes } from '../support/conversation.js';
import { FakeNetwork } from '../support/network.js';
import { FakeRelay } from '../support/relay.js';
import { quiet } from '../support/settled.js';

const newer = new Uint8Array(32).fill(0x22);
const down = new Error('the key server is down');

/** A relay with what was written under key 1. */
async function stage(...payloads: string[]) {
  const network = new FakeNetwork();
  const relay = new FakeRelay(network);
  const join = (name: string, options: SubscribeOptions) => {
    const client = new WeirClient({ url: 'ws://relay', space: 's', runtime: runtimeOf(name), webSocket: network.Socket });
    const session = client.subscribe('d', options);
    const [read, errors]: [string[], WeirError[]] = [[], []];
    session.on('records', (all) => read.push(...all.map(({ payload }) => Buffer.from(payload ?? []).toString('hex'))));
    session.on('error', (error) => errors.push(error));
    return { client, session, read, errors };
  };
  const ada = join('a1', { encryption: sealed() });
  for (const payload of payloads) await ada.session.publish(bytes(payload));
  await ada.client.close();
  return { relay, join };
}

const seeks = (find: FindKey): SubscribeOptions => ({ encryption: encryption({ id: 2, key: newer, find }) });

const failing: { [what: string]: [FindKey, RegExp] } = {
  throws: [() => { throw down; }, /`find` failed: the key server is down;/],
  rejects: [() => Promise.reject(down), /`find` failed: the key server is down;/],
  'gives no key': [() => new Uint8Array(5), /`find` failed: a document key has 32 bytes, and this one 5;/],
};

for (const [what, [find, why]] of Object.entries(failing)) {
  test(`find ${what}: the document ends before what it cannot open, and says why`, async () => {
    const { join } = await stage('01');
    const { session, errors, read, client } = join('b1', seeks(find));
    await assert.rejects(session.whenCaughtUp(), UnknownKeyError);
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof UnknownKeyError);
    assert.match(errors[0].message, why);
    if (what !== 'gives no key') assert.equal(errors[0].cause, down);
    else assert.ok(errors[0].cause instanceof TypeError);
    assert.deepEqual(read, []);
    await client.close();
  });

  test(`find ${what}: reading history throws it`, async () => {
    const { join } = await stage('01');
    const { client } = join('b1', {});
    const { encryption: keys } = seeks(find);
    await assert.rejects(client.history('d', { encryption: keys! }).next(), (error: WeirError) => {
      assert.ok(error instanceof UnknownKeyError);
      assert.match(error.message, why);
      return true;
    });
    await client.close();
  });
}

test('a key that find does not have is told as that', async () => {
  const { join } = await stage('01');
  const { session, errors, client } = join('b1', seeks(() => null));
  await assert.rejects(session.whenCaughtUp(), UnknownKeyError);
  assert.match(errors[0]!.message, /under key 1, which is not here; give it by `find`/);
  assert.equal(errors[0]!.cause, undefined);
  await client.close();
});

test('subscribed again, find is asked again', async () => {
  const { join } = await stage('01');
  let times = 0;
  const options = seeks(() => (times++ === 0 ? Promise.reject(down) : key));
  const { session, client } = join('b1', options);
  await assert.rejects(session.whenCaughtUp(), UnknownKeyError);
  const read: (number | undefined)[] = [];
  const again = client.subscribe('d', options);
  again.on('records', (all) => read.push(...all.map(({ payload }) => payload?.[0])));
  await again.whenCaughtUp();
  assert.deepEqual(read, [1]);
  await client.close();
});

test('what is opened side by side asks for a key once, and again when that has failed', async () => {
  const asked: number[] = [];
  const cache = new KeyCache(async (id) => {
    asked.push(id);
    await quiet(1);
    if (asked.length === 1) throw down;
    return key;
  });
  const scopes = [1, 2, 3].map((byte) => new Uint8Array(16).fill(byte));
  const derive = () => Promise.allSettled(scopes.map((scope) => cache.derived(7, Kind.record, scope)));
  assert.deepEqual(
    (await derive()).map((one) => one.status === 'rejected' && one.reason),
    [down, down, down],
  );
  assert.ok((await derive()).every(({ status }) => status === 'fulfilled'));
  assert.deepEqual(asked, [7, 7]);
});

test('a key that is set while find is asked for it is the one that is used', async () => {
  let answer: (found: Uint8Array) => void = () => undefined;
  const cache = new KeyCache(() => new Promise((resolve) => (answer = resolve)));
  const scope = new Uint8Array(16);
  const derived = cache.derived(7, Kind.record, scope);
  cache.know(7, newer);
  answer(key);
  assert.equal(await derived, await cache.derived(7, Kind.record, scope));
  const sealedBy = async (which: CryptoKey | null): Promise<string> =>
    Buffer.from(await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, which!, scope)).toString('hex');
  const right = new KeyCache(() => newer);
  assert.equal(await sealedBy(await derived), await sealedBy(await right.derived(7, Kind.record, scope)));
});
